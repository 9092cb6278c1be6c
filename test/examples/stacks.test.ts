import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { loadConfig, type LoadedConfig } from "../../config";
import { evaluate, planJson, readStackFile, type PlanJson } from "../../plan";
import { files, read, ROOT } from "./support";

/** Every stack file that this repository ships, by the name of its stack. */
const STACKS = [...files(".", /^Pulumi\.[a-z]+\.yaml$/), ...files("examples", /\.yaml$/)].map((file) => ({
  file,
  stack: basename(file, ".yaml").replace(/^Pulumi\./, ""),
}));

function load(stack: string, file: string): LoadedConfig {
  const { values, secretKeys } = readStackFile(ROOT, stack, resolve(ROOT, file));
  const own = (key: string): string => key.replace(/^rampart:/, "");
  return loadConfig({
    stack,
    values: Object.fromEntries(Object.entries(values).map(([key, value]) => [own(key), value])),
    secretKeys: secretKeys.map(own),
  });
}

/** As `plan --json` evaluates it. The program runs as it loads: each time in modules of its own. */
const plan = async (stack: string, file: string): Promise<PlanJson> => {
  const program = (): Promise<void> => jest.isolateModulesAsync(async () => void (await import("../../index")));
  return planJson(await evaluate(readStackFile(ROOT, stack, file), program));
};

describe.each(STACKS)("$file", ({ file, stack }) => {
  it("is a valid configuration", () => {
    expect(Object.keys(load(stack, file).services)).not.toHaveLength(0);
  });

  it("fails no rule, and shows no secret", async () => {
    const planned = await plan(stack, join(ROOT, file));
    const { posture } = planned;
    expect(planned.stack).toBe(stack);
    expect(posture.filter(({ status }) => status === "fail")).toEqual([]);
    expect(posture.length).toBeGreaterThan(50);
    expect(JSON.stringify(planned)).not.toMatch(/generated0{4}/);
  });
});

describe("examples/dragdropdeploy.yaml", () => {
  const config = load("dragdropdeploy", "examples/dragdropdeploy.yaml");

  it("is held to production's rules", () => {
    expect(config.environment).toBe("prod");
    expect(config.certificates).toBe("letsencrypt");
  });

  it("limits the rate of every route that the baseline names below that of the others", () => {
    const limits = new Map(
      config.services["api"]?.routes.map(({ pathPrefix, rateLimit }) => [
        pathPrefix,
        rateLimit.average / rateLimit.periodSeconds,
      ]),
    );
    const general = limits.get("/") ?? 0;
    expect(general).toBe(50);
    for (const path of [
      "/auth/login",
      "/auth/register",
      "/auth/oauth",
      "/auth/oauth/callback",
      "/builds",
      "/deployments/upload",
    ]) {
      expect([path, (limits.get(path) ?? general) < 1]).toEqual([path, true]);
    }
  });

  it("allows one origin on every route of the API", () => {
    expect(config.services["api"]?.routes.map(({ cors }) => cors?.allowedOrigins)).toEqual(
      config.services["api"]?.routes.map(() => ["https://app.example.com"]),
    );
  });

  it("gives only the worker a way out, and the frontend no data", () => {
    const { frontend, api, worker } = config.services;
    expect([frontend?.egress, api?.egress, worker?.egress]).toEqual([false, false, true]);
    expect([frontend?.data, frontend?.cache]).toEqual(["none", false]);
  });

  it("is valid with containerised builds, too, and then puts the worker behind a socket proxy", async () => {
    const directory = mkdtempSync(join(tmpdir(), "rampart-example-"));
    const file = join(directory, "dragdropdeploy.yaml");
    const commented = /^( {6})# (dockerApi:|  reason:|  allow:|    - (?:GET|POST|DELETE) )/gm;
    try {
      const text = read("examples/dragdropdeploy.yaml");
      expect(text.match(commented)).toHaveLength(11);
      writeFileSync(file, text.replace(commented, "$1$2"));
      const { posture } = await plan("dragdropdeploy", file);
      expect(posture.filter(({ status }) => status === "fail")).toEqual([]);
      expect(
        posture.filter(({ id, status }) => id === "cis-5.32" && status === "accepted").map(({ resource }) => resource),
      ).toEqual(["rampart-dragdropdeploy-docker-api-worker"]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("examples/amo-portal.yaml", () => {
  const config = load("amo-portal", "examples/amo-portal.yaml");
  const routes = new Map(config.services["api"]?.routes.map((route) => [route.pathPrefix, route]));

  it("serves 443 only, with a certificate that is proven there", () => {
    expect([config.edge.httpPort, config.edge.httpsPort]).toEqual([false, 443]);
    expect(config.certificates).toMatchObject({ challenge: "tls-alpn-01" });
  });

  it("limits signing in, uploads and streams more than the rest of the API", () => {
    const aSecond = (path: string): number => {
      const { average = Infinity, periodSeconds = 1 } = routes.get(path)?.rateLimit ?? {};
      return average / periodSeconds;
    };
    expect(aSecond("/api")).toBe(50);
    for (const path of [
      "/auth",
      "/auth/login",
      "/auth/oauth/start",
      "/auth/oauth/callback",
      "/api/documents/upload",
      "/api/training/upload",
      "/api/members/import",
      "/api/events",
    ])
      expect([path, aSecond(path) <= 1]).toEqual([path, true]);
    expect(routes.get("/api/events")).toMatchObject({ inFlight: { perClient: 6, total: 500 }, webSocket: false });
  });

  it("opens the administration to two networks and two passwords, and nothing else needs one", () => {
    expect([...routes].filter(([, { access }]) => access !== undefined).map(([path]) => path)).toEqual(["/admin"]);
    expect(routes.get("/admin")?.access?.basicAuth?.users).toEqual(["anna", "ben"]);
  });

  it("keeps tenants apart by a column, and names what belongs to none", () => {
    expect(config.database.tenancy).toMatchObject({ column: "amo_id", variable: "app.amo_id" });
    expect(config.database.tenancy?.sharedTables).toEqual(["app.alembic_version", "app.amos"]);
  });

  it("is valid with an elevation, as its comment writes it", () => {
    const text = read("examples/amo-portal.yaml");
    const commented = /^ {4}# (elevations:| {2}- \{ who: )/gm;
    expect(text.match(commented)).toHaveLength(2);
    const directory = mkdtempSync(join(tmpdir(), "rampart-example-"));
    try {
      const file = join(directory, "amo-portal.yaml");
      const until = new Date(Date.now() + 3_600_000).toISOString();
      writeFileSync(
        file,
        text.replace(commented, "    $1").replace(/2026-12-01T18:00:00Z/, until.replace(/\.\d+/, "")),
      );
      expect(load("amo-portal", file).database.elevations).toMatchObject([{ who: "anna", role: "app_ro" }]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("examples/kitiumai-docker.yaml", () => {
  const config = load("kitiumai-docker", "examples/kitiumai-docker.yaml");
  const { api } = config.services;

  it("is held to production's rules, and pulls with a login of its own", () => {
    expect([config.environment, config.certificates]).toEqual(["prod", "letsencrypt"]);
    expect(config.registries["docker.io"]).toEqual({
      username: "kitium-deploy",
      password: { config: "registryToken" },
    });
  });

  it("runs the application's programs as 1000:1000, within limits", () => {
    expect([api?.user, config.migration?.user]).toEqual(["1000:1000", "1000:1000"]);
    expect(api?.resources).toEqual({ memoryMiB: 512, cpus: 1, pids: 128 });
  });

  it("backs up every day to another machine, and restores for practice every week", () => {
    expect(config.database.backups).toMatchObject({ at: "02:30", drillEveryDays: 7 });
    expect(JSON.stringify(config.database.backups)).toContain("s3:https://");
  });

  it("sends logs to syslog over TLS, and alerts to somebody", () => {
    expect(config.logging.sink).toMatchObject({ syslog: { tls: true } });
    expect(config.monitoring).toMatchObject({ email: { to: ["ops@example.com"] } });
  });

  it("takes Redis and the API's origins as strictly as the guidelines ask", () => {
    expect(config.redis.tls).toBe(true);
    expect(api?.cache).toMatchObject({ sessions: ["sess:"] });
    expect(api?.routes.map(({ cors }) => cors?.allowedOrigins)).toEqual(
      Array.from({ length: 3 }, () => ["https://app.example.com"]),
    );
  });

  it("limits signing in to ten attempts a minute", () => {
    const login = api?.routes.find(({ pathPrefix }) => pathPrefix === "/auth/login");
    expect(login?.rateLimit).toEqual({ average: 10, burst: 10, periodSeconds: 60 });
  });
});
