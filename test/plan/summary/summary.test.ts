import { summarise, type Item } from "../../../plan/summary";
import { commandLine, isPlain, shown, visible } from "../../../plan/summary/show";
import { configOf, PROD, SERVICE } from "../../components/support";

type Fields = Readonly<Record<string, unknown>>;
const WHY = "the program cannot do without";

const of = (service: Fields, rest: Fields = {}): ReturnType<typeof summarise> =>
  summarise(
    configOf({ ...PROD, dockerSocketGroup: 998, services: { api: { ...SERVICE, ...service } }, ...rest }, "prod"),
  );
const lines = (item: Item | undefined, label: string): readonly string[] | undefined =>
  item?.facts.find((fact) => fact.label === label)?.lines;
const weak = (item: Item | undefined): string[] =>
  item?.facts.filter((fact) => fact.weak === true).map(({ label }) => label) ?? [];

describe("a route", () => {
  const route = (fields: Fields): Item | undefined =>
    of({ routes: [{ host: "app.example.com", ...fields }] }).routes[0];

  test("shows where it is, its limits, and that all else is the default", () => {
    expect(route({ pathPrefix: "/api" })).toEqual({
      title: "https://app.example.com/api",
      detail: "to api",
      facts: [
        {
          label: "limits",
          lines: [
            "100 requests a second, bursts of 200",
            "100 in flight of a client, 1000 of all; bodies of at most 1 MiB",
          ],
        },
        { label: "CORS", lines: ["none"] },
        { label: "headers", lines: ["Rampart's default set"] },
      ],
    });
  });

  test("shows origins, and the headers that are not the default's", () => {
    const item = route({
      cors: { allowedOrigins: ["https://a.example"], allowCredentials: true },
      headers: {
        contentSecurityPolicy: "*",
        response: { "strict-transport-security": "", "X-Own": "1" },
        fromApplication: ["Referrer-Policy"],
        reason: "the partners ask for it",
      },
    });
    expect(lines(item, "CORS")).toEqual([
      "https://a.example with credentials",
      "GET, POST; Authorization, Content-Type; remembered for 600 s",
    ]);
    expect(lines(item, "headers changed")).toEqual([
      "Content-Security-Policy: *",
      "Strict-Transport-Security: removed",
      "Referrer-Policy: as the application sends it, else the default",
    ]);
    expect(lines(item, "further headers")).toEqual(["X-Own: 1"]);
    expect(weak(item)).toEqual(["headers changed"]);
  });

  test("with a stricter policy is not called weak", () => {
    expect(
      weak(
        route({
          headers: {
            contentSecurityPolicy: "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
          },
        }),
      ),
    ).toEqual([]);
  });
});

describe("a service", () => {
  test("shows its command, variables, data, cache, egress, and each permission with its danger", () => {
    const [api] = of({
      command: ["node", "a b.js"],
      environment: { NODE_ENV: "production", A: 1 },
      secrets: { JWT_SECRET: "generated" },
      data: "read-write",
      cache: true,
      egress: true,
      dockerApi: { allow: ["POST /containers/create", "GET /_ping"], reason: "each job runs in a container" },
    }).programs;
    expect(Object.fromEntries(api?.facts.map(({ label, lines: text }) => [label, text]) ?? [])).toMatchObject({
      command: ["node 'a b.js'"],
      environment: ["A=1", "NODE_ENV=production"],
      secrets: ["JWT_SECRET (generated)"],
      data: ["read-write on app"],
      cache: ["Redis, keys api:*"],
      egress: ["may open connections to the internet"],
      "Docker API": [
        expect.stringMatching(/^GET \/_ping \(low: .+\)$/),
        expect.stringMatching(/^POST \/containers\/create \(high: .+\)$/),
      ],
    });
    expect(weak(api)).toEqual(["egress", "Docker API"]);
  });

  test("shows where another program keeps a secret, and never what may be one", () => {
    const [api] = of({
      secrets: {
        A: { from: { sops: "secrets/prod.enc.yaml", key: "stripe.key" } },
        B: { from: { command: ["pass", "show", "shop/a b", "0f8fad5bd9cb469fa16570867728950e"] } },
      },
    }).programs;
    expect(lines(api, "secrets")).toEqual([
      "A (from stripe.key of secrets/prod.enc.yaml, by sops), B (from what `pass show 'shop/a b' (hidden)` prints)",
    ]);
  });

  test("shows each weakening with its reason", () => {
    const [api] = of({
      user: { root: WHY },
      confinement: { seccomp: { unconfined: WHY }, writableRoot: { reason: WHY } },
      volumes: [{ hostPath: "/srv/files", path: "/files", reason: WHY }],
    }).programs;
    expect(lines(api, "exceptions")).toEqual([
      `user root: ${WHY}`,
      `writable root file system: ${WHY}`,
      `seccomp unconfined: ${WHY}`,
      `/srv/files of the host at /files, read-only: ${WHY}`,
    ]);
    expect(weak(api)).toEqual(["exceptions"]);
  });
});

test("data shows backups, tenants and who is elevated", () => {
  const [postgres, redis] = of({ data: "read-only", cache: true }).data;
  expect(lines(postgres, "tenants")).toEqual(["not kept apart by the database"]);
  expect(lines(postgres, "elevated")).toEqual(["nobody"]);
  expect(lines(postgres, "backups")?.[0]).toBe("every day at 02:30 UTC to a volume on the same host");
  expect(lines(redis, "connections")).toEqual(["in clear on the internal network"]);
});

describe("a value", () => {
  test.each([
    ["production", "NODE_ENV", true],
    ["https://app.example.com/a/b", "APP_URL", true],
    ["/data/artifacts/2024-01-01", "DIR", true],
    ["postgres://u:p4ss@h/db", "X", false],
    ["true", "ADMIN_PASSWORD", false],
    ["9f8e7d6c5b4a39281706f5e4d3c2b1a0", "LICENCE", false],
    ["AKIAIOSFODNN7EXAMPLE", "X", false],
    ["eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc", "X", false],
  ])("%s of %s is shown: %s", (value, name, plain) => {
    expect(isPlain(value, name)).toBe(plain);
    expect(shown(value, name)).toBe(plain ? value : "(hidden)");
  });

  test("stays on its line, and cannot move the cursor", () =>
    expect(visible("a\nb\u001b[31m\u202ec")).toBe("a\\nb\\u001b[31m\\u202ec"));

  test("of a command line is quoted, or hidden", () =>
    expect(commandLine(["sh", "-c", "echo a", "--password=hunter2"])).toBe("sh -c 'echo a' (hidden)"));
});
