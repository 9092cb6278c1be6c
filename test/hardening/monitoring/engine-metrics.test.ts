import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../free-ports";
import {
  ENGINE_METRICS_DIRECTORY,
  ENGINE_SOCKET,
  engineMetricsScript,
  renderEngineMetricsConfig,
} from "../../../hardening/monitoring/engine-metrics";
import { describeWith, findProgram } from "../../programs";

const ID = "a".repeat(64);
const CARRIER = "b".repeat(64);
const LABELS = { "io.rampart.stack": "prod", "io.rampart.name": "api", "io.rampart.component": "service" };
const CERTIFICATE = {
  ...LABELS,
  "io.rampart.name": "postgres",
  "io.rampart.component": "carrier",
  "io.rampart.certificate-end": "2027-01-01T00:00:00.000Z",
};
/** What an engine answers, by path; quotes, escapes and empty lists as they come. */
const ENGINE: Readonly<Record<string, unknown>> = {
  "/containers/json": [
    { Id: ID, Labels: LABELS, Names: ['/a "name"\n\u00e9'], Ports: [], NetworkSettings: {} },
    { Id: CARRIER, Labels: CERTIFICATE },
  ],
  [`/containers/${ID}/json`]: {
    RestartCount: 2,
    State: { Running: true, OOMKilled: true, StartedAt: "2026-11-24T18:00:00.123Z", Health: { Status: "unhealthy" } },
  },
  [`/containers/${ID}/stats`]: { memory_stats: { usage: 5000, limit: 9000, stats: { inactive_file: 1000 } } },
};

test("the script asks for nothing that its own frontend refuses", () => {
  const config = renderEngineMetricsConfig({ listen: "10.0.255.15:9103", subnet: "10.0.255.0/24" });
  expect(config).toContain("bind 127.0.0.1:2375\n    http-request deny unless { method GET }");
  expect(config).toContain("tcp-request connection reject unless { src 10.0.255.0/24 }");
  expect(engineMetricsScript()).toContain('local ENGINE = "http://127.0.0.1:2375"');
});

describeWith("haproxy")("metrics of containers", () => {
  let directory: string;
  let engine: Server;
  let haproxy: ChildProcess;
  let url: string;
  let proxied: string;
  const asked: string[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "engine-metrics-"));
    const socket = join(directory, "docker.sock");
    engine = createServer((request, response) => {
      asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
      const found = ENGINE[(request.url ?? "").split("?")[0] ?? ""];
      response.statusCode = found === undefined ? 404 : 200;
      response.end(JSON.stringify(found ?? {}));
    }).listen(socket);
    await once(engine, "listening");
    const [metrics, own, health] = [await freePort(), await freePort(), await freePort()];
    url = `http://127.0.0.1:${metrics}/metrics`;
    proxied = `http://127.0.0.1:${own}`;
    const script = engineMetricsScript().replace("127.0.0.1:2375", `127.0.0.1:${own}`);
    writeFileSync(join(directory, "engine-metrics.lua"), script);
    const config = renderEngineMetricsConfig({ listen: `127.0.0.1:${metrics}`, subnet: "127.0.0.0/8" })
      .replaceAll(ENGINE_METRICS_DIRECTORY, directory)
      .replace(ENGINE_SOCKET, socket)
      .replace("127.0.0.1:2375", `127.0.0.1:${own}`)
      .replace("127.0.0.1:8080", `127.0.0.1:${health}`);
    writeFileSync(join(directory, "haproxy.cfg"), config);
    haproxy = spawn(findProgram("haproxy") ?? "", ["-f", join(directory, "haproxy.cfg")], {
      env: { RAMPART_STACK: "prod", RAMPART_AUTHORITY_END: "2040-01-01T00:00:00.000Z", TZ: "UTC" },
      stdio: "ignore",
    });
    for (let up = false; !up;) {
      up = await fetch(`http://127.0.0.1:${health}/ping`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (haproxy.exitCode !== null) throw new Error("haproxy ended");
    }
  });
  afterAll(async () => {
    haproxy.kill("SIGKILL");
    await once(haproxy, "exit");
    engine.closeAllConnections();
    engine.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const lines = async (): Promise<string[]> =>
    (await (await fetch(url)).text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));

  test("numbers of what runs, and of certificates; nothing of a carrier's", async () => {
    const names = '{component="service",container="api",id="aaaaaaaaaaaa"}';
    // Memory is asked for beside the scrapes, of what a scrape has seen.
    const whole = async (): Promise<string[]> => {
      for (;;) {
        const found = await lines();
        if (found.some((line) => line.startsWith("rampart_container_memory_limit_bytes"))) return found;
      }
    };
    expect(await whole()).toEqual([
      "rampart_engine_up 1",
      `rampart_container_running${names} 1`,
      `rampart_container_healthy${names} 0`,
      `rampart_container_restarts_total${names} 2`,
      `rampart_container_oom_killed${names} 1`,
      `rampart_container_started_seconds${names} 1795543200`,
      `rampart_container_memory_bytes${names} 4000`,
      `rampart_container_memory_limit_bytes${names} 9000`,
      'rampart_certificate_end_seconds{certificate="postgres"} 1798761600',
      'rampart_certificate_end_seconds{certificate="authority"} 2208988800',
    ]);
    expect(asked.every((one) => one.startsWith("GET /containers/"))).toBe(true);
    expect(decodeURIComponent(asked[0] ?? "")).toContain('filters={"label":["io.rampart.stack=prod"]}');
  });

  test.each([
    ["GET", "/version"],
    ["GET", `/containers/${ID}/logs`],
    ["GET", `/containers/${ID}/stats`],
    ["GET", `/containers/../images/json`],
    ["POST", "/containers/json"],
    ["DELETE", `/containers/${ID}/json`],
  ])("%s %s does not reach the engine", async (method, path) => {
    const own = `${method} ${new URL(path, proxied).pathname}`;
    expect((await fetch(`${proxied}${path}`, { method })).status).toBe(403);
    expect(asked).not.toContain(own);
  });

  test("an engine that does not answer is told", async () => {
    engine.closeAllConnections();
    engine.close();
    await once(engine, "close");
    expect(await lines()).toEqual([
      "rampart_engine_up 0",
      'rampart_certificate_end_seconds{certificate="authority"} 2208988800',
    ]);
  });
});
