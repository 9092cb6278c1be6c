/** What no text of the configuration may be, whatever its key; tried at every key that takes a text. */
import { hasUnseen } from "../../config/text";
import { hasCredentials, looksRandom, secretArgument } from "../../config/values/secret-shapes";
import { isReceiver } from "../../config/values/sink";
import { faultsOf, happyValues, type Tree } from "./support";
import { faultsOfTree, whole } from "./whole";

const SECRET = "hunter2hunter2";

type Path = readonly (string | number)[];

/** The places of all texts. */
const textsOf = (value: unknown, path: Path = []): Path[] =>
  typeof value === "string"
    ? [path]
    : typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, child]) => textsOf(child, [...path, Array.isArray(value) ? +key : key]))
      : [];

/** Of the stack, one of each kind; secrets are no texts of the file. */
const places = textsOf(whole()).filter(([key]) => !["jwtSecret", "ntfyUrl"].includes(String(key)));

function replaced(path: Path, text: string): Tree {
  const values = whole();
  const parent = path.slice(0, -1).reduce<Tree>((at, part) => at[String(part)] as Tree, values);
  parent[String(path.at(-1))] = text;
  return values;
}

test("there are texts of many kinds", () => expect(places.length).toBeGreaterThan(50));

test.each([
  (secret: string) => `postgres://app:${secret}@db/app`,
  (secret: string) => `DB_PASSWORD=${secret}`,
  (secret: string) => `--password ${secret}`,
  (secret: string) => `{"password":"${secret}"}`,
  (secret: string) => `https://hooks.acme-shop.com/push?token=${secret}`,
])("a credential is refused at every key, and never shown: %p", (form) => {
  const through = places.filter((path) => {
    const faults = faultsOfTree(replaced(path, form(SECRET)));
    return faults.length === 0 || JSON.stringify(faults).includes(SECRET);
  });
  expect(through.map((path) => path.join("."))).toEqual([]);
});

test("a character that nobody sees is refused at every key but in what a program is given", () => {
  const given = /\.(?:command|entrypoint|environment)\./;
  const through = places.filter((path) => {
    if (given.test(path.join("."))) return false;
    const text = String(path.reduce<unknown>((at, part) => (at as Tree)[String(part)], whole()));
    return ["\u202e", "\u001b[2J", "\u200b"].some((unseen) => {
      const faults = faultsOfTree(replaced(path, `${text}${unseen}`));
      return faults.length === 0 || hasUnseen(JSON.stringify(faults));
    });
  });
  expect(through.map((path) => path.join("."))).toEqual([]);
});

describe("the words of a command line", () => {
  test.each([
    ["mysql", `-p${SECRET}`],
    ["/usr/bin/mysqldump", "-u", "app", `-p${SECRET}`, "shop"],
    ["redis-cli", "-h", "cache", "-a", SECRET, "PING"],
    ["sshpass", "-p", SECRET, "ssh", "host"],
    ["serve", "--db-pass", SECRET],
    ["serve", "--pwd", SECRET],
    ["serve", "--secret-key-base", SECRET],
    ["curl", "-H", `X-Api-Key: ${SECRET}`],
    ["sh", "-c", `exec redis-cli -a ${SECRET} PING`],
    ["serve", "--config", `{"db":{"password":"${SECRET}"}}`],
  ])("hold a secret: %s %s", (...words) => {
    expect(secretArgument(words) !== undefined || words.some(hasCredentials)).toBe(true);
    const faults = faultsOf({ "services.api.command": words });
    expect(faults).toHaveLength(1);
    expect(JSON.stringify(faults)).not.toContain(SECRET);
  });
  test.each([
    ["serve", "-p", "3000"],
    ["ffmpeg", "-pass", "1", "-i", "in.mp4"],
    ["encode", "--two-pass", "input.mp4"],
    ["redis-cli", "-a", "$REDIS_PASSWORD", "PING"],
    ["mysql", "-p$MYSQL_PASSWORD"],
    ["serve", "--password-min-length", "12"],
    ["serve", "--claims", '{"token":"access_token"}'],
    ["gunicorn", "-a", "app"],
  ])("hold none: %s %s", (...words) => expect(faultsOf({ "services.api.command": words })).toEqual([]));
});

describe("a value of any name", () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;
  test.each([
    basic(`admin:${SECRET}`),
    `Bearer ${SECRET}`,
    `db:\n  password: ${SECRET}\n`,
    `{'apiToken': '${SECRET}'}`,
    "https://hooks.slack.com/services/T0A1B2C3D/B0A1B2C3D/xyz",
    "https://discord.com/api/webhooks/123456789012345678/abcdefgh-ijk",
    "sk-proj-Ab3dEfGhIjKlMnOpQrStUvWx",
  ])("is a credential: %s", (value) => expect(hasCredentials(value)).toBe(true));
  test.each([
    "Basic authentication",
    "Bearer authentication-is-asked-for",
    '{"passwordMinLength": 8, "tokenUrl": "https://x.acme-shop.com/token1"}',
    "password: hidden",
    "https://app.acme-shop.com/reset?token={token}",
    "https://app.acme-shop.com/sk-bratislava-centrum-mesta-a-okolie",
    "X-Token-Type: opaque",
    "login=5/m;token=10/m",
    '{"secret":"projects/1234/secrets/db"}',
    '{"password":"arn:aws:secretsmanager:eu-central-1:1234:secret:db"}',
    "TOKEN_TTL=15m",
  ])("is none: %s", (value) => expect(hasCredentials(value)).toBe(false));
});

test.each([
  "redis-server takes --requirepass only as an argument",
  "the old client reads --password from its arguments, see ticket 4711",
  "psql reads PGPASSWORD from its environment only",
  "ticket 4711: the log has token=… and password=*** in clear",
])("a reason may name an option: %s", (reason) =>
  expect(faultsOf({ "services.api.confinement": { writableRoot: { reason } } })).toEqual([]),
);

describe("a secret in the place of the key that holds it", () => {
  const generated = "q7Zk3v9QmX7Lr2Wp8Tn5Yc1Hb6Dj4Fs0";
  test("is not shown", () => {
    const faults = faultsOf({ "services.api.secrets.JWT_SECRET": { config: generated } });
    expect(faults.map(({ path }) => path)).toEqual(["rampart:services.api.secrets.JWT_SECRET"]);
    expect(JSON.stringify(faults)).not.toContain(generated);
  });
  test.each(["jwtSecret", "awsAccessKey2ForBackups", "smtp_password_2026-11-24", "s3BackupKeyOfTheShop"])(
    "a key is shown: %s",
    (key) => expect(looksRandom(key)).toBe(false),
  );
  test.each([generated, "9f86d081884c7d659a2feaa0c55ad015"])("a generated text is not: %s", (text) =>
    expect(looksRandom(text)).toBe(true),
  );
});

describe("the host of a receiver", () => {
  test.each(["logs.acme-shop.com", "10.0.0.5", "collector", "2001.acme-shop.com"])("%s", (host) =>
    expect(isReceiver(host)).toBe(true),
  );
  test.each([
    "localhost",
    "a.localhost",
    "127.0.0.1",
    "0.0.0.0",
    "169.254.169.254",
    "999.1.1.1",
    "a..b",
    "-a.b",
    "1.2",
  ])("%s is none", (host) => expect(isReceiver(host)).toBe(false));
});

describe("a header that a service answers with before a request passes", () => {
  const asked = (headers: readonly string[], path = "/oauth2/auth"): string[] =>
    faultsOf({
      "services.api.routes": [
        {
          host: "app.acme-shop.com",
          pathPrefix: "/api",
          access: { sources: ["10.8.0.0/24"], forwardAuth: { service: "frontend", path, headers } },
        },
      ],
    }).map(({ path: at }) => at.replace("rampart:services.api.routes[0].access.forwardAuth.", ""));
  test.each(["Host", "Content-Length", "transfer-encoding", "X-Forwarded-For", "X-Real-Ip", "Connection"])(
    "%s is the edge's own",
    (header) => expect(asked([header])).toEqual(["headers[0]"]),
  );
  test("says who is signed in", () => expect(asked(["X-Auth-Request-User", "Authorization"])).toEqual([]));
  test.each(["//evil.com", "/oauth2/../admin", "/a//b"])("%s is no plain path", (path) =>
    expect(asked([], path)).toEqual(["path"]),
  );
});

test("a name with its password, as htpasswd has it, is not shown", () => {
  const access = { sources: ["10.8.0.0/24"], basicAuth: { users: [`anna:${SECRET}`] } };
  const faults = faultsOf({ "services.api.routes": [{ host: "api.acme-shop.com", access }] });
  expect(faults).toMatchObject([{ given: "a name with a password (hidden)", fix: "write the name" }]);
});

describe("the engine's address", () => {
  const of = (host: string, more: Tree = {}): string[] => {
    const values = happyValues();
    return faultsOf(values, { others: { "docker:host": host, ...more } }).map(({ path }) => path);
  };
  test.each([
    ...["tcp://10.0.0.5:2375", "TCP://10.0.0.5:2375", "http://10.0.0.5", "tcp://localhost:x@10.0.0.5:2375"],
    ...["tcp://localhost.evil.com:2375", "tcp://127.0.0.1.evil.com:2375", " tcp://10.0.0.5:2375", "10.0.0.5:2375"],
    ...["fd://", "ssh://deploy:hunter2@10.0.0.5"],
  ])("%s is refused", (host) => expect(of(host)).toEqual(["docker:host"]));
  test.each(["unix:///var/run/docker.sock", "ssh://deploy@10.0.0.5", "tcp://127.0.0.1:2375", "tcp://[::1]:2375", ""])(
    "%j is taken",
    (host) => expect(of(host)).toEqual([]),
  );
  test("over TCP with certificates is taken, and with an empty path to them not", () => {
    expect(of("tcp://10.0.0.5:2376", { "docker:certPath": "/certs" })).toEqual([]);
    expect(of("tcp://10.0.0.5:2376", { "docker:certPath": "" })).toEqual(["docker:host"]);
  });
});

test.each<[path: string, value: unknown, at: string]>([
  ["monitoring", { email: { to: ["ops@example.com"], from: "a@b.com", server: "smtp.b.com:587" } }, "email.to[0]"],
  ["monitoring", { email: { to: ["ops@b.com"], from: "a@example.org", server: "smtp.b.com:587" } }, "email.from"],
  ["monitoring", { email: { to: ["ops@b.com"], from: "a@b.com", server: "smtp.example.com:587" } }, "email.server"],
  ["logging", { sink: { loki: { url: "https://logs.example.com/loki/api/v1/push" } } }, "sink.loki.url"],
  ["logging", { sink: { syslog: { server: "logs.your-company.com:6514" } } }, "sink.syslog.server"],
])("a receiver of examples is told in production: %s %j", (path, value, at) =>
  expect(faultsOf({ [path]: value }, { whole: true })).toMatchObject([{ path: `rampart:${path}.${at}` }]),
);
