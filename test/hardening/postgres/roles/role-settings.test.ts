import { LOCK_TIMEOUT_MS, renderRoleSettingsSql } from "../../../../hardening/postgres/roles/role-settings";
import { DATABASE_ROLES } from "../../../../hardening/postgres/roles/roles";
import { startPostgres, SUPERUSER, type PostgresServer } from "../postgres-server";

const MEMBERS = [
  { login: "app_rw_0a1b2c3d", role: "app_rw" },
  { login: "elevated_anna", role: "migrator" },
];

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
  const client = await server.connect(SUPERUSER, { database: "postgres" });
  for (const role of DATABASE_ROLES) await client.query(`CREATE ROLE ${role} LOGIN CONNECTION LIMIT 5`);
  for (const { login, role } of MEMBERS)
    await client.query(
      `CREATE ROLE ${login} LOGIN CONNECTION LIMIT 5 PASSWORD '${login.replaceAll("_", "")}password1' IN ROLE ${role}`,
    );
  await client.query("CREATE DATABASE app");
  for (let times = 0; times < 2; times += 1)
    for (const sql of renderRoleSettingsSql({ superuser: SUPERUSER, members: MEMBERS })) await client.query(sql);
  await client.end();
});

afterAll(() => server?.stop());

test("each role and each login has its own lock_timeout, and a session begins with it", async () => {
  const client = await server.connect("app_rw_0a1b2c3d");
  const { rows } = await client.query<{ rolname: string; rolconfig: string[] }>(
    "SELECT rolname, rolconfig FROM pg_roles WHERE rolname !~ '^pg_' AND NOT rolsuper ORDER BY 1",
  );
  const session = await client.query("SHOW lock_timeout");
  await client.end();
  expect(Object.fromEntries(rows.map(({ rolname, rolconfig }) => [rolname, rolconfig]))).toEqual({
    app_ro: ["lock_timeout=5000"],
    app_rw: ["lock_timeout=5000"],
    app_rw_0a1b2c3d: ["lock_timeout=5000"],
    backup: ["lock_timeout=300000"],
    elevated_anna: ["lock_timeout=10000"],
    migrator: ["lock_timeout=10000"],
    monitor: ["lock_timeout=5000"],
  });
  expect(session.rows).toEqual([{ lock_timeout: "5s" }]);
});

test("no account is without a connection limit, the superuser's included", async () => {
  const client = await server.connect(SUPERUSER);
  const { rows } = await client.query("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolconnlimit = -1");
  await client.end();
  expect(rows).toEqual([]);
});

test("every role has a time, and a member of no role is a mistake", () => {
  expect(Object.keys(LOCK_TIMEOUT_MS).sort()).toEqual([...DATABASE_ROLES].sort());
  expect(() => renderRoleSettingsSql({ superuser: SUPERUSER, members: [{ login: "x", role: "owner" }] })).toThrow(
    'members[0].role: "owner" is not a role; use one of migrator, app_rw',
  );
});
