import * as pulumi from "@pulumi/pulumi";
import { DatabaseRoles, DataVolume } from "../../components";
import { configOf, once, record, shortName, surroundings, withLocalEngine, type Recording } from "./support";

withLocalEngine();

const PASSWORD = "SuperuserPasswordInClear";

function roles(values: Record<string, unknown> = {}): Promise<Recording> {
  return record(() => {
    const { context } = surroundings(configOf(values));
    const volume = new DataVolume("data", context, { owner: "postgres", protect: false, shared: true });
    return new DatabaseRoles("rampart-dev-roles", context, {
      host: "10.20.2.10",
      port: 5432,
      superuserPassword: pulumi.secret(PASSWORD),
      secrets: context.secrets,
      dependsOn: [volume.ready],
      deletedWith: volume.volume,
    });
  });
}

const plain = once(() => roles());

const owned = (recording: Recording): Recording["resources"] => recording.resources.filter(({ type }) => type.startsWith("postgresql:"));

describe("DatabaseRoles", () => {
  test("makes three roles, none of which is more than it must be", async () => {
    const created = (await plain()).ofType("Role");
    expect(created.map(({ inputs }) => inputs["name"]).sort()).toEqual(["app_ro", "app_rw", "migrator"]);
    for (const { inputs } of created) {
      expect(inputs).toMatchObject({ login: true, superuser: false, createDatabase: false, createRole: false, replication: false, bypassRowLevelSecurity: false, roles: [], searchPaths: ["app"], password: "[secret]" });
    }
  });

  test("limits them as the configuration says", async () => {
    const recording = await roles({ database: { schema: "shop", connectionLimits: { migrator: 2, app_rw: 30, app_ro: 7 }, statementTimeoutMs: 1500, idleInTransactionTimeoutMs: 2500 } });
    const limits = Object.fromEntries(recording.ofType("Role").map(({ inputs }) => [String(inputs["name"]), [inputs["connectionLimit"], inputs["statementTimeout"], inputs["idleInTransactionSessionTimeout"]]]));
    expect(limits).toEqual({ migrator: [2, 3_600_000, 300_000], app_rw: [30, 1500, 2500], app_ro: [7, 120_000, 60_000] });
    expect(recording.inputs("Schema rampart-dev-roles-schema")).toEqual({ database: "app", name: "shop", owner: "migrator" });
  });

  test("reads, writes and migrates by separate grants; PUBLIC has nothing", async () => {
    const recording = await plain();
    const privileges = (name: string): unknown => recording.inputs(name)["privileges"];
    expect(privileges("DefaultPrivileges rampart-dev-roles-default-app_ro-tables")).toEqual(["SELECT"]);
    expect(privileges("DefaultPrivileges rampart-dev-roles-default-app_rw-tables")).toEqual(["DELETE", "INSERT", "SELECT", "UPDATE"]);
    expect(privileges("Grant rampart-dev-roles-app_rw-schema")).toEqual(["USAGE"]);
    const toPublic = owned(recording).filter(({ inputs }) => inputs["role"] === "public");
    expect(toPublic.length).toBeGreaterThan(5);
    for (const { inputs } of toPublic) expect(inputs["privileges"]).toEqual([]);
    expect(owned(recording).filter(({ inputs }) => JSON.stringify(inputs["privileges"] ?? []).match(/CREATE|TRUNCATE|ALL/))).toEqual([]);
  });

  test("reach the server as superuser, through a provider of their own whose password is secret", async () => {
    const recording = await plain();
    expect(recording.inputs("postgresql rampart-dev-roles-provider")).toEqual({
      host: "10.20.2.10", port: "5432", username: "postgres", password: "[secret]", sslmode: "disable", superuser: "true", connectTimeout: "15", maxConnections: "4",
    });
    for (const resource of owned(recording)) expect(resource).toMatchObject({ provider: "postgresql rampart-dev-roles-provider", deletedWith: "Volume data" });
    expect(JSON.stringify(recording.resources)).not.toContain(PASSWORD);
  });

  test("wait for a server that answers, and are granted one after the other", async () => {
    const recording = await plain();
    for (const role of recording.ofType("Role")) expect(role.dependsOn).toContain("Container data-carrier");
    const chain = owned(recording).filter(({ type }) => shortName(type) !== "Role");
    expect(chain.length).toBeGreaterThan(15);
    chain.forEach(({ type, name, dependsOn }, index) => {
      const label = `${shortName(type)} ${name}`;
      expect(dependsOn).toEqual(expect.arrayContaining(["Role rampart-dev-roles-app_ro", "Role rampart-dev-roles-app_rw", "Role rampart-dev-roles-migrator"]));
      const before = chain[index - 1];
      if (before === undefined) expect(label).toBe("Schema rampart-dev-roles-schema");
      else expect(dependsOn).toContain(`${shortName(before.type)} ${before.name}`);
    });
  });

  test("are forgotten, never dropped: whether the data goes is the volume's to say", async () => {
    const recording = await plain();
    const kept = owned(recording).filter(({ retainOnDelete }) => retainOnDelete).map(({ type }) => shortName(type)).sort();
    expect(kept).toEqual(["Role", "Role", "Role", "Schema"]);
    expect(recording.resources.filter(({ protect }) => protect)).toEqual([]);
  });

  test("store a verifier with a salt each, not the password", async () => {
    const recording = await plain();
    expect(recording.ofType("RandomBytes").map(({ name, inputs }) => [name, inputs["length"]]).sort()).toEqual([
      ["rampart-dev-roles-app_ro-salt", 16],
      ["rampart-dev-roles-app_rw-salt", 16],
      ["rampart-dev-roles-migrator-salt", 16],
    ]);
    for (const role of ["migrator", "app_rw", "app_ro"]) {
      expect(recording.get(`Role rampart-dev-roles-${role}`).dependsOn).toEqual(expect.arrayContaining([`RandomBytes rampart-dev-roles-${role}-salt`, `RandomPassword rampart-dev-secrets-${role.replace("_", "-")}`]));
    }
  });
});
