/**
 * Queries of app_rw over TLS, with row security, and with both, beside the same in clear and without row security: one
 * server, two databases, in turn.
 */
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  postgresSettings,
  postgresSizing,
  renderPostgresqlConf,
} from "../../hardening/postgres/server/postgres-config";
import { databasePrivileges } from "../../hardening/postgres/roles/privileges";
import { renderPrivilegesSql } from "../../hardening/postgres/roles/privileges-sql";
import { renderTenancyGuardSql } from "../../hardening/postgres/tenancy/tenancy-guard-sql";
import { renderTenancySql } from "../../hardening/postgres/tenancy/tenancy-sql";
import { authorityCertificate, serverCertificate } from "../../hardening/pki/certificates";
import { certificatePeriod } from "../../hardening/pki/period";
import { docker, mustDocker } from "../e2e/lib/engine";
import { until } from "../e2e/lib/process";
import { ratio, spread, type Comparison } from "./measure";

const NAME = "rampart-bench-postgres";
const NETWORK = "rampart-bench-database";
const UID = 70;
const PASSWORD = "BenchPassword1";
const SUPERUSER = "postgres";
const ROWS = 100_000;
const SECONDS = 6;
const ROUNDS = 5;
const CLIENTS = 4;
const TENANT = "aaaaaaaa-0000-4000-8000-00000000000a";
const OTHER = "bbbbbbbb-0000-4000-8000-00000000000b";

/** The tables of both databases; half of the rows are another tenant's. */
const TABLES = `
CREATE TABLE app.accounts (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, balance bigint NOT NULL DEFAULT 0);
CREATE TABLE app.history (tenant_id uuid NOT NULL, account bigint NOT NULL, delta bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON app.accounts (tenant_id);
`;
const FILL =
  `INSERT INTO app.accounts SELECT n, CASE WHEN n % 2 = 0 THEN '${TENANT}'::uuid ELSE '${OTHER}'::uuid END ` +
  `FROM generate_series(1, ${ROWS}) n; VACUUM ANALYZE app.accounts;`;

const SCRIPTS = {
  "SELECT by key": `\\set id 2 * random(1, ${ROWS / 2})\nSELECT balance FROM app.accounts WHERE id = :id;\n`,
  "UPDATE, SELECT, INSERT in a transaction that sets its tenant": `\\set id 2 * random(1, ${ROWS / 2})
\\set delta random(-5000, 5000)
BEGIN;
SELECT set_config('app.tenant_id', '${TENANT}', true);
UPDATE app.accounts SET balance = balance + :delta WHERE id = :id;
SELECT balance FROM app.accounts WHERE id = :id;
INSERT INTO app.history (tenant_id, account, delta) VALUES ('${TENANT}', :id, :delta);
COMMIT;
`,
} as const;

type Database = "tenants" | "plain";

/** What Rampart has is the last one. */
const VARIANTS: readonly { readonly what: string; readonly database: Database; readonly tls: boolean }[] = [
  { what: "TLS", database: "plain", tls: true },
  { what: "row security", database: "tenants", tls: false },
  { what: "TLS and row security", database: "tenants", tls: true },
];

/** @param image Of Postgres, with pgbench in it, as the official one has */
export async function benchDatabase(image: string, work: string): Promise<Comparison[]> {
  await remove();
  try {
    await mustDocker(["network", "create", "--internal", NETWORK]);
    await start(image, work);
    await prepare("tenants", true);
    await prepare("plain", false);
    const comparisons: Comparison[] = [];
    for (const [name, script] of Object.entries(SCRIPTS)) {
      const file = join(work, "bench-database", "script.sql");
      writeFileSync(file, script);
      await mustDocker(["cp", file, `${NAME}-client:/tmp/script.sql`]);
      const plain: number[] = [];
      const measured = VARIANTS.map((variant) => ({ ...variant, rates: [] as number[] }));
      for (let round = 0; round < ROUNDS; round += 1) {
        plain.push(await pgbench("plain", false));
        for (const { database, tls, rates } of measured) rates.push(await pgbench(database, tls));
      }
      for (const { what, rates } of measured)
        comparisons.push({
          figure: `${name}, ${what}, per second`,
          ours: spread(rates, 0),
          peer: `in clear, without row security: ${spread(plain, 0)}`,
          ratio: ratio(rates, plain).toFixed(2),
        });
    }
    return comparisons;
  } finally {
    await remove();
  }
}

async function remove(): Promise<void> {
  await docker(["rm", "--force", "--volumes", NAME, `${NAME}-client`]);
  await docker(["network", "rm", NETWORK]);
}

async function start(image: string, work: string): Promise<void> {
  const directory = join(work, "bench-database");
  mkdirSync(directory, { recursive: true });
  const ca = { seed: Buffer.alloc(32, 1).toString("base64"), stackName: "bench" };
  const { certificate, privateKey } = serverCertificate({
    ...ca,
    server: "postgres",
    names: ["postgres"],
    period: certificatePeriod(new Date()),
  });
  const settings = postgresSettings({
    sizing: postgresSizing({ memoryMiB: 512, connectionLimits: [50] }),
    tls: { certificateFile: "/etc/bench/server.crt", keyFile: "/etc/bench/server.key" },
  });
  const files: Record<string, string> = {
    "postgresql.conf": renderPostgresqlConf(settings),
    "pg_hba.conf": "local all all trust\nhost all app_rw all scram-sha-256\n",
    "server.crt": certificate,
    "server.key": privateKey,
    "ca.crt": authorityCertificate(ca),
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory, name), content, { mode: name === "server.key" ? 0o600 : 0o644 });
    chownSync(join(directory, name), UID, UID);
  }
  const common = ["--network", NETWORK, "--volume", `${directory}:/etc/bench:ro`, "--label", "io.rampart.bench=1"];
  await mustDocker([
    "run",
    "--detach",
    "--name",
    NAME,
    "--network-alias",
    "postgres",
    ...common,
    "--memory",
    "512m",
    "--shm-size",
    "128m",
    "--env",
    `POSTGRES_PASSWORD=${PASSWORD}`,
    image,
    "postgres",
    "-c",
    "config_file=/etc/bench/postgresql.conf",
    "-c",
    "hba_file=/etc/bench/pg_hba.conf",
  ]);
  await mustDocker([
    "run",
    "--detach",
    "--name",
    `${NAME}-client`,
    ...common,
    "--user",
    String(UID),
    "--env",
    `PGPASSWORD=${PASSWORD}`,
    "--entrypoint",
    "sleep",
    image,
    "3600",
  ]);
  // Over the network: the image's own first start answers only on the socket.
  await until(
    "Postgres answers",
    60,
    async () => (await docker(["exec", `${NAME}-client`, "pg_isready", "--host", "postgres"])).code === 0,
  );
}

const sql = (database: string, text: string): Promise<string> =>
  mustDocker(
    [
      "exec",
      "--interactive",
      NAME,
      "psql",
      "--no-psqlrc",
      "--quiet",
      "--set=ON_ERROR_STOP=1",
      "--username",
      SUPERUSER,
      "--dbname",
      database,
    ],
    { input: text },
  );

async function prepare(database: string, confined: boolean): Promise<void> {
  await sql("postgres", `CREATE DATABASE ${database};`);
  const roles = ["migrator", "app_rw", "app_ro", "backup", "monitor"];
  const statements = renderPrivilegesSql(databasePrivileges({ database, superuser: SUPERUSER }), {
    passwords: Object.fromEntries(roles.map((role) => [role, PASSWORD])),
  });
  await sql(database, `${statements.join(";\n")};\nSET ROLE migrator;\n${TABLES}RESET ROLE;\n${FILL}`);
  if (!confined) return;
  const args = {
    schemas: ["app"],
    superuser: SUPERUSER,
    tenancy: { variable: "app.tenant_id", column: "tenant_id", type: "uuid", exceptions: [] },
  } as const;
  await sql(database, `BEGIN;\n${[...renderTenancySql(args), ...renderTenancyGuardSql(args)].join(";\n")};\nCOMMIT;\n`);
}

/** Transactions a second. The tenant is set at the connection, too, for the script that sets none. */
async function pgbench(database: Database, tls: boolean): Promise<number> {
  const ssl = tls ? "sslmode=verify-full sslrootcert=/etc/bench/ca.crt" : "sslmode=disable";
  const output = await mustDocker([
    "exec",
    "--env",
    `PGOPTIONS=-c app.tenant_id=${TENANT}`,
    `${NAME}-client`,
    "pgbench",
    "--no-vacuum",
    "--protocol=prepared",
    "--file=/tmp/script.sql",
    `--client=${CLIENTS}`,
    "--jobs=2",
    `--time=${SECONDS}`,
    `host=postgres dbname=${database} user=app_rw ${ssl}`,
  ]);
  const tps = /tps = ([\d.]+) \(without/.exec(output)?.[1];
  if (tps === undefined || !/number of failed transactions: 0/.test(output)) throw new Error(`pgbench: ${output}`);
  return Number(tps);
}
