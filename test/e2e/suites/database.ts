import { Client, DatabaseError } from "pg";
import { INSUFFICIENT_PRIVILEGE } from "../../../verify/probes/database/attempts";
import { oversteps } from "../../../verify/probes/database/oversteps";
import { container, docker, inNetworkOf } from "../lib/engine";
import { REPOSITORY, type Outputs } from "../lib/pulumi";
import { expect, expectMatch, expectNone, type Suite } from "../lib/runner";
import { databaseOf, mainOutputs, type Context } from "../lib/stacks";

type Role = "migrator" | "app_rw" | "app_ro";

export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly ssl: { readonly ca: string; readonly servername: string };
}

/** As every client connects: over TLS, the server verified by the stack's own authority. */
export function connection(outputs: Outputs, role: string): Connection {
  const { host, port, name, superuser, superuserPassword, passwords, elevations, ca } = databaseOf(outputs);
  const password = role === superuser ? superuserPassword : (passwords[role] ?? elevations?.[role] ?? "");
  return { host, port, database: name, user: role, password, ssl: { ca, servername: "postgres" } };
}

/** One session of a role, from the host to Postgres' own address. */
export async function session<T>(
  outputs: Outputs,
  role: string,
  use: (client: Client) => Promise<T>,
  changes: object = {},
): Promise<T> {
  const client = new Client({ ...connection(outputs, role), connectionTimeoutMillis: 5000, ...changes });
  // A server that goes away ends a session with an event, too; the query says so.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Runs statements one by one: `undefined` where one passes, else PostgreSQL's own words. */
async function attempts(context: Context, role: Role, statements: readonly string[]): Promise<(string | undefined)[]> {
  return session(mainOutputs(context), role, async (client) => {
    const results: (string | undefined)[] = [];
    for (const statement of statements) {
      results.push(
        await client.query(statement).then(
          () => undefined,
          (error: unknown) => (error instanceof DatabaseError ? `${error.code}: ${error.message}` : String(error)),
        ),
      );
    }
    return results;
  });
}

async function expectPass(context: Context, role: Role, statements: readonly string[]): Promise<void> {
  const results = await attempts(context, role, statements);
  expectNone(
    statements.flatMap((statement, index) =>
      results[index] === undefined ? [] : [`${role}: ${statement}: ${results[index]}`],
    ),
  );
}

async function expectRefused(context: Context, role: Role, statements: readonly string[]): Promise<void> {
  const results = await attempts(context, role, statements);
  expectNone(
    statements.flatMap((statement, index) =>
      results[index]?.startsWith(`${INSUFFICIENT_PRIVILEGE}:`) === true
        ? []
        : [`${role}: ${statement}: ${results[index] ?? "it passed"}`],
    ),
  );
}

/** Tries a login in a container's network, and gives PostgreSQL's answer. */
async function loginFrom(context: Context, service: string, role: string): Promise<string> {
  const script =
    "const{Client}=require('pg');const c=new Client({...JSON.parse(process.env.E2E_LOGIN)," +
    "connectionTimeoutMillis:5000});c.connect().then(()=>{console.log('in');return " +
    "c.end()},e=>console.log(e.message))";
  const from = await container(context.main.name, service);
  const result = await inNetworkOf(from, [process.execPath, "-e", script], {
    cwd: REPOSITORY,
    env: { E2E_LOGIN: JSON.stringify(connection(mainOutputs(context), role)) },
  });
  return result.output.trim();
}

const ITEMS = { schema: "app", table: { name: "app.items", column: "note" } };
/** What `rampart verify` tries, and a statement that it does not, as it would not come back. */
const beyond = (role: Role): string[] => [...oversteps(ITEMS, role).map(({ sql }) => sql), "DROP TABLE app.items"];

export const database: Suite<Context> = {
  name: "database",
  stack: "main",
  smoke: true,
  checks: [
    {
      name: "app_rw reads and writes rows",
      repeatable: true,
      run: (context) =>
        expectPass(context, "app_rw", [
          "INSERT INTO app.items (note) VALUES ('e2e')",
          "UPDATE app.items SET note = 'e2e2' WHERE note = 'e2e'",
          "SELECT * FROM app.items",
          "DELETE FROM app.items WHERE note = 'e2e2'",
        ]),
    },
    {
      name: "app_rw changes no structure and administers nothing",
      run: (context) => expectRefused(context, "app_rw", beyond("app_rw")),
    },
    {
      name: "app_ro reads",
      repeatable: true,
      run: (context) => expectPass(context, "app_ro", ["SELECT * FROM app.items", "SELECT count(*) FROM app.items"]),
    },
    {
      name: "app_ro does nothing else",
      run: (context) => expectRefused(context, "app_ro", ["SELECT nextval('app.items_id_seq')", ...beyond("app_ro")]),
    },
    {
      name: "migrator makes tables, and the rights to future ones follow by themselves",
      run: async (context) => {
        await expectPass(context, "migrator", ["CREATE TABLE app.e2e_future (id bigserial primary key, note text)"]);
        try {
          await expectPass(context, "app_rw", [
            "INSERT INTO app.e2e_future (note) VALUES ('x')",
            "SELECT * FROM app.e2e_future",
          ]);
          await expectPass(context, "app_ro", ["SELECT * FROM app.e2e_future"]);
          await expectRefused(context, "app_ro", ["INSERT INTO app.e2e_future (note) VALUES ('x')"]);
          await expectRefused(context, "app_rw", ["DROP TABLE app.e2e_future", "TRUNCATE app.e2e_future"]);
        } finally {
          await expectPass(context, "migrator", ["DROP TABLE app.e2e_future"]);
        }
        await expectRefused(
          context,
          "migrator",
          oversteps(ITEMS, "migrator").map(({ sql }) => sql),
        );
      },
    },
    {
      name: "PUBLIC has nothing on the databases or the schemas",
      run: async (context) => {
        const rows = await session(mainOutputs(context), "postgres", async (client) => {
          const result = await client.query<{ what: string }>(
            `SELECT 'database ' || datname AS what
              FROM pg_database d, aclexplode(coalesce(datacl, acldefault('d', datdba))) a
              WHERE a.grantee = 0 AND datallowconn
             UNION ALL SELECT 'schema ' || nspname
               FROM pg_namespace n, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a
               WHERE a.grantee = 0 AND nspname IN ('public', 'app')
             UNION ALL SELECT 'table ' || c.oid::regclass FROM pg_class c, aclexplode(relacl) a
               WHERE a.grantee = 0 AND c.relnamespace = 'app'::regnamespace`,
          );
          return result.rows;
        });
        expectNone(rows.map(({ what }) => `PUBLIC has a right on ${what}`));
      },
    },
    {
      name: "no role but the bootstrap superuser has an attribute that administers",
      run: async (context) => {
        const rows = await session(mainOutputs(context), "postgres", async (client) => {
          const result = await client.query<{ rolname: string }>(
            "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres' AND (rolsuper " +
              "OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls <> (rolname = 'backup') OR " +
              "rolconnlimit < 0)",
          );
          return result.rows;
        });
        expectNone(rows.map(({ rolname }) => rolname));
      },
    },
    {
      name: "backup dumps every row with the real programs, the hidden ones too, and no password",
      run: async (context) => {
        const outputs = mainOutputs(context);
        const { name, passwords } = databaseOf(outputs);
        await expectPass(context, "migrator", [
          "CREATE TABLE app.e2e_hidden AS SELECT 'e2e hidden row' AS note",
          "ALTER TABLE app.e2e_hidden ENABLE ROW LEVEL SECURITY",
          "ALTER TABLE app.e2e_hidden FORCE ROW LEVEL SECURITY",
        ]);
        try {
          const script =
            `pg_dump -h postgres -U backup -Fc -f /tmp/x ${name} && pg_restore -f - /tmp/x && pg_dumpall -h ` +
            `postgres -U backup --globals-only --no-role-passwords -l ${name} && echo all-done; ` +
            `pg_dumpall -h postgres -U backup --globals-only -l ${name}`;
          const result = await docker(
            [
              "run",
              "--rm",
              "--network",
              outputs.networks["internal"] ?? "",
              "--env",
              "PGPASSWORD",
              "--entrypoint",
              "sh",
              context.images.postgres,
              "-c",
              script,
            ],
            { env: { PGPASSWORD: passwords["backup"] ?? "" } },
          );
          for (const part of [
            /e2e hidden row/,
            /CREATE ROLE app_rw;/,
            /all-done/,
            /permission denied for table pg_authid/,
          ])
            expectMatch(result.output, part, "the dump");
          expect(!result.output.includes("SCRAM-SHA-256"), "a password's verifier is in the dump");
        } finally {
          await expectPass(context, "migrator", ["DROP TABLE app.e2e_hidden"]);
        }
      },
    },
    {
      name: "the superuser logs in from the gateway (the host), and from no container",
      run: async (context) => {
        await session(mainOutputs(context), "postgres", (client) => client.query("SELECT 1"));
        expect(
          (await loginFrom(context, "api", "app_rw")) === "in",
          `the control failed: ${await loginFrom(context, "api", "app_rw")}`,
        );
        for (const service of ["api", "worker", "redis"])
          expectMatch(
            await loginFrom(context, service, "postgres"),
            /pg_hba\.conf rejects|no pg_hba\.conf entry/,
            `the superuser from ${service}`,
          );
      },
    },
    {
      name: "a wrong password, another database and an unknown user are refused",
      run: async (context) => {
        const outputs = mainOutputs(context);
        const words = (role: string, changes: object): Promise<string> =>
          session(outputs, role, () => Promise.resolve("it let him in"), changes).catch((error: unknown) =>
            String(error),
          );
        expectMatch(await words("app_rw", { password: "wrong" }), /password authentication failed/, "a wrong password");
        expectMatch(
          await words("app_rw", { database: "postgres" }),
          /pg_hba\.conf|permission denied/,
          "another database",
        );
        expectMatch(await words("nobody", { password: "x" }), /pg_hba\.conf|authentication failed/, "an unknown user");
      },
    },
  ],
};
