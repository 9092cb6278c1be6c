import {
  LOG_PERMISSIONS,
  renderCollectorConfig,
  collectorScripts,
  type CollectorInput,
} from "../../../hardening/logging/collector";
import { collectorWorkload, storeWorkload } from "../../../hardening/logging/workloads";
import { dangerousPermissions } from "../../../hardening/docker-api/permissions";

const LOKI: CollectorInput = { sink: { protocol: "loki", host: "logs.acme.com", port: 443, tls: "public" } };
const LOGGING = { maxSizeMiB: 10, maxFiles: 3 };

test("the receiver is verified by the public CAs, or by its own", () => {
  expect(renderCollectorConfig(LOKI)).toContain(
    "server sink logs.acme.com:443 ssl verify required ca-file @system-ca verifyhost logs.acme.com " +
      "sni str(logs.acme.com) ssl-min-ver TLSv1.2 resolvers engine",
  );
  const own = renderCollectorConfig({ sink: { ...LOKI.sink, tls: "own" } });
  expect(own).toContain("ssl verify required ca-file /run/secrets/sink_ca verifyhost logs.acme.com");
  expect(renderCollectorConfig({ sink: { ...LOKI.sink, tls: "off" } })).not.toContain("ssl");
});

test.each([
  [{ port: 443, tls: "public" }, "logs.acme.com"],
  [{ port: 3100, tls: "public" }, "logs.acme.com:3100"],
  [{ port: 80, tls: "off" }, "logs.acme.com"],
] as const)("%j is asked for as %s", (more, host) => {
  expect(renderCollectorConfig({ sink: { ...LOKI.sink, ...more } })).toContain(`set-header Host '${host}'`);
});

test("nobody but the script reaches what it listens on; metrics go to one network only", () => {
  const binds = (input: CollectorInput): string[] =>
    renderCollectorConfig(input)
      .split("\n")
      .filter((line) => line.trim().startsWith("bind "))
      .map((line) => line.trim());
  expect(binds(LOKI).every((bind) => bind.startsWith("bind 127.0.0.1:"))).toBe(true);
  const metrics = { listen: "10.0.255.18:9104", subnet: "10.0.255.0/24" };
  const measured = { ...LOKI, metrics };
  expect(binds(measured)).toContain("bind 10.0.255.18:9104");
  expect(renderCollectorConfig(measured)).toContain("tcp-request connection reject unless { src 10.0.255.0/24 }");
});

test("no script is interrupted between two steps that belong together", () => {
  expect(renderCollectorConfig(LOKI)).toContain("nbthread 1\n    tune.lua.forced-yield 2000000000\n");
});

test.each([
  ["builtin", ["text.lua", "sink-http.lua", "sink-builtin.lua", "collector.lua"]],
  ["loki", ["text.lua", "sink-http.lua", "sink-loki.lua", "collector.lua"]],
  ["otlp", ["text.lua", "sink-http.lua", "sink-otlp.lua", "collector.lua"]],
  ["syslog", ["text.lua", "sink-tcp.lua", "sink-syslog.lua", "collector.lua"]],
  ["fluentd", ["text.lua", "sink-fluentd.lua", "collector.lua"]],
] as const)("%s is made of %j", (protocol, scripts) => {
  expect(collectorScripts(protocol)).toEqual(scripts);
});

test("the collector asks the engine for lists and lines only, and of these only lines tell of others", () => {
  expect(LOG_PERMISSIONS).toEqual(["GET /containers/json", "GET /containers/{id}/logs"]);
  expect(dangerousPermissions(LOG_PERMISSIONS)).toEqual(["GET /containers/{id}/logs"]);
});

test("the collector has no socket, no capability and no port, and its health does not hang on the sink", () => {
  const workload = collectorWorkload({
    stack: "prod",
    image: "haproxy",
    logging: LOGGING,
    secrets: true,
    networks: [{ network: "egress" }],
  });
  expect(workload).toMatchObject({
    user: "99:99",
    capabilities: [],
    publishedPorts: [],
    readOnlyRoot: true,
    accepted: [],
    networks: [{ network: "docker-api-log-collector" }, { network: "egress" }],
    healthCheck: { test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/ping"] },
  });
  expect(workload.mounts.filter(({ kind }) => kind === "host")).toEqual([]);
});

test("the store keeps lines for days and within a size, and listens on its own address only", () => {
  const resources = { memoryMiB: 128, cpus: 0.5, pids: 96 };
  const store = { image: "victoria-logs", logging: LOGGING, resources };
  const workload = storeWorkload({ ...store, subnet: "10.0.254.0/24", retentionDays: 7, maxDiskMiB: 256 });
  expect(workload.command).toEqual([
    "-httpListenAddr=10.0.254.10:9428",
    "-retention.maxDiskSpaceUsageBytes=268435456",
    "-retentionPeriod=7d",
    "-storageDataPath=/victoria-logs-data",
  ]);
  expect(workload.networks).toEqual([{ network: "logs", aliases: ["log-store"], ipv4Address: "10.0.254.10" }]);
});
