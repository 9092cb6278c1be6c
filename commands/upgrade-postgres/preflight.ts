import { postgresMajor } from "../../hardening/postgres/upgrade/upgrade";
import { FREE_SPACE_SCRIPT } from "../../hardening/postgres/upgrade/upgrade-scripts";
import { PREFLIGHT_SQL } from "../../hardening/postgres/upgrade/upgrade-sql";
import { UserError } from "../shared/errors";
import { bringImage } from "../shared/image";
import { clientArgs, versionArgs } from "./containers";
import { queryOld } from "./query";
import { createVolume, removeVolume, upgradeNames } from "./server";
import { oldOf, type Upgrade } from "./upgrade";

const MIB = 1024 ** 2;
/** The dump beside the new volume with its indexes. */
const SPACE_FACTOR = 2.2;

/** Everything that can be known before anything is changed. @throws UserError for the first thing that is in the way */
export async function preflight(upgrade: Upgrade): Promise<void> {
  const { docker, server, from, to, image, say } = upgrade;
  if (to <= from)
    throw new UserError(
      `PostgreSQL ${from} runs, and --to names PostgreSQL ${to}: an upgrade goes ` +
        `up.${to === from ? " A change within one major version is an ordinary `pulumi up`." : ""}`,
    );
  if (!server.running || !server.healthy)
    throw new UserError("Postgres is not healthy: bring it to health first (`pulumi up`, docs/troubleshooting.md).");
  const names = upgradeNames(server.base, to);
  const target = server.volumes.find(({ name }) => name === names.data);
  const unfinished = (await docker.ask(["volume", "inspect", names.dump])).code === 0;
  if (target?.major !== undefined && target.preparedFrom !== from && !unfinished) {
    throw new UserError(
      `The volume ${names.data} holds data that is not from this upgrade. If nobody wants it: \`docker volume rm ` +
        `${names.data}\`.`,
    );
  }
  await bringImage(docker, image, { timeoutSeconds: 1800, onPull: () => say("      pulling the image") });
  const version = await docker.must("The image's version could not be asked for", versionArgs(server.stack, image));
  const major = postgresMajor(/\) (\S+)/.exec(version)?.[1] ?? "");
  if (major !== to)
    throw new UserError(`The tag of ${image} says PostgreSQL ${to}, and the image is ${version.trim()}.`);
  await createVolume(docker, server.stack, names.dump, "postgres-upgrade");
  try {
    await preflightServer(upgrade);
  } catch (error) {
    if (!unfinished) await removeVolume(docker, names.dump);
    throw error;
  }
  if (!unfinished) await removeVolume(docker, names.dump);
}

async function preflightServer(upgrade: Upgrade): Promise<void> {
  const { docker, say } = upgrade;
  const old = oldOf(upgrade);
  const free = Number(await docker.must("The free space could not be asked for", clientArgs(old, FREE_SPACE_SCRIPT)));
  const [bytes = 0, prepared = 0, tablespaces = 0, subscriptions = 0, oddNames = 0] = (
    await queryOld(old, { what: "The old server could not be asked", sql: PREFLIGHT_SQL })
  )
    .trim()
    .split("|")
    .map(Number);
  const needed = Math.ceil((bytes / MIB) * SPACE_FACTOR);
  if (free < needed)
    throw new UserError(
      `The engine's disk has ${free} MiB free, and the dump and the new volume may take ${needed} MiB: free some ` +
        "space first.",
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
