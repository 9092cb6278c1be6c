/** The data of the AMO portal's example: tenants, roles, secrets. */
import { AMO } from "../lib/amo-portal";
import { container, mustDocker } from "../lib/engine";
import { ask } from "../lib/http";
import { expect, expectNone, type Suite } from "../lib/runner";
import { databaseOf, type Context } from "../lib/stacks";
import { known } from "./amo";
import { session } from "./database";

const [A, B] = ["aaaaaaaa-0000-4000-8000-00000000000a", "bbbbbbbb-0000-4000-8000-00000000000b"];

/** One statement of a role, as a tenant; PostgreSQL's own words where it is refused. */
const as = (role: string, tenant: string | undefined, statement: string): Promise<string> =>
  session(known(), role, async (client) => {
    await client.query("BEGIN");
    if (tenant !== undefined) await client.query("SELECT set_config('app.amo_id', $1, true)", [tenant]);
    const result = await client
      .query(statement)
      .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (typeof result === "string") return result;
    await client.query("COMMIT");
    return result.rows.length === 0 ? String(result.rowCount ?? 0) : JSON.stringify(result.rows);
  });

type Probe = readonly [role: string, tenant: string | undefined, sql: string, wanted: RegExp];

async function tried(probes: readonly Probe[]): Promise<void> {
  const faults: string[] = [];
  for (const [role, tenant, sql, wanted] of probes) {
    const answer = await as(role, tenant, sql);
    if (!wanted.test(answer)) faults.push(`${role} as ${tenant ?? "nobody"}: ${sql}: ${answer}`);
  }
  expectNone(faults);
}

export const amoData: Suite<Context> = {
  name: "amo data",
  stack: "amo",
  once: true,
  checks: [
    {
      name: "one AMO neither reads nor writes nor moves another's rows, and nobody's session sees any",
      run: () =>
        tried([
          ["app_rw", A, `INSERT INTO app.records VALUES (1, '${A}', 'a')`, /^1$/],
          ["app_rw", B, `INSERT INTO app.records VALUES (2, '${B}', 'b')`, /^1$/],
          ["app_rw", A, "SELECT id FROM app.records", /^\[\{"id":"1"\}\]$/],
          ["app_ro", B, "SELECT id FROM app.records", /^\[\{"id":"2"\}\]$/],
          ["app_rw", undefined, "SELECT id FROM app.records", /^0$/],
          ["app_rw", A, "UPDATE app.records SET note = 'x' WHERE id = 2", /^0$/],
          ["app_rw", A, "DELETE FROM app.records WHERE id = 2", /^0$/],
          ["app_rw", A, `INSERT INTO app.records VALUES (3, '${B}', 'x')`, /row-level security/],
          ["app_rw", A, `UPDATE app.records SET amo_id = '${B}' WHERE id = 1`, /row-level security/],
        ]),
    },
    {
      name: "the runtime user changes rows and no structure, the migration user makes tables, neither administers",
      run: () =>
        tried([
          ["app_rw", A, "CREATE TABLE app.mine (id int)", /permission denied/],
          ["app_rw", A, "ALTER TABLE app.records DISABLE ROW LEVEL SECURITY", /must be owner/],
          ["app_rw", A, "TRUNCATE app.records", /permission denied/],
          ["app_rw", A, "CREATE ROLE mine", /permission denied/],
          ["migrator", undefined, "CREATE TABLE app.made (id int, amo_id uuid)", /^0$/],
          ["migrator", undefined, "DROP TABLE app.made", /^0$/],
          ["migrator", undefined, "CREATE ROLE mine", /permission denied/],
        ]),
    },
    {
      name: "secrets are files of the API only, and stand in no environment and no inspection",
      run: async () => {
        const { body } = await ask({ host: AMO.host, port: AMO.httpsPort, path: "/api/env" });
        const { env, secrets } = JSON.parse(body) as {
          readonly env: readonly string[];
          readonly secrets: readonly { readonly name: string; readonly length: number; readonly readable: boolean }[];
        };
        const key = secrets.find(({ name }) => name === "secret_key");
        expect(key !== undefined && key.readable && key.length >= 48, JSON.stringify(secrets));
        expect(env.includes("SECRET_KEY_FILE") && !env.includes("SECRET_KEY"), env.join());
        const inspected = await mustDocker([
          "inspect",
          (await container(AMO.stack, "api")).Id,
          (await container(AMO.stack, "frontend")).Id,
        ]);
        const { passwords, superuserPassword } = databaseOf(known());
        const values = [superuserPassword, ...Object.values(passwords), ...Object.values(known().access ?? {})];
        expect(
          values.every((value) => value.length > 20 && !inspected.includes(value)),
          "a password stands in an inspection",
        );
        const mounts = (await container(AMO.stack, "frontend")).Mounts.map(({ Destination }) => Destination);
        expect(!mounts.some((path) => path.startsWith("/run/secrets")), mounts.join());
      },
    },
    {
      name: "the API's Redis user works over TLS with its prefix",
      run: async () => {
        const { status, body } = await ask({ host: AMO.host, port: AMO.httpsPort, path: "/api/cache" });
        expect(status === 200 && body.includes('"session:probe"') && body.includes('"same":true'), `${status} ${body}`);
      },
    },
  ],
};
