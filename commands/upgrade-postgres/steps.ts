import type { DockerClient } from "../../engine/docker";
import { lastLines, lines } from "../../engine/text";
import { until } from "../../engine/until";
import { postgresMajor, preparedMark, switchCommands } from "../../hardening/postgres/upgrade/upgrade";
import {
  ANALYZE_SCRIPT,
  DUMP_IS_WHOLE_SCRIPT,
  DUMP_SCRIPT,
  FREE_SPACE_SCRIPT,
  MARK_SCRIPT,
  RESTORE_SCRIPT,
  SERVER_READY_SCRIPT,
} from "../../hardening/postgres/upgrade/upgrade-scripts";
import {
  AVAILABLE_EXTENSIONS_SQL,
  CLUSTER_INVENTORY_SQL,
  DATABASE_INVENTORY_SQL,
  DATABASES_SQL,
  EXTENSIONS_SQL,
  FREEZE_SQL,
  inventoryDifferences,
  PREFLIGHT_SQL,
  THAW_SQL,
} from "../../hardening/postgres/upgrade/upgrade-sql";
import { UserError } from "../shared/errors";
import {
  clientArgs,
  createVolume,
  execArgs,
  queryNew,
  queryOld,
  removeVolume,
  serverArgs,
  upgradeNames,
  versionArgs,
  volumeArgs,
  type OldServer,
} from "./server";

/** A dump, a load or a comparison may take as long as this; what is stuck for longer is stopped. */
const LONG_SECONDS = 24 * 3600;
const START_SECONDS = 120;
const MIB = 1024 ** 2;
/** The dump beside the new volume with its indexes. */
const SPACE_FACTOR = 2.2;

export interface Upgrade {
  readonly docker: DockerClient;
  readonly server: OldServer;
  readonly from: number;
  readonly to: number;
  readonly image: string;
  readonly say: (line: string) => void;
}

/** The major that runs, or a reason why nothing can be done with it. */
export function currentMajor(server: OldServer): number {
  const major = server.volumes.find(({ inUse }) => inUse)?.major;
  if (major === undefined)
    throw new UserError(`The volume ${server.dataVolume} holds no data directory of PostgreSQL.`);
  return major;
}

/** Everything that can be known before anything is changed. @throws UserError for the first thing that is in the way */
export async function preflight({ docker, server, from, to, image, say }: Upgrade): Promise<void> {
  if (to <= from)
    throw new UserError(
      `PostgreSQL ${from} runs, and --to names PostgreSQL ${to}: an upgrade goes up.${to === from ? " A change within one major version is an ordinary `pulumi up`." : ""}`,
    );
  if (!server.running || !server.healthy)
    throw new UserError("Postgres is not healthy: bring it to health first (`pulumi up`, docs/troubleshooting.md).");
  const names = upgradeNames(server.base, to);
  const target = server.volumes.find(({ name }) => name === names.data);
  const unfinished = (await docker.ask(["volume", "inspect", names.dump])).code === 0;
  if (target?.major !== undefined && target.preparedFrom !== from && !unfinished) {
    throw new UserError(
      `The volume ${names.data} holds data that is not from this upgrade. If nobody wants it: \`docker volume rm ${names.data}\`.`,
    );
  }
  if ((await docker.ask(["image", "inspect", image])).code !== 0) {
    say("      pulling the image");
    await docker.must(`The image ${image} could not be pulled`, ["pull", "--quiet", image], { timeoutSeconds: 1800 });
  }
  const version = await docker.must("The image's version could not be asked for", versionArgs(server.stack, image));
  const major = postgresMajor(/\) (\S+)/.exec(version)?.[1] ?? "");
  if (major !== to)
    throw new UserError(`The tag of ${image} says PostgreSQL ${to}, and the image is ${version.trim()}.`);
  await createVolume(docker, server.stack, names.dump, "postgres-upgrade");
  try {
    await preflightServer({ docker, server, from, to, image, say });
  } catch (error) {
    if (!unfinished) await removeVolume(docker, names.dump);
    throw error;
  }
  if (!unfinished) await removeVolume(docker, names.dump);
}

async function preflightServer({ docker, server, image, to, say }: Upgrade): Promise<void> {
  const names = upgradeNames(server.base, to);
  const free = Number(
    await docker.must(
      "The free space could not be asked for",
      clientArgs(server, image, names.dump, FREE_SPACE_SCRIPT),
    ),
  );
  const [bytes = 0, prepared = 0, tablespaces = 0, subscriptions = 0, oddNames = 0] = (
    await queryOld(docker, server, image, names.dump, "The old server could not be asked", PREFLIGHT_SQL)
  )
    .trim()
    .split("|")
    .map(Number);
  const needed = Math.ceil((bytes / MIB) * SPACE_FACTOR);
  if (free < needed)
    throw new UserError(
      `The engine's disk has ${free} MiB free, and the dump and the new volume may take ${needed} MiB: free some space first.`,
    );
  if (prepared > 0)
    throw new UserError(`${prepared} transactions are prepared (pg_prepared_xacts) and would be lost: end them first.`);
  if (tablespaces > 0)
    throw new UserError(
      `${tablespaces} tablespaces lie outside of the data volume: move what is in them and drop them first.`,
    );
  if (subscriptions > 0)
    throw new UserError(
      `${subscriptions} subscriptions would start twice: drop them first, and make them again afterwards.`,
    );
  if (oddNames > 0)
    throw new UserError(`${oddNames} databases have names other than letters, digits, _ and -: rename them first.`);
  say(`      ${Math.ceil(bytes / MIB)} MiB of data, ${free} MiB free`);
}

/** The steps, each said before it is done. A run that was cut off is taken up again by the same command. */
export async function prepare(upgrade: Upgrade): Promise<void> {
  const { docker, server, from, to, image, say } = upgrade;
  const names = upgradeNames(server.base, to);
  say(`[2/8] new volume ${names.data}, and a server of PostgreSQL ${to} on it, on no network`);
  await removeWork(docker, server, to, { keepDump: true });
  await createVolume(docker, server.stack, names.dump, "postgres-upgrade");
  // Its first mount lends the volume the mode of /tmp, so that the dump can be written.
  const whole = (await docker.ask(clientArgs(server, image, names.dump, DUMP_IS_WHOLE_SCRIPT))).code === 0;
  await createVolume(docker, server.stack, names.data, "postgres");
  await docker.must("The new server could not be started", serverArgs(server, image, names), {
    timeoutSeconds: START_SECONDS,
  });
  await waitUntilReady(docker, names.server);
  await checkExtensions(upgrade, names);
  say(
    `[3/8] the databases of PostgreSQL ${from} become read-only: from here until the switch, reads go on and writes are refused`,
  );
  await queryOld(docker, server, image, names.dump, "The databases could not be made read-only", FREEZE_SQL);
  say(whole ? "[4/8] dump: the one of the last run is whole" : `[4/8] dump, by PostgreSQL ${to}'s programs`);
  if (!whole)
    await docker.must("The dump failed", clientArgs(server, image, names.dump, DUMP_SCRIPT), {
      timeoutSeconds: LONG_SECONDS,
    });
  say("[5/8] restore of roles, databases, rows and privileges");
  await docker.must("The restore failed", execArgs(names.server, RESTORE_SCRIPT), { timeoutSeconds: LONG_SECONDS });
  say("[6/8] statistics for the planner");
  await docker.must("ANALYZE failed", execArgs(names.server, ANALYZE_SCRIPT), { timeoutSeconds: LONG_SECONDS });
  say(
    "[7/8] comparison of old and new: rows, checksums, sequences, structure, policies, roles, memberships, privileges",
  );
  await compare(upgrade, names);
  say("[8/8] the new databases take writes again; shutdown, and the volume is marked as prepared");
  await queryNew(docker, names.server, "The new databases could not be made writable", THAW_SQL);
  await docker.must("The new server did not stop", ["stop", "--time", "300", names.server], { timeoutSeconds: 330 });
  const code = (
    await docker.must("The new server's end could not be read", [
      "inspect",
      "--format",
      "{{.State.ExitCode}}",
      names.server,
    ])
  ).trim();
  if (code !== "0")
    throw new UserError(`The new server ended with ${code} instead of a clean shutdown: run the same command again.`);
  await docker.must("The new server's container could not be removed", ["rm", names.server]);
  await docker.must(
    "The volume could not be marked",
    volumeArgs(server, image, names.data, MARK_SCRIPT, [preparedMark(from, to)]),
  );
  await removeVolume(docker, names.dump);
}

function waitUntilReady(docker: DockerClient, name: string): Promise<true> {
  const otherwise = async (): Promise<string> => {
    const logs = await docker.ask(["logs", "--tail", "15", name]);
    return (logs.stdout + logs.stderr).trim();
  };
  return until("The new server did not start", { seconds: START_SECONDS, everyMs: 300, otherwise }, async () => {
    const { code, stderr } = await docker.ask(execArgs(name, SERVER_READY_SCRIPT));
    return code === 0 ? { fact: true } : { state: lastLines(stderr, 1) || "it takes no connections" };
  });
}

type Names = ReturnType<typeof upgradeNames>;

async function databases(docker: DockerClient, server: OldServer, image: string, names: Names): Promise<string[]> {
  return lines(
    await queryOld(docker, server, image, names.dump, "The databases could not be listed", DATABASES_SQL),
  ).map((line) => line.slice(line.indexOf("|") + 1));
}

async function checkExtensions({ docker, server, image }: Upgrade, names: Names): Promise<void> {
  const available = new Set(
    lines(
      await queryNew(docker, names.server, "The new server's extensions could not be listed", AVAILABLE_EXTENSIONS_SQL),
    ),
  );
  for (const database of await databases(docker, server, image, names)) {
    const used = lines(
      await queryOld(
        docker,
        server,
        image,
        names.dump,
        `The extensions of ${database} could not be listed`,
        EXTENSIONS_SQL,
        database,
      ),
    );
    const missing = used.filter((extension) => !available.has(extension));
    if (missing.length > 0)
      throw new UserError(
        `The database ${database} uses extensions that the new image has not got: ${missing.join(", ")}. Use an image that has them, or drop them first.`,
      );
  }
}

const MAX_DIFFERENCES = 20;

async function compare(upgrade: Upgrade, names: Names): Promise<void> {
  const { docker, server, image, say } = upgrade;
  const both = async (sql: string, database: string): Promise<{ lines: number; differences: string[] }> => {
    const what = `The database ${database} could not be compared`;
    const [before, after] = [
      lines(await queryOld(docker, server, image, names.dump, what, sql, database, LONG_SECONDS)),
      lines(await queryNew(docker, names.server, what, sql, database, LONG_SECONDS)),
    ];
    return { lines: before.length, differences: inventoryDifferences(before, after) };
  };
  const results = [await both(CLUSTER_INVENTORY_SQL, "postgres")];
  for (const database of await databases(docker, server, image, names))
    results.push(await both(DATABASE_INVENTORY_SQL, database));
  const differences = results.flatMap((result) => result.differences);
  if (differences.length > 0) {
    const shown = differences.slice(0, MAX_DIFFERENCES);
    throw new UserError(
      `Old and new differ in ${differences.length} lines; the new volume was not marked, and the old server goes on with reads:\n${shown.join("\n")}${differences.length > shown.length ? "\n…" : ""}\n` +
        "Run the same command again with --abort to take writes again, or without --abort to try once more.",
    );
  }
  say(`      ${results.reduce((sum, result) => sum + result.lines, 0)} lines agree`);
}

/** Takes away what an unfinished upgrade left; never a volume that a container of the stack's own mounts. */
export async function removeWork(
  docker: DockerClient,
  server: OldServer,
  to: number,
  { keepDump }: { readonly keepDump: boolean },
): Promise<void> {
  const names = upgradeNames(server.base, to);
  if ((await docker.ask(["inspect", names.server])).code === 0)
    await docker.must("The last run's server could not be removed", ["rm", "--force", names.server]);
  if (names.data === server.dataVolume) throw new UserError(`${names.data} is in use`);
  await removeVolume(docker, names.data);
  if (!keepDump) await removeVolume(docker, names.dump);
}

/** Back to before: the old databases take writes, and what was prepared is gone. */
export async function abort(docker: DockerClient, server: OldServer, say: (line: string) => void): Promise<void> {
  const from = currentMajor(server);
  if (!server.running)
    throw new UserError("Postgres does not run, so that its databases cannot be made writable: start it first.");
  const script =
    'PGPASSWORD=$(cat /run/secrets/postgres_password) PGOPTIONS="-c default_transaction_read_only=off" exec psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -U "$POSTGRES_USER" -d postgres';
  await docker.must("The databases could not be made writable", execArgs(server.id, script), { input: THAW_SQL });
  say(`the databases of PostgreSQL ${from} take writes`);
  const candidates = lines(await docker.must("The volumes could not be listed", ["volume", "ls", "--quiet"]));
  for (let major = from + 1; major <= 99; major += 1) {
    const names = upgradeNames(server.base, major);
    const prepared = server.volumes.some(
      (volume) => volume.name === names.data && volume.preparedFrom === from && !volume.inUse,
    );
    if (!prepared && !candidates.includes(names.dump)) continue;
    await removeWork(docker, server, major, { keepDump: false });
    say(`what was made for PostgreSQL ${major} is removed`);
  }
}

/** What is left to do once a volume is prepared. */
export const nextSteps = ({ server, image, from }: Pick<Upgrade, "server" | "image" | "from">): string[] =>
  switchCommands(server.stack, image, from);
