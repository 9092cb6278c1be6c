/**
 * Configurations that have to be refused, a line each, and such that have to pass. A line is what is changed in the
 * happy path, and the keys at fault. Every fault has a key path, what was given, what is allowed and what to do; none
 * shows a secret or a character that nobody sees.
 */
import { X509Certificate } from "node:crypto";
import { ConfigError, loadConfig, type Fault } from "../../config";
import { hasUnseen } from "../../config/text";
import { authorityCertificate, serverCertificate } from "../../hardening/pki/certificates";
import { certificatePeriod } from "../../hardening/pki/period";
import { changed, DIGEST, image, pathsOf, rawConfig, type Tree } from "./support";

const SECRET = "hunter2hunter2";
const API = "services.api";
const ROUTE = `${API}.routes[0]`;
const WORKER = "services.worker.dockerApi";

function faultsOf(changes: Tree, stack = "prod"): readonly Fault[] {
  try {
    const values = changed({ jwtSecret: undefined, [`${API}.secrets`]: { SESSION_SECRET: "generated" }, ...changes });
    loadConfig(rawConfig(values, { stack, secretKeys: [] }), { whole: true });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

/** A fault as a person needs it. */
function expectWellSaid({ path, given, allowed, fix }: Fault): void {
  expect(path).toMatch(/^(?:rampart:[\w"]|docker:host$)/);
  for (const part of [given, allowed, fix]) expect(part.trim()).not.toBe("");
  const text = [path, given, allowed, fix].join(" ");
  expect(hasUnseen(text)).toBe(false);
  expect(text).not.toContain(SECRET);
  expect(text.length).toBeLessThan(2500);
}

const refused = (changes: Tree, paths: readonly string[], stack?: string): void => {
  const faults = faultsOf(changes, stack);
  expect(pathsOf(faults)).toEqual([...paths].sort());
  faults.forEach(expectWellSaid);
};

/** One key of the service `api`, set to a value: the fault is there. */
describe("a value of a service", () => {
  test.each<[key: string, value: unknown, at?: string]>([
    ["command", `serve --password ${SECRET}`],
    ["entrypoint", `sh -c ${SECRET}`],
    ["environment", `TOKEN=${SECRET}`],
    ["environment", [`TOKEN=${SECRET}`]],
    ["environment", { A: [SECRET] }, "environment.A"],
    ["environment", { [`PASSWORD=${SECRET}`]: "" }, "environment[(a key of 23 characters, hidden)]"],
    ["environment", { APP_BASE_URL: "https://app.example.com" }, "environment.APP_BASE_URL"],
    ["environment", { ALLOWED_ORIGINS: "https:/a.acme-shop.com" }, "environment.ALLOWED_ORIGINS"],
    ["image", `user:${SECRET}@ghcr.io/x:1`],
    ["image", `app:1@sha256:${"f".repeat(64)}`],
    ["image", "app:1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["environment", { DOCKER_HOST: "tcp://10.0.0.5:2375" }, "environment.DOCKER_HOST"],
    ["port", 0],
    ["port", "3000"],
    ["cache", { keyPrefix: ["x:"] }, "cache.keyPrefix"],
    ["secrets", { JWT_SECRET: { config: "services" } }, "secrets.JWT_SECRET"],
    ["secrets", { JWT_SECRET: { value: SECRET } }, "secrets.JWT_SECRET"],
    ["tmpfs", [{ path: "/tmp", sizeMiB: 300 }], "tmpfs[0].sizeMiB"],
    ["command", ["serve", "--password", SECRET], "command[2]"],
    ["command", ["serve", "--client-secret", SECRET], "command[2]"],
    ["command", ["sh", "-c", `PGPASSWORD=${SECRET} psql`], "command[2]"],
    ["command", ["env", `API_KEY=${SECRET}`, "serve"], "command[1]"],
    ["command", ["curl", "-u", `admin:${SECRET}`], "command[2]"],
    ["healthCheck", { command: ["check", "--token", SECRET] }, "healthCheck.command[2]"],
    ["confinement", { writableRoot: { reason: ".........." } }, "confinement.writableRoot.reason"],
    ["confinement", { writableRoot: { reason: "TODO: reason here" } }, "confinement.writableRoot.reason"],
    ["confinement", { writableRoot: { reason: "it\u202e writes caches" } }, "confinement.writableRoot.reason"],
  ])("%s: %j", (key, value, at = key) => refused({ [`${API}.${key}`]: value }, [`${API}.${at}`]));

  test.each<[key: string, value: unknown]>([
    ["command", ["serve", "--password-file", "/run/secrets/db"]],
    ["command", ["serve", "--password", "$DB_PASSWORD"]],
    ["command", ["sh", "-c", 'PGPASSWORD="$(cat /run/secrets/db)" psql']],
    ["command", ["serve", "--max-tokens", "500", "MAX_TOKENS=500"]],
    ["confinement", { writableRoot: { reason: "アプリがルートに書き込みます" } }],
    ["confinement", { writableRoot: { reason: "uploads of families 👨‍👩‍👧" } }],
    ["resources", { memoryMiB: 32 }],
  ])("%s: %j passes", (key, value) => expect(faultsOf({ [`${API}.${key}`]: value })).toEqual([]));
});

describe("a host path", () => {
  test.each(["/var/lib/rancher", "/opt/cni/bin", "/opt", "/var/lib/etcd", "/var/spool", "/tmp", "/nix/store"])(
    "%s",
    (hostPath) =>
      refused({ [`${API}.volumes`]: [{ hostPath, path: "/data", reason: "the photographs live there" }] }, [
        `${API}.volumes[0].hostPath`,
      ]),
  );
  test("/var/log is read, and not written", () => {
    const logs = { hostPath: "/var/log", path: "/logs", reason: "the shipper reads them" };
    expect(faultsOf({ [`${API}.volumes`]: [logs] })).toEqual([]);
    refused({ [`${API}.volumes`]: [{ ...logs, readOnly: false }] }, [`${API}.volumes[0].readOnly`]);
  });
});

describe("a host in production", () => {
  test.each([
    ...[
      "app.example.com",
      "example.org",
      "app.example",
      "yourdomain.com",
      "www.your-company.com",
      "mycompany.co.uk",
      "domain.tld",
      "app.localhost",
      "app.alt",
      "a.in-addr.arpa",
    ],
    ...[
      "a.1",
      "app.c",
      "a.b-c",
      "xn--a.com",
      "xn--abc-.com",
      "ab--cd.com",
      "co.uk",
      `${"a.".repeat(10)}com`,
      `${"a".repeat(50_000)}.com`,
    ],
  ])("%.40s", (host) => refused({ [`${API}.routes`]: [{ host }] }, [`${ROUTE}.host`]));
  test.each([
    "www.acme-shop.com",
    "xn--bcher-kva.de",
    "acme.co.uk",
    "127-0-0-1.sslip.io",
    "example.acme.com",
    "my-company-shop.com",
  ])("%s passes", (host) => expect(faultsOf({ [`${API}.routes`]: [{ host }] })).toEqual([]));
});

describe("a route", () => {
  const cors = (origin: string): Tree => ({ cors: { allowedOrigins: [origin] } });
  const sends = (response: Tree): Tree => ({ headers: { response } });
  const policy = (contentSecurityPolicy: string): Tree => ({ headers: { contentSecurityPolicy } });
  test.each<[part: Tree, at: string]>([
    ...[
      "https://a.b:443",
      "https://a..b",
      "https://a.-b.com",
      "https://1.2.3",
      "https://xn--a.com",
      "https://a.b:0",
    ].map((origin): [Tree, string] => [cors(origin), "cors.allowedOrigins[0]"]),
    [cors("https://app.example.com"), "cors.allowedOrigins[0]"],
    [sends({ "X-Api-Key": SECRET }), "headers.response.X-Api-Key"],
    [sends({ Authorization: `Bearer ${SECRET}` }), "headers.response.Authorization"],
    [sends({ "X-Debug": `postgres://u:${SECRET}@h/d` }), "headers.response.X-Debug"],
    [sends({ "strict-transport-security": "max-age=0" }), "headers.response.strict-transport-security"],
    [sends({ "Content-Security-Policy": "" }), "headers.response.Content-Security-Policy"],
    [policy("default-src *"), "headers.contentSecurityPolicy"],
    [policy("script-src 'self' 'unsafe-eval'"), "headers.contentSecurityPolicy"],
    [policy("img-src 'self'"), "headers.contentSecurityPolicy"],
    [{ pathPrefix: "/a*" }, "pathPrefix"],
  ])("%j", (part, at) =>
    refused({ [`${API}.routes`]: [{ host: "app.acme-shop.com", pathPrefix: "/api", ...part }] }, [`${ROUTE}.${at}`]),
  );
  test.each<[Tree]>([
    [cors("https://a.acme-shop.com:8443")],
    [sends({ "X-Frame-Options": "SAMEORIGIN", "X-Request-Id": "" })],
    [policy("default-src 'self'; script-src 'self' 'nonce-abc' 'unsafe-inline'; style-src 'unsafe-inline'")],
    [{ headers: { response: { "Referrer-Policy": "" }, reason: "the partner's statistics ask for it" } }],
  ])("%j passes", (part) =>
    expect(faultsOf({ [`${API}.routes`]: [{ host: "app.acme-shop.com", pathPrefix: "/api", ...part }] })).toEqual([]),
  );
});

describe("the edge", () => {
  test.each<[key: string, value: unknown]>([
    ["listenAddress", "127.0.0.1"],
    ["listenAddress", "224.0.0.1"],
    ["listenAddress", "169.254.1.1"],
    ["httpPort", 8080],
  ])("%s: %j does not work with Let's Encrypt", (key, value) => {
    refused({ [`edge.${key}`]: value }, [`edge.${key}`]);
    const balanced = faultsOf({ [`edge.${key}`]: value, "edge.trustedProxies": ["10.0.0.0/24"] });
    expect(balanced).toHaveLength(value === "224.0.0.1" || value === "169.254.1.1" ? 1 : 0);
  });
  test.each([22, 25, 6000])("is on no port to which browsers do not connect: %d", (port) =>
    refused({ "edge.httpsPort": port }, ["edge.httpsPort"]),
  );
  test("tls-alpn-01 asks on 443", () =>
    refused(
      {
        certificates: { directory: "https://acme-v02.api.letsencrypt.org/directory", challenge: "tls-alpn-01" },
        "edge.httpsPort": 8443,
      },
      ["edge.httpsPort"],
    ));
  test.each([
    ...["::ffff:0:0/96", "::ffff:10.0.0.1", "fe80::1%eth0", "0.0.0.0", "::", "0.0.0.0/8", "10.0.0.0/08"],
    ...["8.0.0.0/8", "2000::/8", "64:ff9b::/96", "2002::/16", "0:0:0:0:0:0:0:0/0", "*", "any"],
  ])("does not believe %s", (proxy) => refused({ "edge.trustedProxies": [proxy] }, ["edge.trustedProxies[0]"]));
  test.each(["10.0.0.0/8", "104.16.0.0/13", "2400:cb00::/32", "fd00::/8", "2001:db7::1"])("believes %s", (proxy) =>
    expect(faultsOf({ "edge.trustedProxies": [proxy] })).toEqual([]),
  );
});

describe("an address of documentation in production", () => {
  test.each<[key: string, value: unknown, at?: string]>([
    ["edge.listenAddress", "203.0.113.7"],
    ["edge.trustedProxies", ["10.0.0.1", "192.0.2.0/24"], "edge.trustedProxies[1]"],
    ["edge.trustedProxies", ["2001:db8:1::/48"], "edge.trustedProxies[0]"],
    ["edge.trustedProxies", ["198.51.100.9"], "edge.trustedProxies[0]"],
    ["edge.trustedProxies", ["3fff:fff::1"], "edge.trustedProxies[0]"],
  ])("%s: %j", (key, value, at = key) => {
    refused({ [key]: value }, [at]);
    expect(faultsOf({ [key]: value, sample: true })).toEqual([]);
    expect(faultsOf({ [key]: value })[0]?.given).toMatch(/, which is an address of examples$/);
  });
  test.each([["198.51.101.1"], ["192.0.3.0/24"], ["2001:db9::1"]])("%s passes", (proxy) =>
    expect(faultsOf({ "edge.trustedProxies": [proxy] })).toEqual([]),
  );
  test("of the people who may come to a management surface is one, too", () => {
    const access = { sources: ["10.8.0.0/24", "203.0.113.16/28"], basicAuth: { users: ["anna"] } };
    refused({ [`${API}.routes`]: [{ host: "manage.acme-shop.com", access }] }, [`${ROUTE}.access.sources[1]`]);
  });
  test("of an SFTP server is one, too", () => {
    const backups = {
      repository: "sftp:backup@203.0.113.9:/srv/backups",
      credentials: { SFTP_PRIVATE_KEY: { config: "sftpKey" }, SFTP_KNOWN_HOSTS: { config: "sftpHosts" } },
      passwordSaved: true,
    };
    expect(pathsOf(faultsOf({ database: { backups } }))).toContain("database.backups.repository");
  });
});

describe("the CA of an ACME server", () => {
  const authority = { seed: Buffer.alloc(32, 7).toString("base64"), stackName: "acme" };
  const root = authorityCertificate(authority);
  const leaf = serverCertificate({
    ...authority,
    server: "postgres",
    names: ["postgres"],
    period: certificatePeriod(new Date()),
  });
  const certificates = (ca: string): Tree => ({ certificates: { directory: "https://ca.acme-shop.com/d", ca } });
  test("is a certificate that signs others, and no key", () => {
    expect(new X509Certificate(root).ca).toBe(true);
    expect(faultsOf(certificates(root))).toEqual([]);
    expect(faultsOf(certificates(`${root}\n${root}`))).toEqual([]);
    for (const ca of [leaf.certificate, `${root}${leaf.privateKey}`, "/etc/ssl/ca.pem", root.replaceAll("M", "N"), ""])
      refused(certificates(ca), ["certificates.ca"]);
  });
});

describe("an image that the code cannot run", () => {
  test.each([
    ...["postgres:15.4-alpine", "postgres:16.15", "postgres:16.15-bookworm", "redis:5.0-alpine", "redis:6.2.7-alpine"],
    ...["redis:7.4.11", "haproxy:2.0-alpine", "haproxy:3.2-bookworm", "traefik:v3.7.13-nanoserver", "restic:0.12.0"],
  ])("%s", (name) => {
    const role = name.split(":")[0] ?? "";
    refused({ [`images.${role}`]: `${name}@${DIGEST}` }, [`images.${role}`]);
  });
  test("another role's", () =>
    refused({ "images.redis": image("postgres").replace("1.4.2", "16.15-alpine") }, ["images.redis"]));
  test.each(["postgres:17.6-alpine3.22", "redis:8.0-alpine", "haproxy:2.8-alpine", "restic:0.18.1", "traefik:v3.6.0"])(
    "%s passes",
    (name) =>
      expect(faultsOf({ [`images.${name.split(":")[0] ?? ""}`]: `mirror.acme.com/${name}@${DIGEST}` })).toEqual([]),
  );
});

describe("the Docker API", () => {
  test.each([
    { allow: ["POST /containers/{id}/exec"] },
    { allow: ["POST /containers/create"] },
    { allow: ["GET /containers/{id}/logs"] },
    { presets: ["ALLOW_EXEC"] },
    { presets: ["CONTAINERS", "POST"] },
    { allow: ["POST /containers/create"], reason: ".........." },
  ])("%j wants a reason", (grant) => refused({ [WORKER]: grant }, [`${WORKER}.reason`]));
  test("with a reason, or without danger, is granted", () => {
    expect(faultsOf({ [WORKER]: { presets: ["EXEC", "POST"], reason: "the console opens shells" } })).toEqual([]);
    expect(faultsOf({ [WORKER]: { presets: ["CONTAINERS", "EVENTS", "PING"] } })).toEqual([]);
  });
});

describe("a key that does not exist", () => {
  test.each<[path: string, fix: string]>([
    [`${API}.enviroment`, "write it as environment"],
    [`${API}.memoryMiB`, "write it as resources.memoryMiB"],
    [`${API}.host`, "write it as routes: [{ host: … }]"],
    [`${API}.resources.memoryMb`, "write it as memoryMiB"],
    [`${API}.confinement.secomp`, "write it as seccomp"],
    ["database.backups.keep.dayly", "write it as daily"],
    ["images.postgress", "write it as postgres"],
    ["rotation.roles.app_w", "write it as app_rw"],
    [
      `${WORKER}.volumePrefix`,
      "Rampart sets the prefix from the stack's and the service's name; leave it out (docs/docker-api.md)",
    ],
    [
      "edge.port",
      'remove "port", or check its spelling; here may stand clientCertificates, connections, gateway, httpPort, ' +
        "httpsPort, ipv6, listenAddress, maintenance, resources, tls, trustedProxies",
    ],
  ])("%s", (path, fix) => expect(faultsOf({ [path]: "x" })).toMatchObject([{ path: `rampart:${path}`, fix }]));
});

describe("a value of the wrong type has an example", () => {
  test.each<[path: string, value: unknown, fix: string]>([
    [`${API}.port`, "3000", "write port: 3000, without quotes"],
    ["redis.tls", "yes", "write tls: true, without quotes"],
    [`${API}.command`, "npm start", "write it as command: [node, server.js]"],
    [`${API}.routes`, "app.acme-shop.com", "write it as routes: [{ host: app.your-company.com }]"],
    [`${API}.data`, "readwrite", "write it as read-write"],
    ["database.backups", true, 'write it as backups: { at: "03:00" }, or in another of the allowed forms'],
  ])("%s: %j", (path, value, fix) => expect(faultsOf({ [path]: value })).toMatchObject([{ fix }]));
});

describe("a whole stack", () => {
  const whole = (values: Tree, others: Tree = {}, stack = "prod"): string[] => {
    try {
      loadConfig({ ...rawConfig(values, { stack, secretKeys: [] }), others }, { whole: true });
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      error.faults.forEach(expectWellSaid);
      return error.faults.map(({ path }) => path);
    }
  };
  test.each<[name: string, values: Tree]>([
    ["nothing at all", {}],
    ["no service", { acmeEmail: "ops@acme-shop.com", services: {} }],
    ["a list", { acmeEmail: "ops@acme-shop.com", services: [] }],
  ])("with %s has no service", (_name, values) => expect(whole(values)).toEqual(["rampart:services"]));
  test("under another namespace is told so", () => {
    for (const namespace of ["myapp", "Rampart", "ramprt"]) {
      const others = { [`${namespace}:services`]: "{}", [`${namespace}:edge`]: "{}" };
      expect(() => loadConfig({ stack: "prod", values: {}, secretKeys: [], others }, { whole: true })).toThrow(
        `2 keys of the namespace ${namespace}, which nothing reads`,
      );
    }
    expect(
      whole({ services: changed({})["services"] }, { "aws:region": "x", "docker:host": "unix:///x" }, "dev"),
    ).not.toContain("aws:region");
  });
  test("that reaches the engine in clear says how else", () => {
    const dev = {
      environment: "staging",
      certificates: "self-signed",
      services: { web: { image: image("web"), port: 3000 } },
    };
    expect(whole(dev, { "docker:host": "tcp://10.0.0.5:2375" }, "staging")).toEqual(["docker:host"]);
    for (const others of [
      { "docker:host": "tcp://10.0.0.5:2376", "docker:certPath": "/certs" },
      { "docker:host": "tcp://127.0.0.1:2375" },
      { "docker:host": "ssh://deploy@10.0.0.5" },
    ])
      expect(whole(dev, others, "staging")).toEqual([]);
  });
});
