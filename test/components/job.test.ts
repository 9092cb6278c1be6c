import { HardenedStack } from "../../components";
import {
  configOf,
  IMAGE,
  labelsOf,
  networksOf,
  once,
  record,
  SERVICE,
  uploadsOf,
  withLocalEngine,
  type Recording,
} from "./support";

withLocalEngine();

const JOBS = {
  sweep: { image: IMAGE, command: ["sweep"], schedule: "0 3 * * *", data: "read-write", cache: true },
  mail: { image: IMAGE, schedule: "@hourly", egress: true, deadlineSeconds: 60, overlap: "replace" },
  seed: { image: IMAGE, once: "v1", data: "read-only", secrets: { TOKEN: "generated" } },
};

const stack = (values: Record<string, unknown>): Promise<Recording> =>
  record(
    () => new HardenedStack(configOf({ dockerSocketGroup: 998, services: { api: SERVICE }, ...values }, "dev")),
    "dev",
  );
const full = once(() => stack({ jobs: JOBS, migration: { image: IMAGE, command: ["migrate"] } }));
const monitored = once(() => stack({ jobs: JOBS, monitoring: true }));

const SCHEDULER = "Container rampart-dev-job-scheduler";

describe("a job", () => {
  test("is a container that is not started, on the networks of what it uses, and on no other", async () => {
    const recording = await full();
    for (const [name, networks] of [
      ["sweep", { "rampart-dev-internal": [] }],
      ["mail", { "rampart-dev-egress": [] }],
      ["seed", { "rampart-dev-internal": [] }],
    ] as const) {
      const container = recording.get(`Container rampart-dev-${name}`);
      expect(container.inputs).toMatchObject({
        start: false,
        mustRun: false,
        restart: "no",
        readOnly: true,
        ports: [],
      });
      expect(networksOf(container)).toEqual(networks);
      expect(labelsOf(container)).toMatchObject({ "io.rampart.component": "job", "io.rampart.name": name });
    }
  });

  test("gets its URLs as files, and its key prefix", async () => {
    const { inputs } = (await full()).get("Container rampart-dev-sweep");
    expect(inputs["envs"]).toEqual([
      "DATABASE_CA_FILE=/run/secrets/database_ca",
      "DATABASE_URL_FILE=/run/secrets/database_url",
      "REDIS_KEY_PREFIX=sweep:",
      "REDIS_URL_FILE=/run/secrets/redis_url",
    ]);
  });

  test("that runs once has a receipt whose hook runs it; another text is another receipt", async () => {
    const recording = await full();
    const receipt = recording.get("RandomId rampart-dev-seed-receipt");
    expect(receipt.hooks).toEqual({ beforeCreate: ["rampart-dev-seed-run"] });
    expect(receipt.inputs["keepers"]).toMatchObject({ once: "v1" });
    expect(recording.names).not.toContain("RandomId rampart-dev-sweep-receipt");
    // After the migration, whose guard it waits for.
    const { dependsOn } = recording.get("Container rampart-dev-seed");
    expect(dependsOn).toContain("RandomId rampart-dev-database-guard");
  });
});

describe("the scheduler", () => {
  test("has the socket, a reason for it, and no network", async () => {
    const container = (await full()).get(SCHEDULER);
    expect(container).toMatchObject({ deleteBeforeReplace: true });
    expect(container.inputs).toMatchObject({ user: "99:998", networkMode: "none", readOnly: true });
    expect(networksOf(container)).toEqual({});
    expect(labelsOf(container)["io.rampart.accepted.cis-5.32"]).toContain("each by its id");
  });

  test("knows the containers of scheduled jobs by their ids, and those only", async () => {
    const recording = await full();
    const files = Object.entries(uploadsOf(recording, "rampart-dev-job-scheduler-config"));
    const text = (name: string): string => files.find(([file]) => file.endsWith(name))?.[1] ?? "";
    expect([...text("jobs.lua").matchAll(/^ {4}name = "(.*)"/gm)].map(([, name]) => name)).toEqual(["mail", "sweep"]);
    const ids = [...text("jobs.lua").matchAll(/^ {4}id = "(.+)"/gm)].map(([, id]) => id ?? "");
    expect(ids).toHaveLength(2);
    for (const id of ids) expect(text("haproxy.cfg")).toContain(`{ path /containers/${id}/start }`);
    expect(recording.get(SCHEDULER).dependsOn).toContain("Container rampart-dev-job-scheduler-config-carrier");
  });

  test("is on the network of what measures, and Prometheus has rules of its own for it", async () => {
    const recording = await monitored();
    expect(Object.keys(networksOf(recording.get(SCHEDULER)))).toEqual(["rampart-dev-monitoring"]);
    const prometheus = recording.get("Container rampart-dev-monitoring-prometheus-config-carrier");
    expect(JSON.stringify(prometheus.inputs["uploads"])).toContain("JobMissed");
  });

  test("is not there without a schedule, and neither are its rules", async () => {
    const { seed } = JOBS;
    const recording = await stack({ jobs: { seed }, monitoring: true });
    expect(recording.names).not.toContain(SCHEDULER);
    const prometheus = recording.get("Container rampart-dev-monitoring-prometheus-config-carrier");
    expect(JSON.stringify(prometheus.inputs["uploads"])).not.toContain("JobMissed");
  });
});
