/** The containers of the backups, each as its workload says, against a Postgres server and no stack around them. */
import { BackupWorld, PASSWORD, type Part } from "../lib/backup-containers";
import { docker } from "../lib/engine";
import { until } from "../lib/process";
import { expect, expectMatch, type Check, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";

/** Roles as a stack has them, and what a dump could get wrong: odd names, forced row security, sequences, partitions, types. */
const SCHEMA = `
CREATE ROLE migrator LOGIN CONNECTION LIMIT 5;
CREATE ROLE app_rw LOGIN CONNECTION LIMIT 50; ALTER ROLE app_rw SET statement_timeout = 30000;
CREATE ROLE app_ro LOGIN; CREATE ROLE reporting NOLOGIN; GRANT reporting TO app_ro;
CREATE ROLE backup LOGIN BYPASSRLS CONNECTION LIMIT 4 PASSWORD '${PASSWORD}'; ALTER ROLE backup SET statement_timeout = 30000;
REVOKE ALL ON DATABASE app, billing FROM PUBLIC; GRANT CONNECT ON DATABASE app, billing TO migrator, app_rw, app_ro, backup;
ALTER ROLE app_rw IN DATABASE app SET search_path TO app, public; ALTER DATABASE app SET timezone TO 'Europe/Zurich';
\\connect app
CREATE SCHEMA app AUTHORIZATION migrator; GRANT USAGE ON SCHEMA app TO app_rw, app_ro, backup; REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.lo_create(oid) FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator IN SCHEMA app GRANT SELECT ON TABLES TO backup, app_ro;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator IN SCHEMA app GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app_rw;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator IN SCHEMA app GRANT SELECT, USAGE ON SEQUENCES TO app_rw;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator IN SCHEMA app GRANT SELECT ON SEQUENCES TO backup;
CREATE EXTENSION pgcrypto; CREATE EXTENSION citext;
SET ROLE migrator;
CREATE TYPE app.mood AS ENUM ('sad', 'ok');
CREATE TABLE app.items (id bigserial PRIMARY KEY, tenant_id uuid NOT NULL, kind varchar(10) NOT NULL CHECK (kind IN ('a', 'b')), mood app.mood, at timestamptz DEFAULT now(), amount float8, raw bytea, note text);
ALTER TABLE app.items ENABLE ROW LEVEL SECURITY; ALTER TABLE app.items FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON app.items TO app_rw USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid AND kind IN ('a', 'b'));
CREATE TABLE app."Odd ""name"", with	tab and \\ and é" ("select" int, "x" text, " " jsonb); INSERT INTO app."Odd ""name"", with	tab and \\ and é" VALUES (1, 'x', '{"a": 1}'), (NULL, NULL, NULL), (1, 'x', '{"a": 1}');
CREATE TABLE app.nothing (); INSERT INTO app.nothing DEFAULT VALUES;
CREATE TABLE app.parts (id int, at date) PARTITION BY RANGE (at); CREATE TABLE app.parts_2026 PARTITION OF app.parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO app.parts VALUES (1, '2026-05-05');
CREATE VIEW app.totals WITH (security_invoker = true) AS SELECT kind, count(*) FROM app.items WHERE kind IN ('a') GROUP BY kind;
CREATE MATERIALIZED VIEW app.frozen AS SELECT 1 AS one;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.at := now(); RETURN NEW; END'; CREATE TRIGGER touch BEFORE UPDATE ON app.items FOR EACH ROW EXECUTE FUNCTION app.touch();
-- A cast of a row to text that its owner made must not be run by the backup's role.
CREATE FUNCTION app.leak(app.nothing) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''the cast was used''; END'; CREATE CAST (app.nothing AS text) WITH FUNCTION app.leak(app.nothing) AS ASSIGNMENT;
CREATE SEQUENCE app.down INCREMENT -3 START -1 MINVALUE -1000; SELECT nextval('app.down'), nextval('app.down');
RESET ROLE;
ALTER TABLE app.items NO FORCE ROW LEVEL SECURITY; INSERT INTO app.items (tenant_id, kind, mood, amount, raw, note) SELECT gen_random_uuid(), 'a', 'ok', random(), gen_random_bytes(8), repeat('x', i % 40) FROM generate_series(1, 5000) i; ALTER TABLE app.items FORCE ROW LEVEL SECURITY;
CREATE SCHEMA rampart; GRANT USAGE ON SCHEMA rampart TO backup; CREATE TABLE rampart.guard (a int); GRANT SELECT ON rampart.guard TO backup;
CREATE FUNCTION rampart.guard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END'; CREATE EVENT TRIGGER rampart_guard ON ddl_command_end EXECUTE FUNCTION rampart.guard();
\\connect billing
CREATE SCHEMA app AUTHORIZATION migrator; GRANT USAGE ON SCHEMA app TO backup; CREATE TABLE app.invoices (id int PRIMARY KEY); INSERT INTO app.invoices SELECT generate_series(1, 100); GRANT SELECT ON app.invoices TO backup;
`;

interface Stored {
  readonly snapshot: string;
  readonly bytes: number;
  readonly added: number;
  readonly epoch: number;
}
interface Drilled {
  readonly ok: boolean;
  readonly error: string;
  readonly databases: readonly { readonly database: string; readonly tables: number; readonly rows: number; readonly policies: number; readonly roles: number }[];
  readonly differenceCount: number;
  readonly differences: readonly { readonly what: string; readonly name: string }[];
}

let world: BackupWorld | undefined;
const here = (): BackupWorld => {
  if (world === undefined) throw new Error("the containers are not there");
  return world;
};

async function backUp(): Promise<Stored> {
  const result = await here().exec("dump", ["now"]);
  expect(result.code === 0, `${result.output}\n${await here().logs("dump")}\n${await here().logs("store")}`);
  return JSON.parse(result.stdout) as Stored;
}

async function drill(snapshot = "latest"): Promise<Drilled> {
  const result = await here().exec("drill", ["now", snapshot]);
  const drilled = JSON.parse(result.stdout) as Drilled;
  expect(result.code === (drilled.ok ? 0 : 1), `exit code ${result.code} of ${result.stdout}`);
  return drilled;
}

/** The container's health check, asked now, with the grace of a start left behind. */
async function health(part: Part, grace = false): Promise<{ code: number; output: string }> {
  if (!grace) await docker(["exec", here().name(part), "sh", "-c", "echo 1 >/tmp/started"]);
  return here().exec(part, ["health"], 30);
}

const state = (line: string): Promise<string> => here().inVolume("state", line);

const start: Check<Context> = {
  name: "start beside a server, without root, without the Docker socket, the store and the drill on no network",
  critical: true,
  run: async ({ images }) => {
    world = new BackupWorld({ prefix: "rampart-e2e-parts", images, databases: ["app", "billing"] });
    await world.create(SCHEMA);
    for (const part of ["dump", "store", "drill"] as const) await world.start(part);
    await until("the store opens its repository", 60, async () => (await here().exec("store", ["health"])).code === 0);
    const networks = await docker(["inspect", "--format", "{{.HostConfig.NetworkMode}} {{.Config.User}}", world.name("dump"), world.name("store"), world.name("drill")]);
    expect(networks.stdout.trim().split("\n").join(", ") === `${world.network} 70:70, none 65534:70, none 70:70`, networks.stdout);
  },
};

const CHECKS: readonly Check<Context>[] = [
  start,
  {
    name: "a backup asked for is dumped, stored and checked, and its plain text is gone",
    critical: true,
    run: async () => {
      const stored = await backUp();
      expect(/^[0-9a-f]{64}$/.test(stored.snapshot) && stored.bytes > 100_000, JSON.stringify(stored));
      await until("the dump is deleted", 20, async () => (await here().inVolume("scratch", "ls -A /v")).trim() === "");
      return `${stored.bytes} bytes, ${stored.added} added`;
    },
  },
  {
    name: "a second one stores what changed alone",
    run: async () => {
      await here().sql("INSERT INTO app.items (tenant_id, kind) VALUES (gen_random_uuid(), 'b')");
      const stored = await backUp();
      expect(stored.added < stored.bytes / 3, `${stored.added} of ${stored.bytes} bytes were added`);
      return `${stored.added} of ${stored.bytes} bytes added`;
    },
  },
  {
    name: "a restore drill finds every row, policy, role and grant again",
    critical: true,
    run: async () => {
      const drilled = await drill();
      expect(drilled.ok, JSON.stringify(drilled, undefined, 1));
      const [app] = drilled.databases;
      expect(app?.database === "app" && app.rows === 5006 && app.policies === 1 && app.roles === 6, JSON.stringify(drilled.databases));
      await until("the restored dump is deleted", 20, async () => (await here().inVolume("restored", "ls /v")).trim().split(/\s+/).join() === "cache,tmp");
      expect((await here().inVolume("drill", "ls -A /v")).trim() === "", "the drill's server is still there");
      return JSON.stringify(drilled.databases);
    },
  },
];

export const backupContainers: Suite<Context> = { name: "backup containers", stack: "backup containers", checks: CHECKS };
export { health, state, drill, backUp, here };
