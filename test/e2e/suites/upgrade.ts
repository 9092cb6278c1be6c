import { Client } from "pg";
import { docker, ids, LABEL, mustDocker, container, sweep } from "../lib/engine";
import { ask } from "../lib/http";
import { run, signal, start, tail, until, type RunResult } from "../lib/process";
import { REPOSITORY, Stack } from "../lib/pulumi";
import { expect, expectMatch, type Suite } from "../lib/runner";
import { UPGRADE, upgradeSettings, type Context } from "../lib/stacks";
import { connection } from "./database";

export const UPGRADE_STACK = "e2e-upgrade";
const NAME = "rampart-e2e-upgrade";
const OLD_VOLUME = `${NAME}-postgres-data`;
const NEW_VOLUME = `${NAME}-postgres-data-17`;

let made: Stack | undefined;
const stackOf = (context: Context): Stack => (made ??= new Stack(UPGRADE_STACK, context.work));

/** A write through the application: how many rows there are, and by which server. */
const write = async (): Promise<{ status: number; count: number; serverVersion: string }> => {
  const answer = await ask({ host: UPGRADE.host, port: UPGRADE.httpsPort, path: "/api/db" });
  const body =
    answer.status === 200
      ? (JSON.parse(answer.body) as { count: number; serverVersion: string })
      : { count: 0, serverVersion: "" };
  return { status: answer.status, ...body };
};
const written = (): ReturnType<typeof write> =>
  until("the API writes", 60, async () => {
    const one = await write();
    return one.status === 200 && one;
  });

async function sql(context: Context, role: string, statements: string): Promise<readonly Record<string, unknown>[]> {
  const outputs = await stackOf(context).outputs();
  const client = new Client({ ...connection(outputs, role), connectionTimeoutMillis: 5000 });
  // A server that goes away ends a session with an event, too; the query says so.
  client.on("error", () => undefined);
  await client.connect();
  try {
    const result = (await client.query(statements)) as
      | { rows: Record<string, unknown>[] }
      | { rows: Record<string, unknown>[] }[];
    return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? [];
  } finally {
    await client.end();
  }
}

const COMMAND = ["npm", "run", "--silent", "upgrade-postgres", "--", UPGRADE_STACK] as const;
const command = (args: readonly string[], timeoutSeconds = 240): Promise<RunResult> =>
  run(COMMAND[0], [...COMMAND.slice(1), ...args], { cwd: REPOSITORY, timeoutSeconds });
const upgrade = (context: Context, ...more: string[]): Promise<RunResult> =>
  command(["--to", context.images.postgres17, ...more]);
const CONFIRM = ["--confirm", UPGRADE_STACK];

async function must(running: Promise<RunResult>): Promise<RunResult> {
  const result = await running;
  expect(result.code === 0, `it ended with ${result.code}:\n${tail(result.output, 40)}`);
  return result;
}

const volumes = async (): Promise<string[]> =>
  (await ids("volume", [`label=${LABEL.stack}=${UPGRADE_STACK}`])).filter((name) => name.startsWith(OLD_VOLUME)).sort();

async function expectVolumes(wanted: readonly string[]): Promise<void> {
  const found = await volumes();
  expect(found.join(" ") === wanted.join(" "), `Postgres' volumes are ${found.join(" ")}, not ${wanted.join(" ")}`);
}

/**
 * Everything that a dump could forget: policies, owners, grants, sequences, a function, roles' settings,
 * a large object.
 */
const STRUCTURE = `
CREATE TABLE app.upgrade_rows (id bigserial PRIMARY KEY, tenant text NOT NULL, note text, at timestamptz DEFAULT now(),
  amount numeric, raw bytea);
ALTER TABLE app.upgrade_rows ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.upgrade_rows FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON app.upgrade_rows USING (tenant = current_setting('app.tenant', true))
  WITH CHECK (tenant = current_setting('app.tenant', true));
CREATE TYPE app.mood AS ENUM ('glad', 'sad');
CREATE VIEW app.upgrade_view WITH (security_invoker = true) AS SELECT id, note FROM app.upgrade_rows
  WHERE note IS NOT NULL;
CREATE FUNCTION app.upgrade_function(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + 1';
CREATE INDEX upgrade_index ON app.upgrade_rows (tenant, at DESC) WHERE note IS NOT NULL;
REVOKE ALL ON FUNCTION app.upgrade_function FROM PUBLIC;
SELECT set_config('app.tenant', 'a', false);
INSERT INTO app.upgrade_rows (tenant, note, amount, raw) SELECT 'a', 'row ' || n, n / 7.0, decode(md5(n::text), 'hex')
  FROM generate_series(1, 20000) n;
`;
const OWNED_BY_SUPERUSER = `
CREATE ROLE upgrade_login LOGIN PASSWORD 'UpgradeLoginPassword7' VALID UNTIL '2031-01-01' CONNECTION LIMIT 3;
GRANT app_ro TO upgrade_login WITH INHERIT TRUE;
ALTER ROLE upgrade_login SET statement_timeout = '7s';
CREATE EXTENSION IF NOT EXISTS citext;
CREATE FUNCTION public.upgrade_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER upgrade_event ON ddl_command_end EXECUTE FUNCTION public.upgrade_event();
ALTER DATABASE app SET work_mem = '5MB';
SELECT lo_from_bytea(0, 'large object');
`;
const SUM =
  "SELECT count(*)::int AS count, sum(('x' || substr(md5(r::text), 1, 8))::bit(32)::bigint)::text AS sum " +
  "FROM app.upgrade_rows r";

export const upgradeSuite: Suite<Context> = {
  name: "upgrade",
  stack: "upgrade",
  once: true,
  sequence: true,
  checks: [
    {
      name: "a protected stack on PostgreSQL 16 deploys, and takes structure and rows",
      critical: true,
      run: async (context) => {
        await stackOf(context).init();
        await stackOf(context).mustUp(upgradeSettings(context.images));
        await written();
        await sql(context, "migrator", STRUCTURE);
        await sql(context, "postgres", OWNED_BY_SUPERUSER);
      },
    },
    {
      name: "an image of the next major is refused, in the preview and in up, before anything is touched",
      run: async (context) => {
        const before = (await container(UPGRADE_STACK, "postgres")).Id;
        stackOf(context).configure(upgradeSettings(context.images, { postgres: context.images.postgres17 }));
        for (const result of [await stackOf(context).preview(), await stackOf(context).up()]) {
          expect(result.code !== 0, "it passed");
          expectMatch(result.output, /PostgreSQL 16 runs and the configured image is PostgreSQL 17/, "the refusal");
          expectMatch(
            result.output,
            /npx rampart upgrade-postgres e2e-upgrade --to '\S+' --confirm e2e-upgrade/,
            "the way on",
          );
        }
        expect((await container(UPGRADE_STACK, "postgres")).Id === before, "the old server was replaced");
        await expectVolumes([OLD_VOLUME]);
        expect((await write()).status === 200, "the old server does not serve");
        // The new image was pulled meanwhile, and is all that the state has to forget.
        await stackOf(context).mustUp(upgradeSettings(context.images));
        expect(
          (await container(UPGRADE_STACK, "postgres")).Id === before,
          "the old server was replaced on the way back",
        );
        const preview = await stackOf(context).preview(["--expect-no-changes"]);
        expect(preview.code === 0, tail(preview.output, 40));
      },
    },
    {
      name: "without its confirmation the guided path looks, and changes nothing",
      run: async (context) => {
        const result = await upgrade(context);
        expect(result.code === 2, result.output);
        expectMatch(result.output, /Nothing was changed/, "the answer");
        await expectVolumes([OLD_VOLUME]);
        expect((await write()).status === 200, "writes are refused");
      },
    },
    {
      name: "cut off in its middle it leaves reads going, and the same command takes it to its end",
      critical: true,
      run: async (context) => {
        const child = start(
          // Its steps are progress, which goes to standard error.
          "sh",
          ["-c", 'exec "$@" 2>&1', "sh", ...COMMAND, "--to", context.images.postgres17, ...CONFIRM],
          { cwd: REPOSITORY },
        );
        let seen = "";
        child.stdout?.on("data", (chunk: Buffer) => (seen += chunk.toString()));
        await until("the restore begins", 120, () => Promise.resolve(/\[5\/8\]/.test(seen)), 50);
        signal(child, "SIGKILL");
        expect((await write()).status !== 200, "a write passed while the databases are read-only");
        expect((await sql(context, "app_ro", "SELECT 1 AS one")).length === 1, "reads are refused");
        const { output } = await must(upgrade(context, ...CONFIRM));
        expectMatch(output, /the one of the last run is whole/, "the dump is taken up again");
        expectMatch(output, /\d+ lines agree/, "the comparison");
        await expectVolumes([OLD_VOLUME, NEW_VOLUME]);
        return /(\d+) lines agree/.exec(output)?.[0];
      },
    },
    {
      name: "--abort takes writes again and removes what was prepared",
      run: async (context) => {
        await must(command(["--abort", ...CONFIRM]));
        await written();
        await expectVolumes([OLD_VOLUME]);
        stackOf(context).configure(
          upgradeSettings(context.images, { postgres: context.images.postgres17, previousMajors: [16] }),
        );
        const result = await stackOf(context).preview();
        expect(
          result.code !== 0 && /PostgreSQL 16 runs/.test(result.output),
          "a preview of the new major passes after the abort",
        );
        stackOf(context).configure(upgradeSettings(context.images));
      },
    },
    {
      name: "a write that got around the freeze is found, and the volume is not marked",
      run: async (context) => {
        const running = upgrade(context, ...CONFIRM);
        // As an application would that asks for a read-write transaction by name.
        await until(
          "the freeze",
          120,
          async () => {
            const rows = await sql(context, "app_rw", "SHOW default_transaction_read_only").catch(() => []);
            return rows[0]?.["default_transaction_read_only"] === "on";
          },
          50,
        );
        await until(
          "the dump is read",
          60,
          async () =>
            (await ids("container", ["name=postgres-data-17-upgrade"])).length > 0 &&
            (await docker(["exec", `${NEW_VOLUME}-upgrade`, "test", "-f", "/tmp/upgrade/done"])).code === 0,
          50,
        );
        await sql(context, "app_rw", "BEGIN READ WRITE; INSERT INTO app.items (note) VALUES ('around'); COMMIT");
        const result = await running;
        expect(result.code === 1, tail(result.output, 20));
        expectMatch(result.output, /only on the old server: rows app\.items\|/, "the difference");
        await must(command(["--abort", ...CONFIRM]));
      },
    },
    {
      name: "prepared, the switch wants the old volume declared, and says how",
      critical: true,
      run: async (context) => {
        await written();
        const { output } = await must(upgrade(context, ...CONFIRM));
        expectMatch(output, /set rampart:images: \{ postgres: "\S+postgres:17-alpine@sha256:/, "the next step");
        stackOf(context).configure(upgradeSettings(context.images, { postgres: context.images.postgres17 }));
        const result = await stackOf(context).up();
        expect(result.code !== 0, "it passed");
        expectMatch(result.output, /rampart:database: \{ previousMajors: \[16\] \}/, "the refusal");
        expectMatch(
          (await container(UPGRADE_STACK, "postgres")).Mounts.map(({ Name }) => Name ?? "").join(" "),
          new RegExp(`${OLD_VOLUME}( |$)`),
          "the old volume",
        );
      },
    },
    {
      name: "up switches: every row is there, writes pass, the old volume is kept, and the next preview is empty",
      run: async (context) => {
        const before = await sql(context, "postgres", SUM);
        await stackOf(context).mustUp(
          upgradeSettings(context.images, { postgres: context.images.postgres17, previousMajors: [16] }),
        );
        const answer = await written();
        expectMatch(answer.serverVersion, /^17\./, "the server");
        const after = await sql(context, "postgres", SUM);
        expect(
          JSON.stringify(after) === JSON.stringify(before),
          `${JSON.stringify(before)} became ${JSON.stringify(after)}`,
        );
        expect((await sql(context, "app_rw", "SELECT * FROM app.upgrade_rows")).length === 0, "row security is gone");
        await expectVolumes([OLD_VOLUME, NEW_VOLUME]);
        const preview = await stackOf(context).preview(["--expect-no-changes", "--refresh"]);
        expect(preview.code === 0, tail(preview.output, 40));
        return `${String(after[0]?.["count"])} rows`;
      },
    },
    {
      name: "the way back to the old image is refused, as it would lose what was written since",
      run: async (context) => {
        stackOf(context).configure(upgradeSettings(context.images, { previousMajors: [17] }));
        const result = await stackOf(context).up();
        expect(
          result.code !== 0 &&
            /PostgreSQL 17 runs and the configured image is PostgreSQL 16, an older one/.test(result.output),
          tail(result.output, 30),
        );
        expect((await write()).status === 200, "the new server does not serve");
      },
    },
    {
      name: "and the stack can be destroyed for good",
      run: async (context) => {
        stackOf(context).configure(
          upgradeSettings(context.images, { postgres: context.images.postgres17, previousMajors: [16] }),
        );
        await stackOf(context).cli("state", ["unprotect", "--all", "--yes"], 60);
        const result = await stackOf(context).destroy(["--ignore-protect"]);
        expect(result.code === 0, tail(result.output, 40));
        await expectVolumes([OLD_VOLUME, NEW_VOLUME]);
        await sweep([`${LABEL.stack}=${UPGRADE_STACK}`]);
        await mustDocker(["version", "--format", "{{.Server.Version}}"]);
      },
    },
  ],
};
