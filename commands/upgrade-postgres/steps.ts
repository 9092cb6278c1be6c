import type { DockerClient } from "../../engine/docker";
import { lastLines, lines } from "../../engine/text";
import { until } from "../../engine/until";
import { preparedMark, switchSteps } from "../../hardening/postgres/upgrade/upgrade";
import {
  ANALYZE_SCRIPT,
  DUMP_IS_WHOLE_SCRIPT,
  DUMP_SCRIPT,
  MARK_SCRIPT,
  RESTORE_SCRIPT,
  SERVER_READY_SCRIPT,
} from "../../hardening/postgres/upgrade/upgrade-scripts";
import {
  AVAILABLE_EXTENSIONS_SQL,
  EXTENSIONS_SQL,
  FREEZE_SQL,
  THAW_SQL,
} from "../../hardening/postgres/upgrade/upgrade-sql";
import { UserError } from "../shared/errors";
import { removeWork } from "./abort";
import { compare } from "./compare";
import { clientArgs, execArgs, serverArgs, volumeArgs } from "./containers";
import { queryNew, queryOld } from "./query";
import { createVolume, removeVolume, upgradeNames } from "./server";
import { databases, LONG_SECONDS, oldOf, type Upgrade } from "./upgrade";

const START_SECONDS = 120;

/** The steps, each said before it is done. A run that was cut off is taken up again by the same command. */
export async function prepare(upgrade: Upgrade): Promise<void> {
  const { docker, server, from, to, image, say } = upgrade;
  const names = upgradeNames(server.base, to);
  const old = oldOf(upgrade);
  say(`[2/8] new volume ${names.data}, and a server of PostgreSQL ${to} on it, on no network`);
  await removeWork(docker, server, to, { keepDump: true });
  await createVolume(docker, server.stack, names.dump, "postgres-upgrade");
  // Its first mount lends the volume the mode of /tmp, so that the dump can be written.
  const whole = (await docker.ask(clientArgs(old, DUMP_IS_WHOLE_SCRIPT))).code === 0;
  await createVolume(docker, server.stack, names.data, "postgres");
  await docker.must("The new server could not be started", serverArgs(server, image, names), {
    timeoutSeconds: START_SECONDS,
  });
  await waitUntilReady(docker, names.server);
  await checkExtensions(upgrade, names.server);
  say(
    `[3/8] the databases of PostgreSQL ${from} become read-only: from here until the switch, reads go on and ` +
      "writes are refused",
  );
  await queryOld(old, { what: "The databases could not be made read-only", sql: FREEZE_SQL });
  say(whole ? "[4/8] dump: the one of the last run is whole" : `[4/8] dump, by PostgreSQL ${to}'s programs`);
  if (!whole)
    await docker.must("The dump failed", clientArgs(old, DUMP_SCRIPT), {
      timeoutSeconds: LONG_SECONDS,
    });
  say("[5/8] restore of roles, databases, rows and privileges");
  await docker.must("The restore failed", execArgs(names.server, RESTORE_SCRIPT), { timeoutSeconds: LONG_SECONDS });
  say("[6/8] statistics for the planner");
  await docker.must("ANALYZE failed", execArgs(names.server, ANALYZE_SCRIPT), { timeoutSeconds: LONG_SECONDS });
  say(
    "[7/8] comparison of old and new: rows, checksums, sequences, structure, policies, roles, memberships, privileges",
  );
  await compare(upgrade, names.server);
  say("[8/8] the new databases take writes again; shutdown, and the volume is marked as prepared");
  await queryNew(docker, names.server, { what: "The new databases could not be made writable", sql: THAW_SQL });
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
    volumeArgs({ stack: server.stack, image, data: names.data }, MARK_SCRIPT, [preparedMark(from, to)]),
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

async function checkExtensions(upgrade: Upgrade, newServer: string): Promise<void> {
  const listed = { what: "The new server's extensions could not be listed", sql: AVAILABLE_EXTENSIONS_SQL };
  const available = new Set(lines(await queryNew(upgrade.docker, newServer, listed)));
  for (const database of await databases(upgrade)) {
    const what = `The extensions of ${database} could not be listed`;
    const used = lines(await queryOld(oldOf(upgrade), { what, sql: EXTENSIONS_SQL, database }));
    const missing = used.filter((extension) => !available.has(extension));
    if (missing.length > 0)
      throw new UserError(
        `The database ${database} uses extensions that the new image has not got: ${missing.join(", ")}. Use an ` +
          "image that has them, or drop them first.",
      );
  }
}

/** What is left to do once a volume is prepared. */
export const nextSteps = ({ server, image, from }: Pick<Upgrade, "server" | "image" | "from">): string[] =>
  switchSteps(server.stack, image, from);
