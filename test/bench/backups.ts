/**
 * Backup and restore of a deployed stack, beside plain pg_dump and pg_restore in the same Postgres container, in turn.
 */
import { container, docker } from "../e2e/lib/engine";
import { run, until, type RunResult } from "../e2e/lib/process";
import { REPOSITORY, Stack, type StackSettings } from "../e2e/lib/pulumi";
import type { Images } from "../e2e/lib/stacks";
import { median, must, ratio, spread, type Comparison } from "./measure";

const STACK = "bench-backups";
const ROUNDS = 3;
/** About 1 GiB. */
const ROWS = 4_600_000;
const POOL = "10.243.0.0/16";
const SUPERUSER = "postgres";
/** What is restored beside the live database; gone after each round. */
const OURS = "bench_ours";
const PEER = "bench_peer";
/** On Postgres' own data volume, the one place there with room for it. */
const DUMP = "/var/lib/postgresql/data/bench.dump";

/** Text that compresses about as application data does: half of it is random. */
const fill = (round: number): string =>
  `TRUNCATE app.bulk; INSERT INTO app.bulk SELECT n, md5(n::text || '${round}') || md5('${round}' || n::text), ` +
  `repeat('status open ', 10) FROM generate_series(1, ${ROWS}) n; CHECKPOINT;`;

export async function benchBackups(images: Images, work: string): Promise<Comparison[]> {
  const stack = new Stack(STACK, work);
  await stack.init();
  try {
    await stack.mustUp(settings(images));
    await sql(
      "CREATE TABLE app.bulk (id bigint PRIMARY KEY, token text, note text); " +
        "ALTER TABLE app.bulk OWNER TO migrator; GRANT SELECT ON app.bulk TO backup;",
    );
    await until(
      "the store opens its repository",
      60,
      async () =>
        (await docker(["exec", (await container(STACK, "backup-store")).Id, "sh", "/etc/rampart/store.sh", "health"]))
          .code === 0,
    );
    const seconds = { backup: [] as number[], dump: [] as number[], restore: [] as number[], load: [] as number[] };
    let bytes = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      // Other rows each time: what the repository knows already would cost it nothing.
      await sql(fill(round));
      bytes = Number(await sql("SELECT pg_table_size('app.bulk')"));
      seconds.backup.push((await command("backup", [])).seconds);
      seconds.dump.push(
        (await inPostgres(`pg_dump --format=custom --file=${DUMP} --username=${SUPERUSER} app`)).seconds,
      );
      seconds.restore.push(
        (await command("restore", ["--database", "app", "--to", `database:${OURS}`, "--confirm", STACK])).seconds,
      );
      await sql(`CREATE DATABASE ${PEER}`, "postgres");
      seconds.load.push(
        (await inPostgres(`pg_restore --exit-on-error --dbname=${PEER} --username=${SUPERUSER} ${DUMP}`)).seconds,
      );
      await sql(`DROP DATABASE ${PEER}`, "postgres");
      await sql(`DROP DATABASE ${OURS}`, "postgres");
    }
    await inPostgres(`rm -f ${DUMP}`);
    const speeds = (samples: readonly number[]): number[] => samples.map((value) => bytes / 2 ** 20 / value);
    const [backup, dump, restore, load] = [seconds.backup, seconds.dump, seconds.restore, seconds.load].map(speeds);
    const of = `of a table of ${Math.round(bytes / 2 ** 20)} MiB`;
    return [
      compare(
        `backup ${of}: dump, manifest, encrypt, store, check; MiB/s`,
        backup,
        `pg_dump -Fc ${median(dump ?? []).toFixed(1)}`,
        dump,
      ),
      compare(
        `restore ${of}, and its comparison with the manifest; MiB/s`,
        restore,
        `pg_restore ${median(load ?? []).toFixed(1)}`,
        load,
      ),
    ];
  } finally {
    await stack.destroy(["--ignore-protect"]);
    const volumes = (await docker(["volume", "ls", "--quiet", "--filter", `label=io.rampart.stack=${STACK}`])).stdout
      .split("\n")
      .filter((name) => name !== "");
    if (volumes.length > 0) await docker(["volume", "rm", ...volumes]);
  }
}

const compare = (
  figure: string,
  ours: readonly number[] = [],
  peer: string,
  theirs: readonly number[] = [],
): Comparison => ({ figure, ours: spread(ours, 1), peer, ratio: ratio(ours, theirs).toFixed(2) });

function settings(images: Images): StackSettings {
  const { traefik, postgres, redis, haproxy, socat, restic } = images;
  return {
    environment: "dev",
    name: "rampart-bench-backups",
    network: { pool: POOL },
    edge: { httpPort: 31_980, httpsPort: 31_993 },
    images: { traefik, postgres, redis, haproxy, socat, restic },
    database: {
      resources: { memoryMiB: 1024, cpus: 2 },
      backups: { drillEveryDays: false, resources: { memoryMiB: 1024, cpus: 2 } },
    },
    migration: { image: images.app, command: ["migrate"] },
    services: {
      api: {
        image: images.app,
        command: ["api"],
        port: 3000,
        data: "read-write",
        healthCheck: {
          command: ["/usr/local/bin/app", "healthcheck", "http://127.0.0.1:3000/healthz"],
          intervalSeconds: 1,
        },
      },
    },
  };
}

async function command(name: "backup" | "restore", args: readonly string[]): Promise<RunResult> {
  return must(
    await run("node", ["bin/rampart.cjs", name, STACK, ...args], {
      cwd: REPOSITORY,
      timeoutSeconds: 600,
    }),
  );
}

/** A command of the image's own, as the superuser through the server's socket. */
async function inPostgres(script: string, input = ""): Promise<RunResult> {
  const { Id } = await container(STACK, "postgres");
  return must(
    await run(
      "docker",
      [
        "exec",
        "--interactive",
        Id,
        "sh",
        "-c",
        `PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") PGHOST=/var/run/postgresql; export PGPASSWORD PGHOST; ${script}`,
      ],
      { input, timeoutSeconds: 600 },
    ),
  );
}

const sql = async (text: string, database = "app"): Promise<string> =>
  (
    await inPostgres(
      `psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --username=${SUPERUSER} ` +
        `--dbname=${database}`,
      text,
    )
  ).stdout.trim();
