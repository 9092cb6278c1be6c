import * as pulumi from "@pulumi/pulumi";
import { HardenedStack } from "../../components";
import { usesDatabase, usesRedis } from "../../config";
import { postgresAddress } from "../../hardening/container/networks";
import {
  configOf,
  IMAGE,
  networksOf,
  once,
  PROD,
  record,
  recordPlain,
  SERVICE,
  shortName,
  withLocalEngine,
  type Recording,
} from "./support";

withLocalEngine();

const stack = (values: Record<string, unknown> = {}, name = "dev"): Promise<Recording> =>
  record(() => new HardenedStack(configOf(values, name)), name);

const route = { routes: [{ host: "app.localhost" }] };
const FULL = {
  dockerSocketGroup: 998,
  migration: { image: IMAGE, command: ["migrate"], secrets: { JWT_SECRET: "generated" } },
  services: {
    api: {
      ...SERVICE,
      ...route,
      data: "read-write",
      cache: true,
      secrets: { JWT_SECRET: "generated" },
      volumes: [{ name: "uploads", path: "/uploads" }],
    },
    frontend: { ...SERVICE, routes: [{ host: "www.localhost" }] },
    reports: { ...SERVICE, data: "read-only" },
    worker: {
      ...SERVICE,
      cache: { keyPrefixes: ["api:"] },
      egress: true,
      dockerApi: { allow: ["GET /_ping"] },
      volumes: [{ name: "uploads", path: "/uploads", readOnly: true }],
    },
  },
};
const full = once(() => stack(FULL));
const empty = once(() => stack());

const RECEIPT = "RandomId rampart-dev-migration-receipt";
const GUARD = "RandomId rampart-dev-database-guard";
const ROUTES = "Container rampart-dev-gateway-routes-carrier";

test("a service with a list of names gets a proxy of its own, whose address it knows by these names", async () => {
  const egress = ["api.stripe.com", "mail.example.org:465"];
  const recording = await stack({ network: { pool: "10.20.0.0/16" }, services: { api: { ...SERVICE, egress } } });
  const proxy = recording.get("Container rampart-dev-egress-api");
  const api = recording.get("Container rampart-dev-api");
  const hosts = api.inputs["hosts"] as { readonly host: string; readonly ip: string }[];
  expect(hosts.map(({ host }) => host)).toEqual(["api.stripe.com", "mail.example.org"]);
  const address = hosts[0]?.ip;
  expect(address).toMatch(/^10\.20\.\d+\.10$/);
  expect(hosts[1]?.ip).toBe(address);
  expect(proxy.inputs["networksAdvanced"]).toEqual([
    { name: "rampart-dev-egress" },
    { name: "rampart-dev-egress-api", ipv4Address: address },
  ]);
  expect(Object.keys(networksOf(api))).toEqual(["rampart-dev-internal", "rampart-dev-egress-api"]);
});

test("Redis' old passwords end only once every service runs and the gateway has left the old containers", async () => {
  const { dependsOn } = (await full()).get("RandomId rampart-dev-redis-users-settled");
  const healthy = ["api", "frontend", "reports", "worker", "gateway"].map(
    (name) => `RandomId rampart-dev-${name}-healthy`,
  );
  expect(dependsOn).toEqual(expect.arrayContaining([...healthy, ROUTES]));
});

describe("HardenedStack", () => {
  test("without services is an edge and a gateway, their networks and nothing to go with data", async () => {
    expect((await empty()).names).toEqual([
      "Container rampart-dev-edge",
      "Container rampart-dev-edge-config-carrier",
      "Container rampart-dev-edge-routes-carrier",
      "Container rampart-dev-gateway",
      "Container rampart-dev-gateway-config-carrier",
      "Container rampart-dev-gateway-routes-carrier",
      "DataVolume rampart-dev-edge-routes",
      "DataVolume rampart-dev-gateway-routes",
      "Edge rampart-dev-edge",
      "Gateway rampart-dev-gateway",
      "HardenedStack rampart-dev",
      "Images rampart-dev-images",
      "MountedFiles rampart-dev-edge-config",
      "MountedFiles rampart-dev-gateway-config",
      "Network rampart-dev-gateway",
      "Network rampart-dev-internal",
      "Network rampart-dev-proxy",
      "Network rampart-dev-public",
      "Networks rampart-dev",
      "RandomId rampart-dev-edge-healthy",
      "RandomId rampart-dev-gateway-healthy",
      "RandomPassword rampart-dev-secrets-salt",
      expect.stringMatching(/^RemoteImage rampart-dev-images-haproxy-/),
      expect.stringMatching(/^RemoteImage rampart-dev-images-traefik-/),
      "Secrets rampart-dev-secrets",
      "Volume rampart-dev-edge-config",
      "Volume rampart-dev-edge-routes",
      "Volume rampart-dev-gateway-config",
      "Volume rampart-dev-gateway-routes",
    ]);
  });

  test("has each part once where something asks for it", async () => {
    const recording = await full();
    const count = (type: string): number => recording.ofType(type).length;
    expect(
      [
        "Postgres",
        "DatabaseRoles",
        "Redis",
        "MigrationJob",
        "Edge",
        "Gateway",
        "Forwarder",
        "SocketProxy",
        "Service",
      ].map((type) => `${type} ${count(type)}`),
    ).toEqual([
      "Postgres 1",
      "DatabaseRoles 1",
      "Redis 1",
      "MigrationJob 1",
      "Edge 1",
      "Gateway 1",
      "Forwarder 0",
      "SocketProxy 1",
      "Service 4",
    ]);
    for (const { type, parent, name } of recording.resources) {
      if (type.startsWith("rampart:") && name !== "rampart-dev") expect(parent).not.toBe("");
    }
  });

  test("makes the database and the cache only where something uses them", () => {
    const uses = (values: Record<string, unknown>): boolean[] => [
      usesDatabase(configOf(values)),
      usesRedis(configOf(values)),
    ];
    expect(uses({ services: { api: SERVICE } })).toEqual([false, false]);
    expect(uses({ services: { api: { ...SERVICE, data: "read-only" } } })).toEqual([true, false]);
    expect(uses({ services: { api: { ...SERVICE, cache: true } } })).toEqual([false, true]);
    expect(uses({ migration: { image: IMAGE } })).toEqual([true, false]);
  });

  test("puts each container on the networks that it needs, and on no other", async () => {
    const running = (await full()).ofType("Container").filter(({ inputs }) => inputs["networkMode"] !== "none");
    expect(
      Object.fromEntries(
        running.map((container) => [
          container.name.replace("rampart-dev-", ""),
          Object.keys(networksOf(container))
            .map((name) => name.replace("rampart-dev-", ""))
            .join(),
        ]),
      ),
    ).toEqual({
      api: "proxy,internal",
      "docker-api-worker": "docker-api-worker",
      edge: "gateway",
      frontend: "proxy",
      gateway: "public,gateway,proxy",
      migration: "internal",
      postgres: "internal",
      redis: "internal",
      reports: "internal",
      worker: "internal,egress,docker-api-worker",
    });
  });

  test("gives the socket only to the socket proxy, and ports only to the gateway", async () => {
    const holders = (text: string): Promise<string[]> =>
      full().then((recording) =>
        recording
          .ofType("Container")
          .filter(({ inputs }) => JSON.stringify(inputs["volumes"]).includes(text))
          .map(({ name }) => name),
      );
    expect(await holders("docker.sock")).toEqual(["rampart-dev-docker-api-worker"]);
    const publishing = (await full())
      .ofType("Container")
      .filter(({ inputs }) => ((inputs["ports"] as unknown[] | undefined) ?? []).length > 0);
    expect(publishing.map(({ name }) => name)).toEqual(["rampart-dev-gateway"]);
  });

  test("gives a service the URLs that it earned, and the superuser's password only to Postgres", async () => {
    const recording = await full();
    const files = (name: string): string[] =>
      ((recording.inputs(`Container rampart-dev-${name}-secrets-carrier`)["uploads"] as { file: string }[]) ?? []).map(
        ({ file }) => file.replace("/files/", ""),
      );
    expect({
      api: files("api"),
      reports: files("reports"),
      worker: files("worker"),
      migration: files("migration"),
    }).toEqual({
      api: ["database_ca", "database_url", "jwt_secret", "redis_url"],
      reports: ["database_ca", "database_url"],
      worker: ["redis_url"],
      migration: ["database_ca", "database_url", "jwt_secret"],
    });
    expect(recording.names).not.toContain("MountedFiles rampart-dev-frontend-secrets");
    const readers = (password: string): string[] =>
      [
        ...recording.ofType("Volume"),
        ...recording.ofType("Container").filter(({ name }) => name.endsWith("-live-carrier")),
      ]
        .filter(({ dependsOn }) =>
          dependsOn.some(
            (one) => one.replace(/-login-[0-9a-f]{8}$/, "-login") === `RandomPassword rampart-dev-secrets-${password}`,
          ),
        )
        .map(({ name }) => name.replace("rampart-dev-", ""));
    expect(
      Object.fromEntries(
        [
          "postgres",
          "migrator",
          "app-rw",
          "app-ro",
          "app-rw-login",
          "app-ro-login",
          "redis-api",
          "redis-worker",
          "secret-jwt-secret",
        ].map((key) => [key, readers(key).sort().join()]),
      ),
    ).toEqual({
      postgres: "postgres-live-carrier",
      migrator: "migration-secrets",
      "app-rw": "",
      "app-ro": "",
      "app-rw-login": "api-secrets",
      "app-ro-login": "reports-secrets",
      "redis-api": "api-secrets,redis-live-carrier",
      "redis-worker": "redis-live-carrier,worker-secrets",
      "secret-jwt-secret": "api-secrets,migration-secrets",
    });
  });

  test("leads a service to the database that it names, and the migration to all", async () => {
    const services = {
      api: { ...SERVICE, data: "read-write" },
      stats: { ...SERVICE, data: "read-write", database: "analytics" },
    };
    const recording = await stack({
      database: { databases: { analytics: { schemas: ["main"] } } },
      migration: { image: IMAGE },
      services,
    });
    const envs = (name: string): string[] =>
      (recording.inputs(`Container rampart-dev-${name}`)["envs"] as string[]).filter((line) =>
        line.startsWith("DATABASE_URL"),
      );
    expect([envs("stats"), envs("migration")]).toEqual([
      ["DATABASE_URL_FILE=/run/secrets/database_url"],
      [
        "DATABASE_URL_ANALYTICS_FILE=/run/secrets/database_url_analytics",
        "DATABASE_URL_FILE=/run/secrets/database_url",
      ],
    ]);
    const volume = (name: string): unknown => recording.inputs(`Volume rampart-dev-${name}-secrets`)["name"];
    expect(volume("stats")).not.toBe(String(volume("api")).replace("api", "stats"));
  });

  test("drops a login only after the containers that use it: they depend on it", async () => {
    const recording = await full();
    const [login] = recording.ofType("Role").filter(({ name }) => name.includes("app_rw-login"));
    const label = `Role ${login?.name ?? ""}`;
    expect(recording.get("Container rampart-dev-api").dependsOn).toContain(label);
    // The files are written while the database still starts.
    expect(recording.waitsFor("Container rampart-dev-api-secrets-carrier", label)).toBe(false);
    expect(recording.waitsFor("Container rampart-dev-frontend", "Container rampart-dev-api")).toBe(false);
  });

  test("makes another superuser's password for another rotation key", async () => {
    const keepers = async (rotation: object): Promise<unknown> =>
      (await stack({ ...FULL, rotation })).inputs("RandomPassword rampart-dev-secrets-postgres")["keepers"];
    expect(await Promise.all([keepers({})])).toEqual([undefined]);
    expect(await keepers({ roles: { superuser: "3" } })).toEqual({ rotation: "/3" });
    expect(await keepers({ everything: "2" })).toEqual({ rotation: "2/" });
  });

  test("shows no secret: what is generated never stands in clear", async () => {
    expect(JSON.stringify((await full()).resources)).not.toMatch(/generated0/);
  });

  test("goes from Postgres to roles, migration, services and routes, in this order", async () => {
    const recording = await full();
    const order = [
      "Container rampart-dev-postgres",
      "RandomId rampart-dev-postgres-healthy",
      "Role rampart-dev-roles-migrator",
      "Schema rampart-dev-roles-schema",
      RECEIPT,
      GUARD,
      "Container rampart-dev-api",
      "RandomId rampart-dev-api-healthy",
      ROUTES,
    ];
    order
      .slice(1)
      .forEach((label, index) => expect([label, recording.waitsFor(label, order[index] ?? "")]).toEqual([label, true]));
    for (const service of ["api", "frontend", "reports", "worker"])
      expect(recording.get(`Container rampart-dev-${service}`).dependsOn).toContain(GUARD);
    for (const privilege of [...recording.ofType("Grant"), ...recording.ofType("DefaultPrivileges")])
      expect(recording.waitsFor(RECEIPT, `${shortName(privilege.type)} ${privilege.name}`)).toBe(true);
    for (const service of ["api", "frontend"])
      expect(recording.get(ROUTES).dependsOn).toContain(`RandomId rampart-dev-${service}-healthy`);
  });

  test("runs statements about roles beside the grants, unless somebody is elevated", async () => {
    const GRANT = "Grant rampart-dev-roles-public-database-postgres";
    const receiptOf = (step: string): string => `RandomId rampart-dev-database-${step}`;
    const recording = await full();
    for (const step of ["elevations", "settings"]) {
      const receipt = receiptOf(step);
      expect(recording.get(receipt).dependsOn).toContain("Role rampart-dev-roles-migrator");
      expect([step, recording.waitsFor(receipt, GRANT), recording.waitsFor(RECEIPT, receipt)]).toEqual([
        step,
        false,
        true,
      ]);
    }
    expect(recording.waitsFor(receiptOf("settings"), receiptOf("elevations"))).toBe(false);
    const elevations = [{ who: "anna", role: "app_ro", until: "2020-01-01T00:00:00Z", reason: "ticket 4711: orders" }];
    const elevated = await stack({ ...FULL, database: { elevations } });
    expect(elevated.waitsFor(receiptOf("elevations"), GRANT)).toBe(true);
    // Who is elevated has a share in the settings.
    expect(elevated.waitsFor(receiptOf("settings"), receiptOf("elevations"))).toBe(true);
  });

  test("waits for what a service uses, and makes no service wait for another", async () => {
    const recording = await full();
    const waits = (label: string, other: string): boolean =>
      recording.waitsFor(`Container rampart-dev-${label}`, `Container rampart-dev-${other}`);
    expect([
      waits("worker", "docker-api-worker"),
      waits("worker", "redis"),
      waits("api", "redis"),
      waits("frontend", "redis"),
      waits("edge", "api"),
      waits("gateway", "api"),
      waits("api", "edge"),
      waits("api", "gateway"),
    ]).toEqual([true, true, true, false, false, false, false, false]);
    for (const one of ["api", "frontend", "reports", "worker"])
      for (const other of ["api", "frontend", "reports", "worker"]) expect(waits(one, other)).toBe(false);
    const without = await stack({ services: { api: { ...SERVICE, data: "read-only" }, frontend: SERVICE } });
    expect(without.waitsFor("Container rampart-dev-api", "Role rampart-dev-roles-app_ro")).toBe(true);
    expect(without.waitsFor("Container rampart-dev-frontend", "Container rampart-dev-postgres")).toBe(false);
  });

  test("feeds an output of Postgres' container to nothing but its receipt, which it replaces with itself", async () => {
    const recording = await full();
    const mentions = recording.resources.filter(
      ({ name, inputs }) =>
        name !== "rampart-dev-postgres" && JSON.stringify(inputs).includes("rampart-dev-postgres-id"),
    );
    expect(mentions.map(({ name }) => name)).toEqual(["rampart-dev-postgres-healthy"]);
    const ofReceipt = recording.resources.filter(({ inputs }) =>
      JSON.stringify(inputs).includes("postgres-healthy-id"),
    );
    expect(ofReceipt).toEqual([]);
  });

  test("reaches Postgres directly on a local engine, and through the forwarder elsewhere", async () => {
    const provider = (recording: Recording): unknown[] =>
      ["host", "port"].map((key) => recording.inputs("postgresql rampart-dev-roles-provider")[key]);
    expect(provider(await full())).toEqual([postgresAddress("rampart-dev"), "5432"]);
    const forwarded = await stack({ ...FULL, database: { access: "forwarder" } });
    expect(provider(forwarded)).toEqual(["127.0.0.1", "15432"]);
    expect(forwarded.get("Role rampart-dev-roles-migrator").dependsOn).toContain(
      "RandomId rampart-dev-forwarder-healthy",
    );
    expect(forwarded.waitsFor("Container rampart-dev-forwarder", "Container rampart-dev-postgres")).toBe(true);
    expect(forwarded.names).toContain("Network rampart-dev-database-access");
    expect((await full()).names).not.toContain("Network rampart-dev-database-access");
  });

  test("protects data volumes in production, and nothing that an upgrade replaces", async () => {
    const prod = await stack(
      { ...PROD, ...FULL, services: { api: { ...FULL.services.api, routes: [{ host: "app.example.com" }] } } },
      "prod",
    );
    expect(
      prod.resources
        .filter(({ protect }) => protect)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([
      "rampart-prod-backups-repository",
      "rampart-prod-data-uploads",
      "rampart-prod-postgres-data",
      "rampart-prod-redis-data",
      "rampart-prod-secrets-backup-repository",
    ]);
    expect((await full()).resources.filter(({ protect }) => protect)).toEqual([]);
    const first = prod
      .ofType("Container")
      .filter(({ deleteBeforeReplace }) => deleteBeforeReplace)
      .map(({ name }) => name.replace("rampart-prod-", ""))
      .sort();
    expect(first).toEqual([
      "backups-backup",
      "backups-backup-store",
      "backups-restore-drill",
      "edge",
      "gateway",
      "postgres",
      "redis",
    ]);
  });

  test("labels every container, network and volume with its stack, its component and a name", async () => {
    const recording = await full();
    for (const { inputs, name } of ["Container", "Network", "Volume"].flatMap((type) => recording.ofType(type))) {
      const labels = (inputs["labels"] as { label: string }[]).map(({ label }) => label);
      expect([name, labels]).toEqual([
        name,
        expect.arrayContaining(["io.rampart.component", "io.rampart.name", "io.rampart.stack"]),
      ]);
      expect(labels).toEqual([...labels].sort());
    }
  });

  test("gives no two resources of a type one name, however many services there are", async () => {
    const services = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [
        `svc-${index}`,
        {
          ...SERVICE,
          routes: [{ host: `s${index}.localhost` }],
          data: "read-write",
          cache: true,
          secrets: { [`KEY_${index}_SECRET`]: "generated" },
          volumes: [{ name: `vol-${index}`, path: "/v" }],
          ...(index % 4 === 0 ? { dockerApi: { allow: ["GET /_ping"] } } : {}),
        },
      ]),
    );
    const recording = await stack({ ...FULL, services, database: { access: "forwarder" } });
    expect(recording.resources.length).toBeGreaterThan(200);
    expect(new Set(recording.names).size).toBe(recording.names.length);
    const subnets = recording.ofType("Network").map(({ inputs }) => JSON.stringify(inputs["ipamConfigs"]));
    expect(new Set(subnets).size).toBe(subnets.length);
    const engineNames = [...recording.ofType("Network"), ...recording.ofType("Volume")].map(
      ({ inputs }) => inputs["name"],
    );
    expect(new Set(engineNames).size).toBe(engineNames.length);
  });

  test("changes, when a service is added, only the resources that list services", async () => {
    const more = await stack({
      ...FULL,
      services: {
        ...FULL.services,
        another: {
          ...SERVICE,
          routes: [{ host: "another.localhost" }],
          data: "read-only",
          dockerApi: { allow: ["GET /info"] },
        },
      },
    });
    const changed = (await full()).resources.filter((resource) => {
      const { inputs } = more.get(`${shortName(resource.type)} ${resource.name}`);
      return JSON.stringify(inputs) !== JSON.stringify(resource.inputs);
    });
    expect(changed.map(({ name }) => name)).toEqual([
      "rampart-dev-edge-routes-carrier",
      "rampart-dev-gateway-routes-carrier",
    ]);
  });

  test("tells URLs, networks and the database, whose passwords are secret", async () => {
    let built: HardenedStack | undefined;
    const secret: boolean[] = [];
    const shown: boolean[] = [];
    await record(async () => {
      built = new HardenedStack(configOf(FULL));
      const { superuserPassword, passwords, logins } = built.database ?? { passwords: {}, logins: {} };
      for (const output of [superuserPassword, ...Object.values(passwords)])
        secret.push(await pulumi.isSecret(pulumi.output(output)));
      for (const login of Object.values(logins)) shown.push(await pulumi.isSecret(login));
      expect([Object.keys(passwords), Object.keys(logins)]).toEqual([
        ["migrator", "app_rw", "app_ro", "backup", "monitor"],
        ["app_rw", "app_ro"],
      ]);
    });
    expect(built?.urls).toEqual(["https://app.localhost:8443", "https://www.localhost:8443"]);
    expect(Object.keys(built?.networks ?? {})).toEqual([
      "public",
      "gateway",
      "proxy",
      "internal",
      "egress",
      "docker-api-worker",
    ]);
    expect(built?.database).toMatchObject({
      host: postgresAddress("rampart-dev"),
      port: 5432,
      name: "app",
      schema: "app",
      databases: ["app"],
      access: "direct",
      superuser: "postgres",
    });
    expect(secret).toEqual([true, true, true, true, true, true]);
    expect(shown).toEqual([false, false]);
  });

  test("leaves the usual port and path out of a URL, and the database where there is none", async () => {
    let built: HardenedStack | undefined;
    const services = {
      api: { ...SERVICE, routes: [{ host: "app.example.com" }, { host: "app.example.com", pathPrefix: "/api" }] },
    };
    await record(() => {
      built = new HardenedStack(configOf({ ...PROD, services }, "prod"));
    }, "prod");
    expect(built?.urls).toEqual(["https://app.example.com", "https://app.example.com/api"]);
    expect(built?.database).toBeUndefined();
  });

  test("works under Pulumi's own mocks, for a team's own tests", async () => {
    const recorded = await recordPlain(() => new HardenedStack(configOf(FULL)));
    const count = (await full()).resources.length;
    expect(recorded).toHaveLength(count);
  });
});
