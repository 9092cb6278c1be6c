/** Every weakening that a stack's file can express is told when two stacks are compared, before anything else. */
import { loadConfig } from "../../../config";
import { compareConfigs } from "../../../plan/changes";
import { change, rawConfig, type Tree } from "../../config/support";
import { whole } from "../../config/whole";

const why = "the program cannot do without it";
const ROUTE = "services.api.routes.0";
const SINK = "logging.sink";

function load(changes: Tree): ReturnType<typeof loadConfig> {
  const values = whole();
  for (const [path, value] of Object.entries(changes)) change(values, path, value);
  return loadConfig(rawConfig(values, { secretKeys: ["jwtSecret", "ntfyUrl"] }));
}

const before = load({});

test.each<[path: string, value: unknown, told?: string]>([
  [`${ROUTE}.pathPrefix`, "/admin", "services.api.routes"],
  [`${ROUTE}.rateLimit`, { average: 1_000_000, burst: 1_000_000 }],
  [`${ROUTE}.inFlight`, { perClient: 1000 }],
  [`${ROUTE}.maxBodyMiB`, 1024],
  [`${ROUTE}.timeouts`, { requestSeconds: 3600 }],
  [`${ROUTE}.webSocket`, true],
  [`${ROUTE}.cors`, { allowedOrigins: ["https://shop.acme.com"] }],
  [`${ROUTE}.headers`, { contentSecurityPolicy: "default-src *", reason: why }],
  [`${ROUTE}.headers`, { response: { "Strict-Transport-Security": "" }, reason: why }],
  [`${ROUTE}.headers`, { fromApplication: ["X-Frame-Options"] }],
  ["services.api.environment.NODE_ENV", "development"],
  ["services.api.egress", true],
  ["services.api.internal", true],
  ["services.worker.data", "read-only"],
  ["services.api.cache", { keyPrefixes: ["api:", "web:"] }],
  ["services.api.user", { root: why }],
  ["services.api.confinement", { seccomp: { unconfined: why } }],
  ["services.api.confinement", { seccomp: { profile: "api", complain: true } }],
  ["services.api.confinement", { capabilities: [{ add: "CAP_CHOWN", reason: why }] }],
  ["services.api.confinement", { writableRoot: { reason: why } }],
  ["services.api.tmpfs", [{ path: "/tmp", sizeMiB: 64, exec: { reason: why } }]],
  ["services.api.volumes", [{ hostPath: "/srv/photos", path: "/photos", reason: why }]],
  ["services.worker.dockerApi", { allow: ["GET /version", "POST /containers/{id}/exec"], reason: why }],
  ["services.worker.dockerApi", { allow: ["GET /version"], scope: "engine" }],
  ["services.worker.dockerApi", { allow: ["GET /version"], images: ["ghcr.io/acme/*"] }],
  ["edge.trustedProxies", ["10.0.0.0/8"]],
  ["edge.connections", { perClient: 1000, total: 1000 }],
  ["edge.ipv6", true],
  ["database.backups", false],
  ["database.backups.drillEveryDays", false],
  ["database.backups.keep", { daily: 1 }],
  ["database.statementTimeoutMs", 0],
  ["database.connectionLimits", { app_rw: 60 }],
  ["database.protect", false],
  ["database.elevations", [{ who: "anna", role: "migrator", until: "2020-01-01T00:00:00Z", reason: why }]],
  ["database.elevationMaximumHours", 168],
  ["redis.protect", false],
  [SINK, { builtin: { protect: false } }, `${SINK}.builtin.protect`],
  ["logging.retentionDays", 7],
  [`${SINK}.builtin.surface.access.sources`, ["10.8.0.0/24", "10.9.0.0/24"]],
  ["monitoring.email", undefined],
  ["monitoring.retentionDays", 2],
  ["exceptions", [{ rule: "rampart-egress", scope: "worker", reason: why, until: "2027-03-31" }]],
])("%s: %j", (path, value, told = path) => {
  const changes = compareConfigs(before, load({ [path]: value }));
  expect(changes[0]?.direction).toBe("weaker");
  const plain = (text: string): string => text.replace(/\[[^\]]*\]/g, "").replaceAll(".0", "");
  const weaker = changes.filter(({ direction }) => direction === "weaker").map((one) => plain(one.path));
  expect(weaker.filter((one) => one.startsWith(plain(told)))).not.toEqual([]);
});

test("nobody is told of alerts, and no logs are kept, any more", () => {
  const weaker = (changes: Tree): string[] =>
    compareConfigs(before, load(changes)).flatMap(({ direction, path }) => (direction === "weaker" ? [path] : []));
  expect(weaker({ monitoring: false, ntfyUrl: undefined })).toContain("monitoring");
  expect(weaker({ [SINK]: "none", "logging.retentionDays": undefined })).toContain(SINK);
});

test("in clear is weaker, whatever the way", () => {
  const to = (sink: Tree): ReturnType<typeof load> =>
    load({ [SINK]: sink, "logging.retentionDays": undefined, "logging.sink.builtin": undefined });
  const weaker = (from: Tree, sink: Tree): string[] =>
    compareConfigs(to(from), to(sink)).flatMap(({ direction, path }) => (direction === "weaker" ? [path] : []));
  const server = "logs.acme-shop.com:6514";
  expect(weaker({ syslog: { server } }, { syslog: { server, tls: false, reason: why } })).toEqual([
    "logging.sink.syslog.tls",
  ]);
  const url = "https://logs.acme-shop.com/v1/logs";
  expect(weaker({ otlp: { url } }, { otlp: { url: url.replace("https", "http"), reason: why } })).toEqual([
    "logging.sink.otlp.url",
  ]);
});

test("a reason that changes is told with both of its texts", () => {
  const root = (reason: string): ReturnType<typeof load> => load({ "services.api.user": { root: reason } });
  expect(compareConfigs(root(why), root(`${why}, still`))).toEqual([
    { direction: "other", path: "services.api.user", before: `root: ${why}`, after: `root: ${why}, still` },
  ]);
});

test("a profile that is written in full is the same as by its name", () =>
  expect(
    compareConfigs(
      load({ "services.api.confinement": { seccomp: "api" } }),
      load({ "services.api.confinement": { seccomp: { profile: "api" } } }),
    ),
  ).toEqual([]));
