import type { DockerClient } from "../../engine/docker";
import { lines } from "../../engine/text";
import { WRITABLE_SCRIPT } from "../../hardening/postgres/upgrade/upgrade-scripts";
import { THAW_SQL } from "../../hardening/postgres/upgrade/upgrade-sql";
import { UserError } from "../shared/errors";
import { execArgs } from "./containers";
import { removeVolume, upgradeNames, type OldServer } from "./server";
import { currentMajor } from "./upgrade";

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
  await docker.must("The databases could not be made writable", execArgs(server.id, WRITABLE_SCRIPT), {
    input: THAW_SQL,
  });
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
