/**
 * The data tier of one stack: tenants, TLS, elevations, renewal in the running server,
 * and what happens when things break.
 */
import tls from "node:tls";
import net from "node:net";
import { Client } from "pg";
import { container, docker, mustDocker } from "../lib/engine";
import { ask } from "../lib/http";
import { tail, until } from "../lib/process";
import { Stack, type Outputs } from "../lib/pulumi";
import { expect, expectMatch, expectNone, type Suite } from "../lib/runner";
import { DATA, dataSettings, databaseOf, TENANT_TABLES, type Context, type DataChanges } from "../lib/stacks";
import { connection, session } from "./database";

export const STACK = "e2e-data";
const [A, B] = ["aaaaaaaa-0000-4000-8000-00000000000a", "bbbbbbbb-0000-4000-8000-00000000000b"];

let made: Stack | undefined;
let outputs: Outputs | undefined;
export const stackOf = (context: Context): Stack => (made ??= new Stack(STACK, context.work));
export const known = (): Outputs => {
  if (outputs === undefined) throw new Error("the stack has no outputs yet");
  return outputs;
};

/** Updates the stack, and learns the passwords that it has from then on. */
export async function up(context: Context, changes: DataChanges = {}): Promise<void> {
  await stackOf(context).mustUp(dataSettings(context.images, changes));
  outputs = await stackOf(context).outputs();
}

export const answers = async (path = "/api/db"): Promise<number> =>
  (await ask({ host: DATA.host, port: DATA.httpsPort, path }).catch(() => ({ status: 0 }))).status;
/** Enough that the kill comes in the middle of writing. */
const ROWS_BEFORE_THE_KILL = 400;
const postgres = async (): Promise<string> => (await container(STACK, "postgres")).Id;

/** Statements of one role, as a tenant; PostgreSQL's own words where one is refused. */
export async function as(role: string, tenant: string | undefined, statements: readonly string[]): Promise<string> {
  return session(known(), role, async (client) => {
    await client.query("BEGIN");
    if (tenant !== undefined) await client.query("SELECT set_config('app.tenant_id', $1, true)", [tenant]);
    let last = "";
    for (const statement of statements) {
      const result = await client
        .query(statement)
        .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
      if (typeof result === "string") return result;
      last = result.rows.length === 0 ? String(result.rowCount ?? 0) : JSON.stringify(result.rows);
    }
    await client.query("COMMIT");
    return last;
  });
}

/** The certificate that the server shows, after PostgreSQL's own request for TLS. */
async function serverCertificate(): Promise<{ readonly serial: string; readonly protocol: string | null }> {
  const { host, port, ca } = databaseOf(known());
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, host, () => socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])));
    socket.once("error", reject);
    socket.once("data", () => {
      const secure = tls.connect({ socket, ca, servername: "postgres" }, () => {
        resolve({ serial: secure.getPeerCertificate().serialNumber, protocol: secure.getProtocol() });
        secure.destroy();
      });
      secure.once("error", reject);
    });
  });
}

const login = (role: string, changes: object): Promise<string> =>
  session(known(), role, () => Promise.resolve("in"), changes).catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  );

export const data: Suite<Context> = {
  name: "data",
  stack: "data",
  checks: [
    {
      name: "a stack of tenants, with Redis over TLS, deploys, and its preview is empty",
      critical: true,
      run: async (context) => {
        await stackOf(context).init();
        await up(context);
        expect((await answers()) === 200 && (await answers("/api/cache")) === 200, "the API does not answer");
        const preview = await stackOf(context).preview(["--expect-no-changes", "--refresh"]);
        expect(preview.code === 0, tail(preview.output, 40));
      },
    },
    {
      name: "Postgres takes only TLS 1.3, shows a certificate of the stack's authority, and refuses the rest",
      run: async () => {
        expect((await serverCertificate()).protocol === "TLSv1.3", "another protocol");
        expectMatch(
          await login("app_rw", { ssl: false }),
          /pg_hba\.conf rejects connection.*no encryption/,
          "in clear",
        );
        expectMatch(
          await login("app_rw", { ssl: { ca: databaseOf(known()).ca, servername: "postgres", maxVersion: "TLSv1.2" } }),
          /alert protocol version|unsupported protocol|version/i,
          "TLS 1.2",
        );
        expectMatch(
          await login("app_rw", { ssl: { servername: "postgres" } }),
          /self.signed|unable to (get|verify)/i,
          "without the authority",
        );
        expectMatch(
          await login("app_rw", { ssl: { ca: databaseOf(known()).ca, servername: "redis" } }),
          /altnames|does not match/i,
          "under another name",
        );
        const lines = await as("postgres", undefined, [
          "SELECT type, auth_method FROM pg_hba_file_rules WHERE type NOT IN ('hostssl', 'local') " +
            "AND auth_method <> 'reject'",
        ]);
        expect(lines === "0", `lines that are neither TLS nor refusals: ${lines}`);
      },
    },
    {
      name: "one tenant neither reads, writes, moves, upserts nor refers to another's rows",
      run: async () => {
        expect(
          (await as("app_rw", A, ["INSERT INTO app.projects VALUES (1, $$" + A + "$$, 'a')"])) === "1",
          "the row of A",
        );
        expect(
          (await as("app_rw", B, ["INSERT INTO app.projects VALUES (2, $$" + B + "$$, 'b')"])) === "1",
          "the row of B",
        );
        const probes: readonly (readonly [role: string, tenant: string | undefined, sql: string, wanted: RegExp])[] = [
          ["app_rw", A, "SELECT id FROM app.projects", /^\[\{"id":"1"\}\]$/],
          ["app_ro", A, "SELECT id FROM app.projects", /^\[\{"id":"1"\}\]$/],
          ["app_rw", undefined, "SELECT id FROM app.projects", /^0$/],
          ["app_rw", "", "SELECT id FROM app.projects", /^0$/],
          ["migrator", undefined, "SELECT id FROM app.projects", /^0$/],
          ["app_rw", A, "UPDATE app.projects SET name = 'x' WHERE id = 2", /^0$/],
          ["app_rw", A, "DELETE FROM app.projects WHERE id = 2", /^0$/],
          ["app_rw", A, `INSERT INTO app.projects VALUES (3, '${B}', 'x')`, /row-level security/],
          ["app_rw", undefined, `INSERT INTO app.projects VALUES (3, '${B}', 'x')`, /row-level security/],
          ["app_rw", A, `UPDATE app.projects SET tenant_id = '${B}' WHERE id = 1`, /row-level security/],
          [
            "app_rw",
            A,
            `INSERT INTO app.projects VALUES (2, '${A}', 'x') ON CONFLICT (id) DO UPDATE SET name = 'x'`,
            /row-level security/,
          ],
          ["app_rw", A, `INSERT INTO app.tasks VALUES (1, '${A}', 2)`, /violates foreign key/],
          ["app_rw", A, `INSERT INTO app.tasks VALUES (1, '${A}', 1)`, /^1$/],
          ["app_rw", A, "SET LOCAL row_security = off; SELECT id FROM app.projects", /row-level security/],
          ["app_rw", A, "TRUNCATE app.projects", /permission denied/],
          ["app_rw", A, "COPY app.projects FROM STDIN", /COPY FROM not supported with row-level security/],
          ["backup", undefined, "SELECT count(*)::int AS n FROM app.projects", /^\[\{"n":2\}\]$/],
        ];
        const faults: string[] = [];
        for (const [role, tenant, sql, wanted] of probes) {
          const answer = await as(role, tenant, [sql]);
          if (!wanted.test(answer)) faults.push(`${role} as ${tenant ?? "nobody"}: ${sql}: ${answer}`);
        }
        expectNone(faults);
      },
    },
    {
      name: "a table that the migrator makes later, and opens again, stays confined without an up",
      continues: true,
      run: async () => {
        await as("migrator", undefined, [
          "CREATE TABLE app.later (id int, tenant_id uuid)",
          "ALTER TABLE app.later NO FORCE ROW LEVEL SECURITY",
          "ALTER TABLE app.later DISABLE ROW LEVEL SECURITY",
        ]);
        await as("app_rw", A, [`INSERT INTO app.later VALUES (1, '${A}')`]);
        expect((await as("app_rw", B, ["SELECT * FROM app.later"])) === "0", "another tenant sees it");
        await as("migrator", undefined, ["DROP TABLE app.later"]);
      },
    },
    {
      name: "a migration that leaks fails the update by name, the old version serves on, and the next up recovers",
      continues: true,
      run: async (context) => {
        const before = (await container(STACK, "api")).Id;
        const leak =
          `${TENANT_TABLES} CREATE OR REPLACE VIEW app.all_projects AS SELECT * FROM app.projects; ` +
          "CREATE OR REPLACE FUNCTION app.peek() RETURNS bigint " +
          "LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM app.projects'; " +
          "CREATE TABLE IF NOT EXISTS app.notes (project bigint REFERENCES app.projects, note text);";
        stackOf(context).configure(dataSettings(context.images, { sql: leak, app: context.images.appNext }));
        const failed = await stackOf(context).up();
        expect(failed.code !== 0, "the update passed");
        for (const name of ["app.all_projects", "app.peek", "app.notes"])
          expectMatch(failed.output, new RegExp(`tenancy: ${name.replace(".", "\\.")}`), "the error");
        expect(
          (await container(STACK, "api")).Id === before && (await answers()) === 200,
          "the old version does not serve on",
        );
        const mended =
          `${TENANT_TABLES} DROP VIEW IF EXISTS app.all_projects; DROP FUNCTION IF EXISTS app.peek(); ` +
          "DROP TABLE IF EXISTS app.notes; CREATE VIEW app.all_projects WITH (security_invoker = true) AS " +
          "SELECT * FROM app.projects;";
        await up(context, { sql: mended, app: context.images.appNext });
        expect(
          (await as("app_rw", A, ["SELECT id FROM app.all_projects"])) === '[{"id":"1"}]',
          "the view of the next version",
        );
      },
    },
    {
      name:
        "an elevation acts as its role, is in the log, ends by itself with its session, " +
        "and leaves with its declaration",
      run: async (context) => {
        const until_ = new Date(Date.now() + 60_000).toISOString().replace(/\.\d+Z$/, "Z");
        await up(context, { elevatedUntil: until_, sql: TENANT_TABLES, app: context.images.appNext });
        const client = new Client(connection(known(), "elevated_anna"));
        client.on("error", () => undefined);
        await client.connect();
        const { rows } = await client.query<{ who: string }>("SELECT current_user || ' ' || session_user AS who");
        expect(rows[0]?.who === "app_ro elevated_anna", JSON.stringify(rows));
        expectMatch(await as("elevated_anna", A, ["DELETE FROM app.projects"]), /permission denied/, "a write");
        const log = (await docker(["logs", await postgres()])).output;
        expectMatch(log, /rampart: elevation granted: elevated_anna may act as app_ro until .*ticket 4711/, "the log");
        expectMatch(log, /user=elevated_anna.*statement: DELETE FROM app\.projects/, "the log");
        const end = Date.parse(until_);
        let alive = 0;
        const ended = await until("the session is ended", 75, async () => {
          const asked = Date.now();
          return client.query("SELECT 1").then(
            (): number | undefined => void (alive = asked),
            () => Date.now(),
          );
        });
        const about = (at: number): string => `${((at - end) / 1000).toFixed(1)} s after its end`;
        expect(alive >= end - 2000, `the session answered for the last time ${about(alive)}`);
        expect(ended <= end + 13_000, `the session was ended ${about(ended)}`);
        expectMatch(await login("elevated_anna", {}), /password authentication failed/, "a login after the end");
        expect((await answers()) === 200, "the service");
        await up(context, { sql: TENANT_TABLES, app: context.images.appNext });
        expect(
          (await as("postgres", undefined, ["SELECT 1 FROM pg_roles WHERE rolname ~ '^elevat'"])) === "0",
          "the login is still there",
        );
        return `the session was ended ${about(ended)}`;
      },
    },
    {
      name: "certificates and the superuser's password are renewed in the running servers, and no session ends",
      run: async (context) => {
        const [server, before] = [await postgres(), await serverCertificate()];
        const oldPassword = databaseOf(known()).superuserPassword;
        const client = new Client(connection(known(), "app_rw"));
        // A server that goes away ends a session with an event, too; the query says so.
        client.on("error", () => undefined);
        await client.connect();
        await up(context, {
          sql: TENANT_TABLES,
          app: context.images.appNext,
          rotation: { certificates: "2", roles: { superuser: "2" } },
        });
        expect((await postgres()) === server, "Postgres was replaced");
        await client.query("SELECT 1");
        await client.end();
        expect((await serverCertificate()).serial !== before.serial, "the old certificate is still shown");
        expectMatch(
          await login("postgres", { password: oldPassword }),
          /password authentication failed/,
          "the old password",
        );
        expect((await login("postgres", {})) === "in", "the new password");
        expect(
          !(await docker(["logs", server])).output.includes(databaseOf(known()).superuserPassword),
          "the password is in the log",
        );
        expect((await answers("/api/cache")) === 200, "Redis over TLS");
      },
    },
    {
      name: "kill -9 of Postgres in mid-write loses no row that was acknowledged, and the service recovers",
      run: async () => {
        const { State } = await container(STACK, "postgres");
        let acknowledged = 0;
        const writers = Array.from({ length: 4 }, async (_, writer) => {
          const client = new Client(connection(known(), "app_rw"));
          client.on("error", () => undefined);
          await client.connect();
          for (let row = 0; ; row += 1) {
            const done = await client.query(`INSERT INTO app.items (note) VALUES ('kill ${writer}-${row}')`).then(
              () => true,
              () => false,
            );
            if (!done) return;
            acknowledged += 1;
          }
        });
        await until(`${ROWS_BEFORE_THE_KILL} rows are acknowledged`, 60, () =>
          Promise.resolve(acknowledged >= ROWS_BEFORE_THE_KILL),
        );
        process.kill(State.Pid, "SIGKILL");
        await Promise.all(writers);
        const kept = await until("Postgres is back", 60, async () => {
          const answer = await as("app_rw", undefined, [
            "SELECT count(*)::int AS n FROM app.items WHERE note LIKE 'kill %'",
          ]).catch(() => "");
          return /\{"n":(\d+)\}/.exec(answer)?.[1];
        });
        expect(
          acknowledged >= ROWS_BEFORE_THE_KILL && Number(kept) >= acknowledged,
          `${acknowledged} rows were acknowledged, ${kept} are there`,
        );
        await until("the service is back", 30, async () => (await answers()) === 200);
        return `${acknowledged} rows acknowledged, ${kept} kept`;
      },
    },
    {
      name: "a role's password that somebody changed is a clear failure, and up --refresh puts it right",
      run: async (context) => {
        await as("postgres", undefined, ["ALTER ROLE app_rw PASSWORD 'SomebodyElses1'"]);
        expectMatch(await login("app_rw", {}), /password authentication failed/, "the login");
        const preview = await stackOf(context).preview(["--refresh", "--expect-no-changes"]);
        expect(preview.code !== 0, "the preview does not see it");
        const repaired = await stackOf(context).up(["--refresh"]);
        expect(repaired.code === 0, tail(repaired.output, 30));
        expect((await login("app_rw", {})) === "in", "the login afterwards");
      },
    },
    {
      name: "a lost network is a clear failure; connected again, the next up and the service recover",
      run: async (context) => {
        const server = await container(STACK, "postgres");
        const { host } = databaseOf(known());
        await mustDocker(["network", "disconnect", "rampart-e2e-data-internal", server.Id]);
        stackOf(context).configure(
          dataSettings(context.images, { sql: `${TENANT_TABLES} -- again`, app: context.images.app }),
        );
        const failed = await stackOf(context).up(["--refresh"], 300);
        expect(failed.code !== 0, "the update passed");
        expectMatch(failed.output, /connect|no route|timeout|timed out|Postgres/i, "the error");
        await mustDocker([
          "network",
          "connect",
          "--ip",
          host,
          "--alias",
          "postgres",
          "rampart-e2e-data-internal",
          server.Id,
        ]);
        const repaired = await stackOf(context).up(["--refresh"], 300);
        expect(repaired.code === 0, tail(repaired.output, 40));
        await until("the service is back", 30, async () => (await answers()) === 200);
      },
    },
  ],
};
