import fc from "fast-check";
import type { LoadedConfig } from "../../../config";
import { canCount } from "../../../hardening/gateway/limits";
import { canonicalJson } from "../../../hardening/canonical-json";
import { compareConfigs, compareControls, type Direction } from "../../../plan/changes";
import type { PostureEntry } from "../../../hardening/rules";
import { loadConfig, ConfigError } from "../../../config";
import { configOf, PROD, SERVICE } from "../../components/support";
import { configurations } from "../../config/properties-support";
import { rawConfig, type Tree } from "../../config/support";

type Fields = Readonly<Record<string, unknown>>;
const ROUTE = { host: "app.example.com", pathPrefix: "/api" };
const WHY = "the program cannot do without";

const DAY_MS = 86_400_000;
const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
const EXCEPTION = { rule: "rampart-backups", scope: "stack", reason: WHY, until: inDays(30) };
const LATER = inDays(60);

const stack = (service: Fields, rest: Fields = {}): LoadedConfig =>
  configOf({ ...PROD, dockerSocketGroup: 998, services: { api: { ...SERVICE, ...service } }, ...rest }, "prod");
const route = (fields: Fields): LoadedConfig => stack({ routes: [{ ...ROUTE, ...fields }] });

const told = (before: LoadedConfig, after: LoadedConfig): string[] =>
  compareConfigs(before, after).map(
    ({ direction, path, before: was, after: is }) => `${direction}: ${path}: ${was ?? "-"} → ${is ?? "-"}`,
  );

const at = "services.api.routes[app.example.com/api]";

/** What weakens a stack, and how it is told; the way back is told as stronger. */
const WEAKENINGS: readonly (readonly [string, LoadedConfig, LoadedConfig, string])[] = [
  [
    "a higher rate limit",
    route({}),
    route({ rateLimit: { average: 1_000_000 } }),
    `${at}.rateLimit: 100 requests a second, bursts of 200 → 1000000 requests a second, bursts of 200`,
  ],
  [
    "the same rate in a shorter time",
    route({ rateLimit: { average: 50, periodSeconds: 60 } }),
    route({ rateLimit: { average: 50, periodSeconds: 30 } }),
    `${at}.rateLimit: 50 requests in 60 s, bursts of 200 → 50 requests in 30 s, bursts of 200`,
  ],
  [
    "an exception from a rule",
    stack({}),
    stack({}, { exceptions: [EXCEPTION] }),
    `exceptions[rampart-backups for stack]: - → ${WHY}`,
  ],
  [
    "an exception that lasts longer",
    stack({}, { exceptions: [EXCEPTION] }),
    stack({}, { exceptions: [{ ...EXCEPTION, until: LATER }] }),
    `exceptions[rampart-backups for stack].until: ${EXCEPTION.until} → ${LATER}`,
  ],
  [
    "a program of the stack's own choice that is run for a secret",
    stack({ secrets: { STRIPE_KEY: { from: { op: "op://prod/stripe/key" } } } }),
    stack({ secrets: { STRIPE_KEY: { from: { command: ["pass", "show", "stripe"] } } } }),
    "services.api.secrets.STRIPE_KEY: from op://prod/stripe/key, by op → from what `pass show stripe` prints",
  ],
  ["larger bodies", route({}), route({ maxBodyMiB: 100 }), `${at}.maxBodyMiB: 1 → 100`],
  ["no limit on waiting", route({}), route({ inFlight: { total: 5000 } }), `${at}.inFlight.total: 1000 → 5000`],
  [
    "another origin",
    route({ cors: { allowedOrigins: ["https://app.example.com"] } }),
    route({ cors: { allowedOrigins: ["https://app.example.com", "https://evil.example"] } }),
    `${at}.cors.allowedOrigins[https://evil.example]: - → https://evil.example`,
  ],
  [
    "a removed header, whatever its case",
    route({}),
    route({ headers: { response: { "strict-transport-security": "" }, reason: WHY } }),
    `${at}.headers[Strict-Transport-Security]: max-age=63072000; includeSubDomains → removed`,
  ],
  [
    "a header that is left to the application",
    route({}),
    route({ headers: { fromApplication: ["X-Frame-Options"] } }),
    `${at}.headers[X-Frame-Options]: DENY → as the application sends it, else the default`,
  ],
  [
    "the internal network",
    route({}),
    stack({ routes: [ROUTE], internal: true }),
    "services.api.internal: false → true",
  ],
  ["egress", stack({}), stack({ egress: true }), "services.api.egress: false → true"],
  [
    "a permission of the Docker API",
    stack({ dockerApi: { allow: ["GET /_ping"] } }),
    stack({ dockerApi: { allow: ["GET /_ping", "POST /containers/{id}/exec"], reason: WHY } }),
    "services.api.dockerApi[POST /containers/{id}/exec]: - → critical: ",
  ],
  [
    "a capability",
    stack({}),
    stack({ confinement: { capabilities: [{ add: "CAP_CHOWN", reason: WHY }] } }),
    `services.api.confinement.capabilities[CAP_CHOWN]: - → ${WHY}`,
  ],
  ["root", stack({}), stack({ user: { root: WHY } }), "services.api.user: 1000:1000 → root"],
  [
    "more methods",
    route({ methods: ["GET", "POST"] }),
    route({ methods: ["GET", "POST", "PUT"] }),
    "services.api.routes[app.example.com/api].methods: GET, POST → GET, POST, PUT",
  ],
  [
    "bodies of any type",
    route({ contentTypes: ["application/json"] }),
    route({}),
    "services.api.routes[app.example.com/api].contentTypes: application/json → -",
  ],
  [
    "bodies of another type",
    route({ contentTypes: ["application/json"] }),
    route({ contentTypes: ["application/json", "image/*"] }),
    "services.api.routes[app.example.com/api].contentTypes: application/json → application/json, image/*",
  ],
  [
    "larger headers",
    route({}),
    route({ maxHeaderKiB: 17 }),
    "services.api.routes[app.example.com/api].maxHeaderKiB: 16 → 17",
  ],
  [
    "a WebSocket",
    route({}),
    route({ webSocket: true }),
    "services.api.routes[app.example.com/api].webSocket: false → true",
  ],
  ...(["requestSeconds", "responseSeconds", "streamSeconds"] as const).map((name): (typeof WEAKENINGS)[number] => [
    `a longer ${name}`,
    route({ timeouts: { [name]: 7 } }),
    route({ timeouts: { [name]: 8 } }),
    `services.api.routes[app.example.com/api].timeouts.${name}: 7 → 8`,
  ]),
  [
    "more connections",
    stack({}),
    stack({}, { edge: { connections: { perClient: 257, total: 1501 } } }),
    "edge.connections.perClient: 256 → 257",
  ],
  [
    "a writable root",
    stack({}),
    stack({ confinement: { writableRoot: { reason: WHY } } }),
    `services.api.confinement.writableRoot: - → ${WHY}`,
  ],
  [
    "no seccomp",
    stack({}),
    stack({ confinement: { seccomp: { unconfined: WHY } } }),
    "services.api.confinement.seccomp: api → unconfined",
  ],
  [
    "no AppArmor",
    stack({}),
    stack({ confinement: { appArmor: { unconfined: WHY } } }),
    "services.api.confinement.appArmor: default → unconfined",
  ],
  [
    "more of the data",
    stack({ data: "read-only" }),
    stack({ data: "read-write" }),
    "services.api.data: read-only → read-write",
  ],
  [
    "development's mode",
    stack({ environment: { NODE_ENV: "production" } }),
    stack({ environment: { NODE_ENV: "development" } }),
    "services.api.environment.NODE_ENV: production → development",
  ],
  [
    "data that goes with the stack",
    stack({ data: "read-only" }),
    stack({ data: "read-only" }, { database: { protect: false } }),
    "database.protect: true → false",
  ],
  [
    "no backups",
    stack({ data: "read-only" }),
    stack({ data: "read-only" }, { database: { backups: false } }),
    "database.backups: there → false",
  ],
  [
    "a proxy that is believed",
    stack({}),
    stack({}, { edge: { trustedProxies: ["192.0.2.7"] } }),
    "edge.trustedProxies[192.0.2.7]: - → 192.0.2.7",
  ],
];

const OPPOSITE: Readonly<Record<Direction, Direction>> = { weaker: "stronger", stronger: "weaker", other: "other" };

describe("what weakens a stack", () => {
  test.each(WEAKENINGS)("%s", (_what, before, after, expected) => {
    expect(told(before, after)[0]).toContain(`weaker: ${expected}`);
  });

  test.each(WEAKENINGS)("%s: the way back strengthens it", (_what, before, after) => {
    expect(
      compareConfigs(before, after)
        .map(({ path, direction }) => `${path} ${OPPOSITE[direction]}`)
        .sort(),
    ).toEqual(
      compareConfigs(after, before)
        .map(({ path, direction }) => `${path} ${direction}`)
        .sort(),
    );
  });

  test("comes first, and what is neither comes last", () => {
    const before = stack({ command: ["node", "a.js"], data: "read-write" });
    const after = stack({ command: ["node", "b.js"], data: "read-only", egress: true });
    expect(told(before, after)).toEqual([
      "weaker: services.api.egress: false → true",
      "stronger: services.api.data: read-write → read-only",
      "other: services.api.command: node a.js → node b.js",
    ]);
  });
});

describe("a route", () => {
  test("that moved is one change, and what else changed of it is told beside", () => {
    const moved = stack({ routes: [{ ...ROUTE, pathPrefix: "/admin", maxBodyMiB: 2 }] });
    expect(told(route({}), moved)).toEqual([
      "weaker: services.api.routes: app.example.com/api → app.example.com/admin",
      "weaker: services.api.routes[app.example.com/admin].maxBodyMiB: 1 → 2",
    ]);
  });

  test("that is new exposes a path, and only its weakenings are told beside", () => {
    const more = stack({ routes: [ROUTE, { host: "b.example.com", streaming: true, rateLimit: { average: 7 } }] });
    expect(told(route({}), more)).toEqual([
      "weaker: services.api.routes[b.example.com (streaming)]: - → there",
      "weaker: services.api.routes[b.example.com (streaming)].streaming: - → true",
      "weaker: services.api.routes[b.example.com (streaming)].webSocket: - → true",
    ]);
  });

  test("of streams takes WebSockets, unless it says that it does not", () => {
    const stream = { host: "b.example.com", preset: "stream" };
    expect(told(stack({ routes: [{ ...stream, webSocket: false }] }), stack({ routes: [stream] }))).toEqual([
      "weaker: services.api.routes[b.example.com (streaming)].webSocket: false → true",
    ]);
  });

  test("that is gone weakens the stack where a wider one takes its requests with looser limits", () => {
    const wide = { host: "app.example.com" };
    const login = { host: "app.example.com", pathPrefix: "/login", rateLimit: { average: 5 } };
    const path = "services.api.routes[app.example.com/login]";
    expect(told(stack({ routes: [wide, login] }), stack({ routes: [wide] }))).toEqual([`weaker: ${path}: there → -`]);
    const alike = { ...login, rateLimit: {} };
    expect(told(stack({ routes: [wide, alike] }), stack({ routes: [wide] }))).toEqual([`other: ${path}: there → -`]);
    const elsewhere = { ...wide, host: "www.example.com" };
    expect(told(stack({ routes: [elsewhere, login] }), stack({ routes: [elsewhere] }))).toEqual([
      `stronger: ${path}: there → -`,
    ]);
  });
});

test("another program that is run for a secret is for a person to look at", () => {
  const from = (...command: string[]): LoadedConfig => stack({ secrets: { STRIPE_KEY: { from: { command } } } });
  expect(told(from("pass", "show", "a"), from("pass", "show", "b")).map((line) => line.split(":")[0])).toEqual([
    "weaker",
  ]);
});

test("a service that is new is one change, with its weakenings", () => {
  const services = { api: SERVICE, worker: { ...SERVICE, egress: true, resources: { memoryMiB: 1024 } } };
  expect(told(stack({}), stack({}, { services }))).toEqual([
    "weaker: services.worker.egress: - → true",
    "other: services.worker: - → registry.example.com/app:1.0@sha256:a1a1a1a1a1a1…",
  ]);
});

test("a value that may be a secret is not repeated, and its change is told all the same", () => {
  const key = (start: string): string => `${start}9f8e7d6c5b4a39281706f5e4d3c2b1a0`;
  const changes = compareConfigs(
    stack({ environment: { LICENCE: key("a") } }),
    stack({ environment: { LICENCE: key("b") } }),
  );
  expect(changes).toEqual([
    { direction: "other", path: "services.api.environment.LICENCE", before: "(hidden)", after: "(hidden)" },
  ]);
});

/** A valid configuration from random values; undefined for what is refused. */
function loaded(values: Tree): LoadedConfig | undefined {
  try {
    return loadConfig(rawConfig(values, { stack: "staging" }));
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

describe("any two stacks", () => {
  /** Lists of members have no order. */
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value))
      return (value as unknown[]).map(sorted).sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, sorted(child)]));
  };

  test("that differ give a change, and one that is the same gives none", () => {
    let compared = 0;
    fc.assert(
      fc.property(configurations, configurations, (one, two) => {
        const [before, after] = [loaded(one), loaded(two)];
        if (before === undefined || after === undefined) return;
        compared += 1;
        expect(compareConfigs(before, before)).toEqual([]);
        const same = canonicalJson(sorted(before)) === canonicalJson(sorted(after));
        expect(compareConfigs(before, after).length > 0).toBe(!same);
      }),
      { numRuns: 25 },
    );
    expect(compared).toBeGreaterThan(5);
  });

  test("are told with what weakens first", () => {
    const order: readonly Direction[] = ["weaker", "stronger", "other"];
    fc.assert(
      fc.property(configurations, configurations, (one, two) => {
        const [before, after] = [loaded(one), loaded(two)];
        if (before === undefined || after === undefined) return;
        const ranks = compareConfigs(before, after).map(({ direction }) => order.indexOf(direction));
        expect(ranks).toEqual([...ranks].sort());
      }),
      { numRuns: 10 },
    );
  });
});

describe("a rate limit", () => {
  const rates = fc.record({
    average: fc.integer({ min: 1, max: 1_000_000 }),
    burst: fc.integer({ min: 1, max: 1_000_000 }),
    periodSeconds: fc.integer({ min: 1, max: 3600 }),
  });
  test("is weaker whenever more requests pass at once or over time, and never otherwise", () => {
    fc.assert(
      fc.property(rates.filter(canCount), rates.filter(canCount), (from, to) => {
        const [change] = compareConfigs(route({ rateLimit: from }), route({ rateLimit: to }));
        const looser = to.burst > from.burst || to.average / to.periodSeconds > from.average / from.periodSeconds;
        expect(change?.direction === "weaker").toBe(looser);
      }),
      { numRuns: 25 },
    );
  });
});

test("controls of things that both plans have are compared by their worst finding, what got worse first", () => {
  const entry = (id: string, status: PostureEntry["status"], resource = "api"): PostureEntry => ({
    id,
    severity: "high",
    status,
    resource,
    message: "",
  });
  expect(
    compareControls(
      [entry("a", "pass"), entry("a", "open"), entry("b", "fail"), entry("c", "pass"), entry("d", "pass")],
      [entry("a", "fail"), entry("a", "pass"), entry("b", "pass"), entry("c", "pass"), entry("d", "fail", "new")],
    ),
  ).toEqual([
    { direction: "weaker", id: "a", resource: "api", before: "open", after: "fail" },
    { direction: "stronger", id: "b", resource: "api", before: "fail", after: "pass" },
  ]);
});
