/**
 * `rampart verify` on a stack of tenants with Redis over TLS: what somebody does by hand to roles, rows, entrances,
 * users and secrets is named by each probe that it concerns.
 */
import { container, docker, LABEL, mustDocker } from "../lib/engine";
import { expect, expectNone, type Suite } from "../lib/runner";
import { databaseOf, type Context } from "../lib/stacks";
import { stackOf } from "./data";
import { session } from "./database";
import { verified } from "./verify";

const LEAKY = "e2e-verify-leaky";
const ROLE = "e2e_by_hand";

interface Breakage {
  readonly what: string;
  readonly id: string;
  readonly target: RegExp;
  readonly evidence: RegExp;
}

const BREAKAGES: readonly Breakage[] = [
  ...(
    [
      ["CREATE on the schema", "probe-roles", /^app_rw/, /may .*make a function/],
      ["CREATE on the schema", "probe-database-privileges", /^database app$/, /may make things: app_rw in schema app/],
      ["BYPASSRLS", "probe-database-privileges", /^app_ro$/, /bypasses row security/],
      ["BYPASSRLS", "probe-tenancy", /^database app$/, /role app_ro: bypasses row security/],
      ["a role by hand", "probe-database-privileges", new RegExp(`^${ROLE}$`), /the state does not know/],
      ["a membership by hand", "probe-database-privileges", /^app_rw$/, /is a member of pg_read_server_files/],
      ["a right to write", "probe-database-privileges", /^database app$/, /app_ro INSERT app\.items/],
      ["event triggers off", "probe-database-privileges", /^database app$/, /event triggers are gone or off/],
      ["row security not forced", "probe-tenancy", /^database app$/, /app\.projects: row security is not enabled and/],
      ["a policy that shows all", "probe-tenancy", /^app_rw/, /inserts a row of another tenant \(app\.tasks\)/],
      ["hba loosened", "probe-database-entrance", /^postgres$/, /lets a client in: in clear/],
      ["hba loosened", "probe-database-entrance", /^postgres$/, /lets a client in: with a wrong password/],
      ["hba loosened", "probe-database-entrance", /^postgres$/, /lets a client in: as the superuser/],
      ["a user of Redis widened", "probe-redis", /^api$/, /reaches ~\*; reaches &\*; is given \+config/],
      ["a user of Redis widened", "probe-redis", /^api$/, /may read the configuration, .*read a key of nobodys:/],
      ["a secret as a variable", "probe-secrets", /^docker inspect of containers$/, new RegExp(`in clear .*${LEAKY}`)],
      ["a secret in a log", "probe-secrets", /^logs of containers$/, new RegExp(`in base64 .*${LEAKY}`)],
      ["a secret as an argument", "probe-secrets", /^arguments of processes$/, new RegExp(`in clear .*${LEAKY}`)],
      ["a secret of another's", "probe-secrets", new RegExp(LEAKY), /has secrets that are not its own: .*in clear/],
    ] as const
  ).map(([what, id, target, evidence]) => ({ what, id, target, evidence })),
];

const BREAK = [
  "GRANT CREATE ON SCHEMA app TO app_rw",
  "ALTER ROLE app_ro BYPASSRLS",
  `CREATE ROLE ${ROLE} LOGIN`,
  "GRANT pg_read_server_files TO app_rw",
  "GRANT INSERT ON app.items TO app_ro",
  "ALTER EVENT TRIGGER rampart_tenancy_ddl DISABLE",
  "ALTER EVENT TRIGGER rampart_tenancy_drop DISABLE",
  "ALTER TABLE app.projects NO FORCE ROW LEVEL SECURITY",
  "DROP POLICY rampart_tenant_only ON app.tasks",
  "CREATE POLICY e2e_all ON app.tasks USING (true) WITH CHECK (true)",
] as const;

const MEND = [
  "REVOKE CREATE ON SCHEMA app FROM app_rw",
  "ALTER ROLE app_ro NOBYPASSRLS",
  `DROP ROLE IF EXISTS ${ROLE}`,
  "REVOKE pg_read_server_files FROM app_rw",
  "REVOKE INSERT ON app.items FROM app_ro",
  "DROP POLICY IF EXISTS e2e_all ON app.tasks",
  "SELECT rampart.tenancy_cover('app.projects'::regclass), rampart.tenancy_cover('app.tasks'::regclass)",
  "ALTER EVENT TRIGGER rampart_tenancy_ddl ENABLE ALWAYS",
  "ALTER EVENT TRIGGER rampart_tenancy_drop ENABLE ALWAYS",
  "SELECT pg_reload_conf()",
] as const;

/** As the superuser, each in a transaction of its own. */
const asSuperuser = async (context: Context, statements: readonly string[]): Promise<void> =>
  // Passwords turned over since the stack was deployed.
  session(await stackOf(context).outputs(), "postgres", async (client) => {
    for (const statement of statements) await client.query(statement);
  });

const HBA = "/var/run/postgresql/pg_hba.conf";
const KEPT = "/var/run/postgresql/e2e_hba";

/** Breaks all of it at once, as each look takes some seconds. Gives what undoes it. */
async function breakThings(context: Context): Promise<() => Promise<void>> {
  const stack = stackOf(context).name;
  const [postgres, redis, api] = await Promise.all(["postgres", "redis", "api"].map((name) => container(stack, name)));
  if (postgres === undefined || redis === undefined || api === undefined) throw new Error("a container is missing");
  const inPostgres = (script: string): Promise<string> => mustDocker(["exec", postgres.Id, "sh", "-c", script]);
  await asSuperuser(context, BREAK);
  await inPostgres(`cat ${HBA} >${KEPT} && { echo 'host all all all trust'; cat ${KEPT}; } >${HBA}`);
  await asSuperuser(context, ["SELECT pg_reload_conf()"]);
  const admin =
    "REDISCLI_AUTH=$(cat /tmp/rampart-admin) exec redis-cli --tls --insecure --user rampart --no-auth-warning";
  const inRedis = (command: string): Promise<string> =>
    mustDocker(["exec", redis.Id, "sh", "-c", `${admin} ${command}`]);
  await inRedis("ACL SETUSER api '~*' '&*' +config");
  const secret = databaseOf(await stackOf(context).outputs()).passwords["monitor"] ?? "";
  const encoded = Buffer.from(`monitor:${secret}`).toString("base64");
  const { Mounts } = api;
  const volume = Mounts.find(({ Destination }) => Destination === "/run/secrets")?.Name ?? "";
  const labels = { [LABEL.stack]: stack, [LABEL.component]: "service", [LABEL.name]: "leaky" };
  await mustDocker([
    ...["run", "--detach", "--name", LEAKY, "--network", "none", "--volume", `${volume}:/run/secrets:ro`],
    ...Object.entries(labels).flatMap(([label, value]) => ["--label", `${label}=${value}`]),
    ...["--env", `E2E_PASSWORD=${secret}`, "--entrypoint", "sh", context.images.haproxy],
    ...["-c", `echo ${encoded}; sleep 600; exit`, "sh", secret],
  ]);
  return async () => {
    await docker(["rm", "--force", LEAKY]);
    await inPostgres(`cat ${KEPT} >${HBA} && rm ${KEPT}`);
    await asSuperuser(context, MEND);
    // Declared patterns are no longer taken beside "all keys".
    await inRedis("ACL SETUSER api resetkeys resetchannels -config");
    for (const step of ["stage", "settle"]) await mustDocker(["exec", redis.Id, "sh", "/etc/rampart/users.sh", step]);
  };
}

const PROBES = [
  "probe-database-entrance",
  "probe-database-privileges",
  "probe-roles",
  "probe-tenancy",
  "probe-redis",
  "probe-secrets",
];

const told = ({ status, id, target, evidence }: Awaited<ReturnType<typeof look>>["checks"][number]): string =>
  `${status} ${id} ${target}: ${evidence}`;
/** What is beyond the engine is another suite's. */
const look = (context: Context): ReturnType<typeof verified> => verified({ ...context, main: stackOf(context) });

async function expectHeld(context: Context): Promise<string> {
  const { checks, seconds } = await look(context);
  expectNone(checks.filter(({ status }) => status === "fail").map(told));
  expectNone(
    PROBES.filter((id) => !checks.some((check) => check.id === id && check.status === "pass")).map(
      (id) => `${id} was not tried`,
    ),
  );
  return `${checks.length} checks in ${seconds.toFixed(0)} s`;
}

export const verifyData: Suite<Context> = {
  name: "verify-data",
  stack: "data",
  checks: [
    {
      name: "a stack of tenants passes, its logins, rows, users of Redis and secrets tried",
      repeatable: true,
      run: expectHeld,
    },
    {
      name: "what somebody widened by hand in Postgres and Redis, and a secret in the open, are named, and no value",
      run: async (context) => {
        const undo = await breakThings(context);
        try {
          const { code, checks } = await look(context);
          expect(code === 1, `exit code ${code}`);
          const failed = checks.filter(({ status }) => status === "fail");
          const matches = ({ id, target, evidence }: Breakage): boolean =>
            failed.some((check) => check.id === id && target.test(check.target) && evidence.test(check.evidence));
          expectNone(
            BREAKAGES.filter((breakage) => !matches(breakage)).map(
              ({ what, id }) => `${what}: ${id} did not say so; failed: ${failed.map(told).join(" | ")}`,
            ),
          );
          const { passwords, superuserPassword } = databaseOf(await stackOf(context).outputs());
          const values = [...Object.values(passwords), superuserPassword];
          expect(!values.some((value) => JSON.stringify(checks).includes(value)), "a secret is in the evidence");
        } finally {
          await undo();
        }
        return `${BREAKAGES.length} findings`;
      },
    },
    {
      name: "once all of that is undone, nothing fails, and what was tried has left no row and no role",
      run: async (context) => {
        const note = await expectHeld(context);
        const left = await session(await stackOf(context).outputs(), "postgres", (client) =>
          client.query(
            "SELECT rolname FROM pg_roles WHERE rolname ~ 'rampart_verify|e2e_' UNION ALL " +
              "SELECT relname FROM pg_class WHERE relname ~ 'rampart_verify'",
          ),
        );
        expectNone(left.rows.map((row: unknown) => JSON.stringify(row)));
        return note;
      },
    },
  ],
};
