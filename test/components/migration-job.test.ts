import { DataVolume, MigrationJob } from "../../components";
import {
  configOf,
  IMAGE,
  labelsOf,
  networksOf,
  once,
  record,
  surroundings,
  withLocalEngine,
  type Recording,
} from "./support";

withLocalEngine();

function job(settings: Record<string, unknown> = {}): Promise<Recording> {
  return record(() => {
    const config = configOf({
      migration: { image: IMAGE, command: ["migrate"], timeoutSeconds: 300, ...settings },
      database: { schema: "shop" },
    });
    const { context, networks } = surroundings(config);
    if (config.migration === undefined) throw new Error("there is no migration");
    const before = new DataVolume("roles", context, { owner: "roles", protect: false, shared: false });
    const databaseUrl = context.secrets.password("migrator").apply((password) => `in-clear://${password}`);
    return new MigrationJob("rampart-dev-migration", context, {
      config: config.migration,
      networks,
      secrets: context.secrets,
      urls: { DATABASE_URL: databaseUrl },
      sharedVolumes: {},
      dependsOn: [before.volume],
    });
  });
}

const plain = once(() => job());

describe("MigrationJob", () => {
  test("creates a container that is not started: the receipt's hook runs it", async () => {
    const container = (await plain()).get("Container rampart-dev-migration");
    expect(container.inputs).toMatchObject({
      image: IMAGE,
      command: ["migrate"],
      start: false,
      mustRun: false,
      restart: "no",
      ports: [],
      readOnly: true,
    });
    for (const absent of ["wait", "healthcheck", "maxRetryCount"]) expect(container.inputs).not.toHaveProperty(absent);
    expect(container).toMatchObject({ deleteBeforeReplace: false, hooks: { afterCreate: ["rampart-dev-pids-limit"] } });
    expect(labelsOf(container)).toMatchObject({ "io.rampart.component": "job", "io.rampart.name": "migration" });
  });

  test("is only on the internal network, with the migrator's URL in a file", async () => {
    const recording = await plain();
    const container = recording.get("Container rampart-dev-migration");
    expect(networksOf(container)).toEqual({ "rampart-dev-internal": [] });
    expect(container.inputs["envs"]).toEqual(["DATABASE_URL_FILE=/run/secrets/database_url", "DB_SCHEMA=shop"]);
    expect(recording.inputs("Container rampart-dev-migration-secrets-carrier")["uploads"]).toEqual([
      { content: "[secret]", file: "/files/database_url", permissions: "0444" },
    ]);
    expect(JSON.stringify(recording.resources)).not.toContain("in-clear");
  });

  test("runs after the roles, and again with another container, which is made before them", async () => {
    const recording = await plain();
    expect(recording.get("Container rampart-dev-migration").dependsOn).toEqual(
      expect.arrayContaining(["Container rampart-dev-migration-secrets-carrier"]),
    );
    expect(recording.waitsFor("Container rampart-dev-migration", "Volume roles")).toBe(false);
    expect(recording.get("RandomId rampart-dev-migration-receipt")).toMatchObject({
      inputs: { byteLength: 4, keepers: { container: "rampart-dev-migration-id" } },
      dependsOn: ["Container rampart-dev-migration", "Volume roles"],
      hooks: { beforeCreate: ["rampart-dev-migration-run"] },
      parentType: "rampart:job:MigrationJob",
    });
  });

  test("lets its own environment come before the schema's name", async () => {
    const recording = await job({ environment: { DB_SCHEMA: "other", NODE_ENV: "production" } });
    expect(recording.inputs("Container rampart-dev-migration")["envs"]).toEqual([
      "DATABASE_URL_FILE=/run/secrets/database_url",
      "DB_SCHEMA=other",
      "NODE_ENV=production",
    ]);
  });
});
