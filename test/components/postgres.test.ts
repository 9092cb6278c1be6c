import * as pulumi from "@pulumi/pulumi";
import { Postgres, type PostgresArgs } from "../../components";
import {
  authority,
  configOf,
  labelsOf,
  networksOf,
  once,
  PROD,
  record,
  surroundings,
  withLocalEngine,
  type Recording,
} from "./support";
import { hbaFile } from "../../resources/database";

withLocalEngine();

const PASSWORD = "SuperuserPasswordInClear";

function postgres(
  args: Partial<PostgresArgs> = {},
  values: Record<string, unknown> = {},
  stack = "dev",
): Promise<Recording> {
  return record(() => {
    const { context, networks, plan } = surroundings(configOf({ network: { pool: "10.20.0.0/16" }, ...values }, stack));
    return new Postgres("rampart-dev-postgres", context, {
      networks,
      networkPlan: plan,
      address: "10.20.12.10",
      password: pulumi.secret(PASSWORD),
      authority: authority(),
      ...args,
    });
  }, stack);
}

const plain = once(() => postgres());

async function hba(
  values: Record<string, unknown>,
  args: { readonly forwarderAddress?: string } = {},
): Promise<string> {
  let text = "";
  await record(() => {
    const { context, plan } = surroundings(configOf({ network: { pool: "10.20.0.0/16" }, ...values }));
    text = hbaFile(context.config, { networkPlan: plan, ...args });
  });
  return text;
}

const fileOf = (recording: Recording, file: string): string => {
  const uploads = recording.inputs("Container rampart-dev-postgres-config-carrier")["uploads"] as {
    file: string;
    content: string;
  }[];
  return uploads.find((upload) => upload.file === `/files/${file}`)?.content ?? "";
};

describe("Postgres", () => {
  test("is only on the internal network, at its address, and publishes nothing", async () => {
    const container = (await plain()).get("Container rampart-dev-postgres");
    expect(networksOf(container)).toEqual({ "rampart-dev-internal": ["postgres"] });
    expect(container.inputs).toMatchObject({
      networksAdvanced: [{ ipv4Address: "10.20.12.10" }],
      ports: [],
      user: "70:70",
      readOnly: true,
      memory: 512,
      memorySwap: 512,
      stopSignal: "SIGINT",
      destroyGraceSeconds: 60,
    });
    expect(labelsOf(container)).toEqual({
      "io.rampart.component": "postgres",
      "io.rampart.name": "postgres",
      "io.rampart.pids-limit": "256",
      "io.rampart.stack": "dev",
    });
  });

  test("finds its password in a file, and shows it nowhere", async () => {
    const recording = await plain();
    expect(recording.inputs("Container rampart-dev-postgres")["envs"]).toContain(
      "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_password",
    );
    const uploads = recording.inputs("Container rampart-dev-postgres-live-carrier")["uploads"] as {
      content: string;
      file: string;
    }[];
    expect(uploads.map(({ file, content }) => [file, content])).toEqual(
      ["ca.crt", "pg_hba.conf", "postgres_password", "server.crt", "server.key"].map((file) => [
        `/files/${file}`,
        "[secret]",
      ]),
    );
    expect(JSON.stringify(recording.resources)).not.toContain(PASSWORD);
  });

  test("answers over TCP before anything that needs it is started", async () => {
    const { inputs } = (await plain()).get("Container rampart-dev-postgres");
    expect((inputs["healthcheck"] as { tests: string[] }).tests).toEqual(
      expect.arrayContaining(["CMD", "pg_isready", "--host=127.0.0.1"]),
    );
  });

  test("stops before its successor starts, which waits for its files", async () => {
    const recording = await plain();
    expect(recording.get("Container rampart-dev-postgres").deleteBeforeReplace).toBe(true);
    for (const before of [
      "Container rampart-dev-postgres-config-carrier",
      "Container rampart-dev-postgres-live-carrier",
      "RandomId rampart-dev-postgres-live-applied",
      "Volume rampart-dev-postgres-data",
    ]) {
      expect(recording.waitsFor("Container rampart-dev-postgres", before)).toBe(true);
    }
  });

  test("takes the superuser only from the network's gateway, and from the forwarder where there is one", async () => {
    const superuser = (hba: string): string[] =>
      hba
        .split("\n")
        .filter((line) => /^hostssl\s+app,postgres,template1\s+postgres\s.*scram/.test(line))
        .map((line) => line.split(/\s+/)[3] ?? "");
    expect(superuser(await hba({}))).toEqual(["127.0.0.1/32", "10.20.12.1/32"]);
    expect(superuser(await hba({}, { forwarderAddress: "10.20.12.11" }))).toEqual([
      "127.0.0.1/32",
      "10.20.12.1/32",
      "10.20.12.11/32",
    ]);
  });

  test("takes roles and their members only from the internal subnet, and only for the stack's databases", async () => {
    const lines = async (database: object): Promise<string[]> =>
      (await hba({ database }))
        .split("\n")
        .filter((line) => line.includes(" +"))
        .map((line) => line.split(/\s+/).slice(1, 4).join(" "));
    const shop = ["migrator", "app_rw", "app_ro", "backup", "monitor"].map((role) => `shop +${role} 10.20.12.0/22`);
    expect(await lines({ name: "shop" })).toEqual(shop);
    expect((await hba({})).split("\n").filter((line) => /^host /.test(line) && !line.endsWith("reject"))).toEqual([]);
    const elevated = {
      elevations: [{ who: "anna", role: "app_ro", until: "2020-01-01T00:00:00Z", reason: "ticket 4711: look" }],
    };
    expect(await lines({ name: "shop", ...elevated })).toEqual([...shop, "postgres +elevation_watch 10.20.12.0/22"]);
    expect(await lines({ name: "shop", databases: { analytics: {} } })).toEqual([
      ...shop,
      ...shop.map((line) => line.replace("shop", "analytics")),
    ]);
  });

  test("listens where its health check and the internal network are, and nowhere else", async () => {
    expect(fileOf(await plain(), "postgresql.conf")).toContain("\nlisten_addresses = '127.0.0.1,10.20.12.10'\n");
  });

  test("is sized by its memory limit", async () => {
    expect(fileOf(await plain(), "postgresql.conf")).toContain("shared_buffers = '128MB'");
    expect(fileOf(await postgres({}, { database: { resources: { memoryMiB: 2048 } } }), "postgresql.conf")).toContain(
      "shared_buffers = '512MB'",
    );
  });

  test("keeps its data in production, and lets go of it in dev", async () => {
    expect((await postgres({}, PROD, "prod")).get("Volume rampart-dev-postgres-data")).toMatchObject({
      protect: true,
      retainOnDelete: true,
    });
    const dev = await plain();
    expect(dev.get("Volume rampart-dev-postgres-data")).toMatchObject({ protect: false, retainOnDelete: false });
    // What is made again from nothing never gets in the way of an upgrade.
    expect(dev.resources.filter(({ protect }) => protect)).toEqual([]);
  });

  test("needs an internal network", async () => {
    await record(() => {
      const { context, networks } = surroundings(configOf({}));
      const broken = (): Postgres =>
        new Postgres("p", context, {
          networks,
          networkPlan: [],
          address: "10.20.12.10",
          password: pulumi.secret(PASSWORD),
          authority: authority(),
        });
      expect(broken).toThrow("the plan of the networks has no internal network");
    });
  });
});
