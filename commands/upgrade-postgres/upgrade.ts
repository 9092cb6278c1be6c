import type { DockerClient } from "../../engine/docker";
import { lines } from "../../engine/text";
import { DATABASES_SQL } from "../../hardening/postgres/upgrade/upgrade-sql";
import { UserError } from "../shared/errors";
import { queryOld } from "./query";
import { upgradeNames, type OldServer } from "./server";

/** A dump, a load or a comparison may take as long as this; what is stuck for longer is stopped. */
export const LONG_SECONDS = 24 * 3600;

/** One way from a major version to a later one, on one server. */
export interface Upgrade {
  readonly docker: DockerClient;
  readonly server: OldServer;
  readonly from: number;
  readonly to: number;
  readonly image: string;
  readonly say: (line: string) => void;
}

/** What a query of the old server needs of an upgrade. */
export const oldOf = ({ docker, server, image, to }: Upgrade): Parameters<typeof queryOld>[0] => ({
  docker,
  server,
  image,
  dump: upgradeNames(server.base, to).dump,
});

/** The major that runs, or a reason why nothing can be done with it. */
export function currentMajor(server: OldServer): number {
  const major = server.volumes.find(({ inUse }) => inUse)?.major;
  if (major === undefined)
    throw new UserError(`The volume ${server.dataVolume} holds no data directory of PostgreSQL.`);
  return major;
}

/** The names of the old server's databases. */
export async function databases(upgrade: Upgrade): Promise<string[]> {
  const query = { what: "The databases could not be listed", sql: DATABASES_SQL };
  return lines(await queryOld(oldOf(upgrade), query)).map((line) => line.slice(line.indexOf("|") + 1));
}
