import * as pulumi from "@pulumi/pulumi";
import { DatabaseRoles, DataVolume } from "../../components";
import {
  authority,
  configOf,
  once,
  record,
  SERVICE,
  shortName,
  surroundings,
  withLocalEngine,
  type Recording,
  type Registered,
} from "./support";

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
      authority: authority(),
      secrets: context.secrets,
      dependsOn: [volume.ready],
      deletedWith: volume.volume,
    });
  });
}

const plain = once(() => roles());
const further = once(() =>
  roles({
    database: { schemas: ["audit"], extensions: ["pg_trgm"], databases: { analytics: { schemas: ["facts"] } } },
  }),
);
const labelOf = (resource: Registered | undefined): string =>
  resource === undefined ? "none" : `${shortName(resource.type)} ${resource.name}`;

const USERS = {
  services: { api: { ...SERVICE, data: "read-write" }, reports: { ...SERVICE, data: "read-only" }, web: SERVICE },
};
const ROLES = ["app_ro", "app_rw", "backup", "migrator", "monitor"];
const passwordOf = (role: string): string =>
  ({ app_rw: "app-rw", app_ro: "app-ro", backup: "database-backup", monitor: "database-monitor" })[role] ?? role;
/** The login of a role, whose logical name ends in a digest of the rotation's key. */
const loginOf = (recording: Recording, role: string): Registered => {
  const [login, ...more] = recording
    .ofType("Role")
    .filter(({ name }) => name.startsWith(`rampart-dev-roles-${role}-login-`));
  if (login === undefined || more.length > 0) throw new Error(`${more.length + 1} logins of ${role}`);
  return login;
};

const owned = (recording: Recording): Recording["resources"] =>
  recording.resources.filter(({ type }) => type.startsWith("postgresql:"));

describe("DatabaseRoles", () => {
  test("makes five roles, none of which is more than it must be", async () => {
    const created = (await plain()).ofType("Role");
    expect(created.map(({ inputs }) => inputs["name"]).sort()).toEqual(ROLES);
    for (const { inputs } of created) {
      const { name } = inputs;
      expect(inputs).toMatchObject({
        login: true,
        superuser: false,
        createDatabase: false,
        createRole: false,
        replication: false,
        bypassRowLevelSecurity: name === "backup",
        roles: name === "monitor" ? ["pg_monitor"] : [],
        searchPaths: ["app"],
        password: "[secret]",
      });
    }
  });

  test("makes a login for each role that a service uses: a member of it, dropped when no longer named", async () => {
    const recording = await roles(USERS);
    expect(recording.ofType("Role")).toHaveLength(ROLES.length + 2);
    for (const role of ["app_rw", "app_ro"]) {
      const login = loginOf(recording, role);
      const own = recording.inputs(`Role rampart-dev-roles-${role}`);
      expect(String(login.inputs["name"])).toMatch(new RegExp(`^${role}_[0-9a-f]{8}$`));
      expect(login.inputs).toEqual({
        ...own,
        name: login.inputs["name"],
        roles: [role],
        assumeRole: role,
        skipReassignOwned: true,
      });
      expect(login).toMatchObject({ retainOnDelete: false, deletedWith: "Volume data", replaceOnChanges: ["name"] });
      expect(login.dependsOn).toEqual(
        expect.arrayContaining([
          `Role rampart-dev-roles-${role}`,
          `RandomPassword rampart-dev-secrets-${login.name.replace("rampart-dev-roles-", "").replace("_", "-")}`,
        ]),
      );
      expect(login.dependsOn).not.toContain(`RandomPassword rampart-dev-secrets-${passwordOf(role)}`);
    }
    expect(
      (await roles({ services: { reports: USERS.services.reports } }))
        .ofType("Role")
        .map(({ inputs }) => String(inputs["name"]).slice(0, 6))
        .sort(),
    ).toEqual(["app_ro", "app_ro", "app_rw", "backup", "migrat", "monito"]);
  });

  test("makes another login and other passwords for another key under rotation", async () => {
    const before = await roles(USERS);
    const names = (recording: Recording): string[] =>
      ["app_rw", "app_ro"].flatMap((role) => [
        loginOf(recording, role).name,
        String(loginOf(recording, role).inputs["name"]),
      ]);
    const keepers = (recording: Recording): Record<string, unknown> =>
      Object.fromEntries(
        ROLES.map((role) => [
          role,
          recording.inputs(`RandomPassword rampart-dev-secrets-${passwordOf(role)}`)["keepers"],
        ]),
      );
    expect(keepers(before)).toEqual({});
    const one = await roles({ ...USERS, rotation: { roles: { app_rw: "2" } } });
    expect(keepers(one)).toEqual({ app_rw: { rotation: "/2" } });
    expect(names(one).slice(2)).toEqual(names(before).slice(2));
    names(one)
      .slice(0, 2)
      .forEach((name, index) => expect(name).not.toBe(names(before)[index]));
    const all = await roles({ ...USERS, rotation: { everything: "2", roles: { app_rw: "2" } } });
    expect(keepers(all)).toEqual({
      migrator: { rotation: "2/" },
      app_rw: { rotation: "2/2" },
      app_ro: { rotation: "2/" },
      backup: { rotation: "2/" },
      monitor: { rotation: "2/" },
    });
    expect(new Set([...names(before), ...names(one), ...names(all)]).size).toBe(10);
  });

  test("makes further schemas, databases and extensions, and keeps the names of what was there", async () => {
    const recording = await roles({
      database: {
        schemas: ["audit"],
        extensions: ["uuid-ossp", "earthdistance"],
        databases: { analytics: { schemas: ["main"], extensions: ["citext"] } },
      },
    });
    expect(recording.names).toEqual(expect.arrayContaining((await plain()).names));
    expect(recording.inputs("Database rampart-dev-roles-database-analytics")).toEqual({
      name: "analytics",
      owner: "postgres",
    });
    const made = (type: string): unknown[] =>
      recording
        .ofType(type)
        .map(({ name, inputs }) => [
          name.replace("rampart-dev-roles-", ""),
          ...["database", "name", "owner", "schema"].flatMap((key) => inputs[key] ?? []),
        ]);
    expect(made("Schema")).toEqual([
      ["schema", "app", "app", "migrator"],
      ["schema-audit", "app", "audit", "migrator"],
      ["schema-extensions", "app", "extensions", "postgres"],
      ["schema-analytics-main", "analytics", "main", "migrator"],
      ["schema-analytics-extensions", "analytics", "extensions", "postgres"],
    ]);
    expect(made("Extension")).toEqual([
      ["extension-cube", "app", "cube", "extensions"],
      ["extension-earthdistance", "app", "earthdistance", "extensions"],
      ["extension-uuid-ossp", "app", "uuid-ossp", "extensions"],
      ["extension-analytics-citext", "analytics", "citext", "extensions"],
    ]);
    for (const { inputs } of recording.ofType("Role"))
      expect(inputs["searchPaths"]).toEqual(["app", "audit", "main", "extensions"]);
    const kept = [...recording.ofType("Database"), ...recording.ofType("Schema"), ...recording.ofType("Extension")];
    expect(kept.filter(({ retainOnDelete }) => !retainOnDelete)).toEqual([]);
    const privileges = (name: string): unknown => recording.inputs(`Grant rampart-dev-roles-${name}`)["privileges"];
    expect(
      [
        "backup-database-analytics",
        "monitor-database-analytics",
        "public-database-analytics",
        "app_rw-schema-analytics-main",
        "backup-schema-audit",
        "public-schema-extensions",
      ].map(privileges),
    ).toEqual([["CONNECT"], ["CONNECT"], [], ["USAGE"], ["USAGE"], []]);
    expect(recording.names.filter((name) => /^Grant .*monitor-schema/.test(name))).toEqual([]);
  });

  test("limits the roles as the configuration says", async () => {
    const recording = await roles({
      database: {
        schema: "shop",
        connectionLimits: { migrator: 2, app_rw: 30, app_ro: 7 },
        statementTimeoutMs: 1500,
        idleInTransactionTimeoutMs: 2500,
      },
    });
    const limits = Object.fromEntries(
      recording
        .ofType("Role")
        .map(({ inputs }) => [
          String(inputs["name"]),
          [inputs["connectionLimit"], inputs["statementTimeout"], inputs["idleInTransactionSessionTimeout"]],
        ]),
    );
    expect(limits).toEqual({
      migrator: [2, 3_600_000, 300_000],
      app_rw: [30, 1500, 2500],
      app_ro: [7, 120_000, 60_000],
      backup: [4, 0, 3_600_000],
      monitor: [3, 30_000, 60_000],
    });
    expect(recording.inputs("Schema rampart-dev-roles-schema")).toEqual({
      database: "app",
      name: "shop",
      owner: "migrator",
    });
  });

  test("reads, writes and migrates by separate grants; PUBLIC has nothing", async () => {
    const recording = await plain();
    const privileges = (name: string): unknown => recording.inputs(name)["privileges"];
    expect(privileges("DefaultPrivileges rampart-dev-roles-default-app_ro-tables")).toEqual(["SELECT"]);
    expect(privileges("DefaultPrivileges rampart-dev-roles-default-app_rw-tables")).toEqual([
      "DELETE",
      "INSERT",
      "SELECT",
      "UPDATE",
    ]);
    expect(privileges("Grant rampart-dev-roles-app_rw-schema")).toEqual(["USAGE"]);
    const toPublic = owned(recording).filter(({ inputs }) => inputs["role"] === "public");
    expect(toPublic.length).toBeGreaterThan(5);
    for (const { inputs } of toPublic) expect(inputs["privileges"]).toEqual([]);
    expect(
      owned(recording).filter(({ inputs }) => JSON.stringify(inputs["privileges"] ?? []).match(/CREATE|TRUNCATE|ALL/)),
    ).toEqual([]);
  });

  test("reaches the server as superuser, through a provider of its own whose password is secret", async () => {
    const recording = await plain();
    expect(recording.inputs("postgresql rampart-dev-roles-provider")).toEqual({
      host: "10.20.2.10",
      port: "5432",
      username: "postgres",
      password: "[secret]",
      sslmode: "verify-full",
      sslrootcert: expect.stringMatching(/^-----BEGIN CERTIFICATE-----/) as string,
      clientcert: "[secret]",
      superuser: "true",
      connectTimeout: "15",
      maxConnections: "4",
    });
    for (const resource of owned(recording))
      expect(resource).toMatchObject({ provider: "postgresql rampart-dev-roles-provider", deletedWith: "Volume data" });
    expect(JSON.stringify(recording.resources)).not.toContain(PASSWORD);
  });

  test("waits for a server that answers", async () => {
    const recording = await plain();
    for (const role of recording.ofType("Role")) expect(role.dependsOn).toContain("Container data-carrier");
  });

  test("grants privileges after the roles and objects that they name, and not after others", async () => {
    const recording = await further();
    const all = owned(recording).filter(({ type }) => shortName(type) !== "Role");
    const objects = all.filter(({ type }) => /Database|Schema|Extension/.test(shortName(type)));
    expect(objects.length).toBeGreaterThan(4);
    objects.slice(1).forEach(({ dependsOn }, index) => expect(dependsOn).toContain(labelOf(objects[index])));
    const [every, migrator] = [ROLES, ["migrator"]].map((roles) =>
      roles.map((role) => `Role rampart-dev-roles-${role}`),
    );
    for (const { type, inputs, dependsOn } of objects) {
      const roles = dependsOn.filter((label) => label.startsWith("Role ")).sort();
      // A schema needs its owner only; the extensions' is the superuser.
      const needed = inputs["owner"] === "migrator" ? migrator : [];
      expect(roles).toEqual(shortName(type) === "Schema" ? needed : [...(every ?? [])].sort());
    }
    const lastDatabase = labelOf(objects.filter(({ type }) => shortName(type) === "Database").at(-1));
    for (const { inputs, dependsOn } of all.filter((resource) => !objects.includes(resource))) {
      const { role, owner, schema } = inputs;
      for (const named of [role, owner].filter((one) => one !== undefined && one !== "public"))
        expect(dependsOn).toContain(`Role rampart-dev-roles-${String(named)}`);
      const alone = inputs["objectType"] !== "database" && schema === "public";
      if (alone) expect(dependsOn).toEqual(expect.arrayContaining(ROLES.map((one) => `Role rampart-dev-roles-${one}`)));
      const present = schema === undefined || schema === "public" || schema === "pg_catalog";
      // A new database is a copy of template1, in which nobody may work meanwhile.
      expect(dependsOn).toContain(present ? lastDatabase : labelOf(objects.at(-1)));
      expect(dependsOn).toContain("Container data-carrier");
    }
  });

  test("grants one privilege after the other where they change one row of the catalog, and only there", async () => {
    const recording = await further();
    const rows = new Map<string, Registered[]>();
    for (const resource of owned(recording).filter(({ type }) => /Grant|DefaultPrivileges/.test(shortName(type)))) {
      const { database, schema, objectType, owner } = resource.inputs;
      // The provider locks the database, and the owner of default privileges, by itself.
      const locked = objectType === "database" || owner !== undefined;
      const row = locked ? labelOf(resource) : [database, objectType, schema].join(" ");
      rows.set(row, [...(rows.get(row) ?? []), resource]);
    }
    // Schemas of 2 databases and of PostgreSQL's own two; large objects; grants on databases and default privileges.
    expect(rows.size).toBeGreaterThan(20);
    expect([...rows.values()].filter((chain) => chain.length > 2).length).toBeGreaterThan(3);
    for (const chain of rows.values())
      chain.forEach(({ dependsOn }, index) => {
        const others = dependsOn.filter((label) => /^(Grant|DefaultPrivileges) /.test(label));
        expect(others).toEqual(index === 0 ? [] : [labelOf(chain[index - 1])]);
      });
  });

  test("forgets roles and never drops them: whether the data goes is the volume's to say", async () => {
    const recording = await plain();
    const kept = owned(recording)
      .filter(({ retainOnDelete }) => retainOnDelete)
      .map(({ type }) => shortName(type))
      .sort();
    expect(kept).toEqual(["Role", "Role", "Role", "Role", "Role", "Schema"]);
    expect(recording.resources.filter(({ protect }) => protect)).toEqual([]);
  });

  test("stores a verifier with a salt for each role, not the password", async () => {
    const recording = await plain();
    expect(
      recording
        .ofType("RandomBytes")
        .filter(({ name }) => name.includes("-roles-"))
        .map(({ name, inputs }) => [name, inputs["length"]])
        .sort(),
    ).toEqual(ROLES.map((role) => [`rampart-dev-roles-${role}-salt`, 16]));
    for (const role of ROLES) {
      expect(recording.get(`Role rampart-dev-roles-${role}`).dependsOn).toEqual(
        expect.arrayContaining([
          `RandomBytes rampart-dev-roles-${role}-salt`,
          `RandomPassword rampart-dev-secrets-${passwordOf(role)}`,
        ]),
      );
    }
  });
});
