import { join } from "node:path";
import { DatabaseError, type Client } from "pg";
import {
  postgresSettings,
  postgresSizing,
  renderPgHba,
  renderPostgresqlConf,
  stackSizing,
  type PgHbaArgs,
} from "../../../../hardening/postgres/server/postgres-config";
import { startPostgres, SUPERUSER, writeReadable, type ConnectOptions, type PostgresServer } from "../postgres-server";

const SIZING = postgresSizing({ memoryMiB: 512, connectionLimits: [5, 50, 20] });
/** The tests' "network": 127.0.0.0/30 is the internal subnet, 127.0.0.2 its gateway, 127.0.0.9 somebody else. */
const HBA: PgHbaArgs = {
  superuser: SUPERUSER,
  superuserSources: ["127.0.0.2"],
  roles: [{ name: "app_rw", database: "app" }],
  subnets: ["127.0.0.0/30"],
};

describe("sizing", () => {
  test("of a small container", () => {
    expect(SIZING).toEqual({
      maxConnections: 83,
      superuserReservedConnections: 8,
      sharedBuffersMiB: 128,
      effectiveCacheSizeMiB: 384,
      maintenanceWorkMemMiB: 32,
      workMemKiB: 2171,
      shmMiB: 128,
      minimumPids: 115,
    });
  });

  test("everything in use at once fits, whatever the size", () => {
    for (const memoryMiB of [256, 512, 1024, 4096, 65_536]) {
      const sizing = postgresSizing({ memoryMiB, connectionLimits: [5, 20] });
      const used =
        sizing.sharedBuffersMiB + sizing.maintenanceWorkMemMiB + (sizing.maxConnections * 2 * sizing.workMemKiB) / 1024;
      expect(used).toBeLessThanOrEqual(memoryMiB);
    }
  });

  test("too many connections for the memory: the error says how much is needed, and that much is enough", () => {
    const connectionLimits = [5, 500, 20];
    const size = (memoryMiB: number) => (): unknown => postgresSizing({ memoryMiB, connectionLimits });
    expect(size(512)).toThrow(
      "memoryMiB: 512 is not enough for 533 connections; give PostgreSQL at least 1553, " +
        "or lower the roles' connection limits",
    );
    expect(size(1553)).not.toThrow();
    expect(size(1500)).toThrow("is not enough");
  });

  test.each([
    [{ memoryMiB: 64, connectionLimits: [5] }, "memoryMiB: 64 is not enough for PostgreSQL"],
    [{ memoryMiB: 512, connectionLimits: [0] }, "connectionLimits: 0 is not allowed"],
    [
      { memoryMiB: 512, connectionLimits: [5], rotatingConnectionLimits: [0.5] },
      "connectionLimits: 0.5 is not allowed",
    ],
    [{ memoryMiB: 512, connectionLimits: [] }, "connectionLimits: none is not allowed"],
  ])("refuses %j", (args, message) => {
    expect(() => postgresSizing(args)).toThrow(message);
  });

  test("a rotation's second logins get places and processes, and no memory of their own", () => {
    const rotating = postgresSizing({
      memoryMiB: 512,
      connectionLimits: [5, 50, 20],
      rotatingConnectionLimits: [50, 20],
    });
    expect(rotating).toEqual({ ...SIZING, maxConnections: 153, minimumPids: 185 });
    expect(stackSizing(512, { migrator: 5, app_rw: 50, app_ro: 20, backup: 4, monitor: 3 })).toMatchObject({
      maxConnections: 160,
      minimumPids: 192,
    });
  });
});

describe("settings", () => {
  test("are sorted, unique and each with a reason", () => {
    const names = postgresSettings({ sizing: SIZING }).map(({ name }) => name);
    expect(names).toEqual([...new Set(names)].sort());
    for (const { why } of postgresSettings({ sizing: SIZING })) expect(why).not.toBe("");
  });

  test("listens on the addresses that are given, and on no other", () => {
    const line = (listenAddresses?: string[]): unknown =>
      postgresSettings({ sizing: SIZING, ...(listenAddresses === undefined ? {} : { listenAddresses }) }).find(
        ({ name }) => name === "listen_addresses",
      )?.value;
    expect([line(["127.0.0.1", "172.30.0.10"]), line()]).toEqual(["127.0.0.1,172.30.0.10", "*"]);
  });

  test("hold what the CIS benchmark of PostgreSQL asks for", () => {
    const conf = renderPostgresqlConf(
      postgresSettings({ sizing: SIZING, tls: { certificateFile: "/c.pem", keyFile: "/k.pem" } }),
    );
    for (const line of [
      "auth_delay.milliseconds = 500",
      "log_connections = on",
      "log_disconnections = on",
      "log_error_verbosity = 'verbose'",
      "log_hostname = off",
      "log_replication_commands = on",
      "log_statement = 'ddl'",
      "password_encryption = 'scram-sha-256'",
      "session_preload_libraries = 'passwordcheck'",
      "shared_preload_libraries = 'auth_delay'",
      "ssl_ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256'",
    ])
      expect(conf).toContain(`\n${line}\n`);
  });

  test("without TLS there is ssl = off; with it certificates and TLS 1.3", () => {
    expect(renderPostgresqlConf(postgresSettings({ sizing: SIZING }))).toContain("\nssl = off\n");
    const conf = renderPostgresqlConf(
      postgresSettings({ sizing: SIZING, tls: { certificateFile: "/c.pem", keyFile: "/k.pem" } }),
    );
    for (const line of [
      "ssl = on",
      "ssl_cert_file = '/c.pem'",
      "ssl_key_file = '/k.pem'",
      "ssl_min_protocol_version = 'TLSv1.3'",
    ]) {
      expect(conf).toContain(`\n${line}\n`);
    }
    expect(conf).not.toContain("ssl = off");
  });
});

describe("pg_hba.conf", () => {
  test("as a person reads it", () => {
    expect(renderPgHba({ ...HBA, subnets: ["172.30.0.0/24"], superuserSources: ["172.30.0.1"] }))
      .toMatchInlineSnapshot(`
"# Written by Rampart. The first line that matches decides.
local    all              postgres                                  scram-sha-256
host     app,postgres,template1 postgres         127.0.0.1/32             scram-sha-256
host     app,postgres,template1 postgres         172.30.0.1/32            scram-sha-256
host     all              postgres         all                      reject
host     app              +app_rw          172.30.0.0/24            scram-sha-256
local    replication      all                                       reject
host     replication      all              all                      reject
local    all              all                                       reject
host     all              all              all                      reject
"
`);
  });

  test("with TLS, everything that comes over the network has to use it", () => {
    const accepting = renderPgHba({ ...HBA, tls: true })
      .split("\n")
      .filter((line) => line.endsWith("scram-sha-256"));
    expect(accepting.map((line) => line.split(/\s+/).slice(0, 4).join(" "))).toEqual([
      "local all postgres scram-sha-256",
      "hostssl app,postgres,template1 postgres 127.0.0.1/32",
      "hostssl app,postgres,template1 postgres 127.0.0.2/32",
      "hostssl app +app_rw 127.0.0.0/30",
    ]);
  });

  test("knows no method but scram-sha-256 and reject", () => {
    const methods = renderPgHba(HBA)
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(/\s+/).at(-1));
    expect(new Set(methods)).toEqual(new Set(["scram-sha-256", "reject"]));
  });

  test.each([
    [{ ...HBA, subnets: [] }, "subnets: none given"],
    [{ ...HBA, subnets: ["0.0.0.0/0"] }, 'subnets[0]: "0.0.0.0/0" is not an address or a subnet'],
    [{ ...HBA, subnets: ["app.example"] }, 'subnets[0]: "app.example" is not an address or a subnet'],
    [{ ...HBA, superuserSources: ["10.0.0.1 trust\nhost all all 0.0.0.0/0"] }, "superuserSources[0]:"],
    [{ ...HBA, roles: [{ name: "all", database: "app" }] }, 'roles[0].name: "all" cannot be a name'],
    [{ ...HBA, roles: [{ name: "app_rw", database: "sameuser" }] }, 'roles[0].database: "sameuser" cannot be a name'],
    [{ ...HBA, roles: [{ name: "postgres", database: "app" }] }, 'roles: "postgres" is the superuser'],
  ])("refuses case %#", (args, message) => {
    expect(() => renderPgHba(args)).toThrow(message);
  });
});

describe("a real PostgreSQL with both files", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres({
      flags: (directory) => {
        const settings = renderPostgresqlConf(postgresSettings({ sizing: SIZING }));
        return [
          "-c",
          `config_file=${writeReadable(join(directory, "postgresql.conf"), settings)}`,
          "-c",
          `hba_file=${writeReadable(join(directory, "pg_hba.conf"), renderPgHba(HBA))}`,
        ];
      },
    });
    const maintenance = await server.connect(SUPERUSER, { database: "postgres" });
    await maintenance.query("CREATE ROLE app_rw LOGIN PASSWORD 'apprwpassword1'");
    await maintenance.query("CREATE ROLE app_ro LOGIN PASSWORD 'appropassword1'");
    await maintenance.query("CREATE ROLE app_rw_0a1b2c3d LOGIN PASSWORD 'apprw0a1b2c3dpassword1' IN ROLE app_rw");
    await maintenance.query("CREATE DATABASE app");
    await maintenance.query("CREATE DATABASE scratch");
    await maintenance.end();
  });

  afterAll(async () => {
    await server?.stop();
  });

  /** "in", or what the server said. */
  async function knock(user: string, options: ConnectOptions): Promise<string> {
    let client: Client | undefined;
    try {
      client = await server.connect(user, options);
      return "in";
    } catch (error) {
      if (error instanceof DatabaseError) return error.code ?? "";
      throw error;
    } finally {
      await client?.end();
    }
  }

  test.each<[string, string, ConnectOptions, string]>([
    ["the superuser from the gateway", SUPERUSER, { from: "127.0.0.2" }, "in"],
    ["the superuser from inside the container", SUPERUSER, { from: "127.0.0.1" }, "in"],
    [
      "the superuser to a database that is not the stack's",
      SUPERUSER,
      { from: "127.0.0.2", database: "scratch" },
      "28000",
    ],
    ["a member of the role to such a database", "app_rw_0a1b2c3d", { from: "127.0.0.3", database: "scratch" }, "28000"],
    ["the superuser from elsewhere in the subnet", SUPERUSER, { from: "127.0.0.3" }, "28000"],
    ["the superuser from outside", SUPERUSER, { from: "127.0.0.9" }, "28000"],
    ["the superuser with a wrong password", SUPERUSER, { from: "127.0.0.2", password: "wrong" }, "28P01"],
    ["a role from the subnet", "app_rw", { from: "127.0.0.3" }, "in"],
    ["a role with a wrong password", "app_rw", { from: "127.0.0.3", password: "wrong" }, "28P01"],
    ["a role from outside the subnet", "app_rw", { from: "127.0.0.9" }, "28000"],
    ["a role to another database", "app_rw", { from: "127.0.0.3", database: "postgres" }, "28000"],
    ["a member of the role, as services' logins are", "app_rw_0a1b2c3d", { from: "127.0.0.3" }, "in"],
    ["a member of the role from outside the subnet", "app_rw_0a1b2c3d", { from: "127.0.0.9" }, "28000"],
    [
      "a member of the role to another database",
      "app_rw_0a1b2c3d",
      { from: "127.0.0.3", database: "postgres" },
      "28000",
    ],
    ["a role that is not listed", "app_ro", { from: "127.0.0.3" }, "28000"],
    ["a role that does not exist", "nobody", { from: "127.0.0.3" }, "28000"],
  ])("%s", async (_case, user, options, expected) => {
    expect(await knock(user, options)).toBe(expected);
  });

  test("a password that a role gives itself is no weak one, and a wrong one takes its time", async () => {
    const client = await server.connect("app_rw", { from: "127.0.0.3" });
    await expect(client.query("ALTER ROLE app_rw PASSWORD 'short1'")).rejects.toThrow("password is too short");
    await expect(client.query("ALTER ROLE app_rw PASSWORD 'lettersalone'")).rejects.toThrow(
      "password must contain both letters and nonletters",
    );
    await expect(client.query("SET session_preload_libraries = ''")).rejects.toThrow("permission denied");
    await client.end();
    const started = Date.now();
    expect(await knock("app_rw", { from: "127.0.0.3", password: "wrong" })).toBe("28P01");
    expect(Date.now() - started).toBeGreaterThanOrEqual(500);
  });

  test("the server runs with the values of the file, and found no mistake in either", async () => {
    const client = await server.connect(SUPERUSER);
    const { rows } = await client.query<{ name: string; setting: string }>(
      `SELECT name, current_setting(name) AS setting FROM pg_settings WHERE name IN
       ('max_connections', 'shared_buffers', 'work_mem', 'password_encryption', 'log_connections',
         'superuser_reserved_connections', 'temp_file_limit')`,
    );
    const files = await client.query(
      "SELECT name FROM pg_file_settings WHERE error IS NOT NULL AND name NOT IN ('unix_socket_directories')",
    );
    const hba = await client.query("SELECT line_number, error FROM pg_hba_file_rules WHERE error IS NOT NULL");
    await client.end();
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      log_connections: "on",
      max_connections: "83",
      password_encryption: "scram-sha-256",
      shared_buffers: "128MB",
      superuser_reserved_connections: "8",
      temp_file_limit: "4GB",
      work_mem: "2171kB",
    });
    expect([files.rows, hba.rows]).toEqual([[], []]);
    expect(server.log()).toMatch(
      /db=app,user=app_rw,app=.*,client=127\.0\.0\.9 FATAL: {2}28000: pg_hba\.conf rejects connection/,
    );
  });
});
