/** What a stack's file weakens is said in the posture: from the keys to the verdicts. */
import fc from "fast-check";
import { judge, RULES, type PostureEntry, type Status, type StackView } from "../../hardening/rules";
import { settingFacts } from "../../plan/settings";
import { DIGEST, load, type Options, type Tree } from "../config/support";

const view = (changes: Tree, options: Options = {}): StackView => {
  const config = load(changes, options);
  return {
    stack: config.stack,
    environment: config.environment,
    certificates: "letsencrypt",
    data: {
      at: "2026-11-01T12:00:00Z",
      database: true,
      certificate: { end: "2027-10-01T00:00:00Z", renewFrom: "2027-01-01T00:00:00Z" },
      tenancy: config.database.tenancy !== undefined,
      elevations: [],
      backups: "s3:https://s3.acme.com/backups",
    },
    settings: settingFacts(config),
    containers: [],
    networks: [],
    volumes: [],
    images: [],
  };
};

const said = (changes: Tree, id: string, options: Options = {}): string[] =>
  judge(RULES, view(changes, options))
    .filter((entry) => entry.id === id)
    .map(({ status, resource, message }) => `${status}: ${resource}: ${message}`);

const ROUTE = "services.api.routes.0";
const AT = "rampart-prod-api: https://app.acme-shop.com/api";
const COMMON = { variable: "app.tenant_id", column: "tenant_id", type: "uuid" };

/** Keys of the file, the rule, and what it then says. */
const WEAKENINGS: readonly (readonly [Tree, string, string])[] = [
  [
    { [`${ROUTE}.rateLimit`]: { average: 1000 } },
    "rampart-rate-limits",
    `open: ${AT}: 1000 requests a second of one client: see that more than 500 are needed`,
  ],
  [
    { [`${ROUTE}.rateLimit`]: { average: 1_000_000, burst: 200 } },
    "rampart-rate-limits",
    `fail: ${AT}: 1000000 requests a second of one client is no limit`,
  ],
  [
    { [`${ROUTE}.rateLimit`]: { burst: 60_000 } },
    "rampart-rate-limits",
    `fail: ${AT}: 60000 requests of one client at once is no limit`,
  ],
  [
    { [`${ROUTE}.inFlight`]: { perClient: 600, total: 6000 } },
    "rampart-in-flight",
    `open: ${AT}: 600 requests of one client at a time: see that more than 500 are needed`,
  ],
  [{ [`${ROUTE}.maxBodyMiB`]: 1024 }, "rampart-request-size", `fail: ${AT}: 1024 MiB of a request's body is no limit`],
  [
    { [`${ROUTE}.maxHeaderKiB`]: 48 },
    "rampart-request-size",
    `open: ${AT}: 48 KiB of a request's headers: see that more than 32 are needed`,
  ],
  [
    { [`${ROUTE}.timeouts`]: { requestSeconds: 3600 } },
    "rampart-timeouts",
    `fail: ${AT}: 3600 seconds for a request to arrive is no limit`,
  ],
  [
    { [`${ROUTE}.timeouts`]: { responseSeconds: 601 } },
    "rampart-timeouts",
    `open: ${AT}: 601 seconds until an answer: see that more than 600 are needed`,
  ],
  [
    { [`${ROUTE}.timeouts`]: { streamSeconds: 86_400 } },
    "rampart-timeouts",
    `fail: ${AT}: 86400 seconds of a stream's silence is no limit`,
  ],
  [
    { [`${ROUTE}.cors`]: { allowedOrigins: ["https://partner.com"], allowCredentials: true } },
    "rampart-cors",
    `open: ${AT}: pages of https://partner.com may act as the signed-in user: see that it is yours`,
  ],
  [
    { [`${ROUTE}.webSocket`]: true },
    "rampart-websockets",
    `skip: ${AT} takes WebSockets: whether the application checks their Origin, only you know`,
  ],
  [
    { [`${ROUTE}.access`]: { sources: ["203.0.113.0/24"], reason: "the office has fixed addresses" } },
    "rampart-management-access",
    `accepted: ${AT}: asks for no password or sign-in: the office has fixed addresses`,
  ],
  [
    { [`${ROUTE}.access`]: { sources: ["10.0.0.0/8"], basicAuth: { users: ["admin"] } } },
    "rampart-management-access",
    `open: ${AT}: is open to the 16777216 addresses of 10.0.0.0/8: see that they are all yours`,
  ],
  [
    { "services.api.environment.NODE_ENV": "development" },
    "rampart-program-mode",
    "fail: rampart-prod-api: NODE_ENV is development in production",
  ],
  [
    { "services.api.environment.FLASK_DEBUG": "1" },
    "rampart-program-mode",
    "fail: rampart-prod-api: FLASK_DEBUG is on in production",
  ],
  [
    { "services.api.environment.NODE_TLS_REJECT_UNAUTHORIZED": "0" },
    "rampart-program-mode",
    "fail: rampart-prod-api: NODE_TLS_REJECT_UNAUTHORIZED turns the check of certificates off",
  ],
  [
    { "services.frontend.internal": true },
    "rampart-internal-reach",
    "open: rampart-prod-frontend: is on internal without data or cache (internal: true): " +
      "see that it needs the services there",
  ],
  [
    { "services.api.healthCheck": { intervalSeconds: 50, retries: 20, timeoutSeconds: 10 } },
    "rampart-hang-noticed",
    "open: rampart-prod-api: a program that hangs is noticed after 1010 s: see that nobody waits so long",
  ],
  [
    {
      "services.api.cache": { keyPrefixes: ["bull:"] },
      "services.worker.cache": { keyPrefixes: ["bull:", "worker:"] },
    },
    "rampart-cache-sharing",
    "open: prod: api and worker share the keys bull:*: see that both need them",
  ],
  [{ "database.statementTimeoutMs": 0 }, "rampart-database-limits", "fail: prod: statements of app_rw never end"],
  [
    { "database.idleInTransactionTimeoutMs": 700_000 },
    "rampart-database-limits",
    "open: prod: 700000 milliseconds until idle transactions of app_rw end: see that more than 600000 are needed",
  ],
  [
    { "database.connectionLimits": { app_rw: 300 }, "database.resources": { memoryMiB: 8192, pids: 2000 } },
    "rampart-database-limits",
    "open: prod: 300 connections of app_rw: see that more than 200 are needed",
  ],
  [
    { "database.backups": { drillEveryDays: false } },
    "rampart-restore-drills",
    "fail: prod: no backup is restored for practice",
  ],
  [
    { "database.backups": { drillEveryDays: 60 } },
    "rampart-restore-drills",
    "open: prod: 60 days between restore drills: see that more than 31 are needed",
  ],
  [
    { "database.backups": { keep: { daily: 3, weekly: 1, monthly: 0 } } },
    "rampart-backup-retention",
    "open: prod: the oldest backup is 7 days old: see that mistakes are noticed sooner",
  ],
  [
    { "database.backups": { maxAgeHours: 100 } },
    "rampart-backup-retention",
    "open: prod: a missing backup is noticed after 100 hours: see that this is soon enough",
  ],
  [
    { "database.tenancy": { ...COMMON, exceptions: [{ object: "app.totals", reason: "counts only, no rows" }] } },
    "rampart-tenancy",
    "accepted: prod: app.totals is left out: counts only, no rows",
  ],
  [
    { "database.tenancy": { ...COMMON, sharedTables: ["app.countries"] } },
    "rampart-tenancy",
    "open: prod: every tenant reads app.countries: see that no row there belongs to one",
  ],
  [
    { "database.elevationMaximumHours": 168 },
    "rampart-elevations",
    "open: prod: an elevation may last 168 hours: see that 24 are not enough",
  ],
  [
    { "edge.connections": { perClient: 1000, total: 1500 } },
    "rampart-connection-limits",
    "open: prod: one client may take 1000 of 1500 connections: see that all clients come by one proxy",
  ],
  [
    { "edge.trustedProxies": ["10.0.0.0/16"] },
    "rampart-trusted-proxies",
    "open: prod: each of the 65536 addresses of 10.0.0.0/16 is believed: see that they are all load balancers",
  ],
  [
    { images: { redis: `redis:7.2.1-alpine@${DIGEST}` } },
    "rampart-server-images",
    "fail: prod: redis runs redis:7.2.1-alpine, older than Rampart's own 7.4.11-alpine: fixes are missing",
  ],
  [
    { images: { redis: `redis:8.0.0-alpine@${DIGEST}` } },
    "rampart-server-images",
    "skip: prod: redis runs redis:8.0.0-alpine in place of Rampart's own: " +
      "whether it has every fix, only its maker can tell",
  ],
  [
    { logging: { maxSizeMiB: 1024, maxFiles: 20 } },
    "rampart-log-size",
    "open: prod: each container keeps 20480 MiB of log: see that the disk holds them all",
  ],
  [
    { logging: { maxSizeMiB: 1, maxFiles: 1 } },
    "rampart-log-size",
    "open: prod: the last 1 MiB of each container's log are kept: see that they tell enough",
  ],
  [
    { monitoring: false },
    "rampart-alerts",
    "open: prod: nothing measures the stack, and nobody is told when something breaks (monitoring)",
  ],
  [
    { monitoring: true },
    "rampart-alerts",
    "open: prod: alerts are only shown: nobody is told (monitoring has no receiver)",
  ],
];

describe("a stack's file that weakens something", () => {
  test.each(WEAKENINGS.map(([changes, id, message]) => ({ changes, id, message })))(
    "$id: $message",
    ({ changes, id, message }) => {
      expect(said(changes, id)).toContain(message);
    },
  );

  test("is accepted outside of production, where the rule would fail", () => {
    expect(said({ [`${ROUTE}.maxBodyMiB`]: 1024 }, "rampart-request-size", { stack: "staging" })[0]).toBe(
      `accepted: ${AT}: 1024 MiB of a request's body is no limit, as this is staging`.replace("prod", "staging"),
    );
    expect(
      said({ [`${ROUTE}.cors`]: { allowedOrigins: ["http://app.localhost:3000"] } }, "rampart-cors", {
        stack: "staging",
      })[0],
    ).toBe(
      `accepted: ${AT.replace("prod", "staging")}: pages of http://app.localhost:3000 may read answers, ` +
        "and anybody on the way makes them, as this is staging",
    );
    expect(said({}, "rampart-alerts", { stack: "staging" })[0]).toMatch(/^accepted: .*, as this is staging$/);
  });
});

describe("a stack's file that weakens nothing", () => {
  const alerts = { monitoring: { webhook: { config: "alertUrl" } }, alertUrl: "https://hooks.acme.com/services/T0/B0" };
  const happy = judge(RULES, view(alerts, { secretKeys: ["jwtSecret", "alertUrl"] }));

  test("passes each rule over its settings, or is not judged", () => {
    const strays = happy.filter(({ status }) => status !== "pass" && status !== "skip");
    expect(strays.map(({ id, message }) => `${id}: ${message}`)).toEqual([]);
  });

  test("says what holds, and keeps a debugging variable of another name", () => {
    expect(
      said({ "services.api.environment": { DEBUG: "false", APP_ENV: "production" } }, "rampart-program-mode"),
    ).toEqual([
      "pass: rampart-prod-api: runs as in production, and looks at certificates",
      "pass: rampart-prod-frontend: runs as in production, and looks at certificates",
      "pass: rampart-prod-worker: runs as in production, and looks at certificates",
      "pass: rampart-prod-migration: runs as in production, and looks at certificates",
    ]);
    expect(
      said({ "services.api.environment": { NODE_ENV: "development" } }, "rampart-program-mode", {
        stack: "staging",
      })[0],
    ).toMatch(/^pass/);
  });

  test("takes a proxy by its address, and the pinned image from a registry of one's own", () => {
    expect(said({ "edge.trustedProxies": ["10.0.0.5", "2001:db8:1::/64"] }, "rampart-trusted-proxies")).toEqual([
      "pass: prod: 10.0.0.5 is believed",
      "pass: prod: 2001:db8:1::/64 is believed",
    ]);
    const digest = "858f009f9709ce576febc734aa78b8f6d624b82571f9ddb6bda4377c833b3499";
    expect(
      said({ images: { redis: `registry.acme.com/redis:7.4.11-alpine@sha256:${digest}` } }, "rampart-server-images"),
    ).toEqual([
      "pass: prod: redis runs the image that Rampart is tested with, as registry.acme.com/redis:7.4.11-alpine",
    ]);
  });

  test("tells registries of the engine's own host from others", () => {
    const image = `localhost:5000/app:1.0.0@${DIGEST}`;
    expect(said({ "services.api.image": image }, "rampart-registry-connection")).toEqual([
      "pass: prod: localhost:5000 is on the engine's own host",
      expect.stringMatching(/^skip: prod: docker.io, .*registry.example.com: the engine asks over TLS/),
    ]);
  });
});

/** From the best to the worst. */
const STANDING: readonly Status[] = ["pass", "skip", "accepted", "open", "fail"];
const worst = (posture: readonly PostureEntry[], id: string): number =>
  Math.max(...posture.filter((entry) => entry.id === id).map(({ status }) => STANDING.indexOf(status)));

/** A key whose figure bounds something, the rule, and the figures that the schema takes. */
const FIGURES: readonly (readonly [string, string, number, number, Tree?])[] = [
  [`${ROUTE}.rateLimit.average`, "rampart-rate-limits", 1, 1_000_000],
  [`${ROUTE}.rateLimit.burst`, "rampart-rate-limits", 1, 1_000_000],
  [`${ROUTE}.inFlight.total`, "rampart-in-flight", 100, 100_000],
  [`${ROUTE}.inFlight.perClient`, "rampart-in-flight", 1, 100_000, { [`${ROUTE}.inFlight.total`]: 100_000 }],
  [`${ROUTE}.maxBodyMiB`, "rampart-request-size", 1, 1024],
  [`${ROUTE}.maxHeaderKiB`, "rampart-request-size", 1, 48],
  [`${ROUTE}.timeouts.requestSeconds`, "rampart-timeouts", 1, 3600],
  [`${ROUTE}.timeouts.responseSeconds`, "rampart-timeouts", 1, 86_400],
  [`${ROUTE}.timeouts.streamSeconds`, "rampart-timeouts", 1, 86_400],
  ["database.statementTimeoutMs", "rampart-database-limits", 1, 86_400_000],
  ["database.idleInTransactionTimeoutMs", "rampart-database-limits", 1, 86_400_000],
  ["database.backups.drillEveryDays", "rampart-restore-drills", 1, 90],
  ["database.backups.maxAgeHours", "rampart-backup-retention", 25, 8760],
  ["database.elevationMaximumHours", "rampart-elevations", 1, 168],
];

test.each(FIGURES.map(([key, id, least, most, more = {}]) => ({ key, id, least, most, more })))(
  "a higher $key never stands better, and the highest never passes",
  ({ key, id, least, most, more }) => {
    const stands = (value: number): number => worst(judge(RULES, view({ ...more, [key]: value })), id);
    expect(STANDING[stands(most)]).not.toBe("pass");
    const figure = fc.integer({ min: least, max: most });
    fc.assert(
      fc.property(figure, figure, (a, b) => {
        expect(stands(Math.min(a, b))).toBeLessThanOrEqual(stands(Math.max(a, b)));
      }),
      { numRuns: 10, seed: 25 },
    );
  },
);
