/** How a running Postgres takes what changed in its live files: reload.sh, which `docker exec` runs. */
import { fileText, withParts } from "../../files";
import { plainPath, POSTGRES_PATHS } from "./start-script";
import { POSTGRES_PORT } from "./url";

export interface PostgresReloadScriptArgs {
  /** @default POSTGRES_PATHS.live */
  readonly liveDirectory?: string;
  /** @default POSTGRES_PATHS.socket */
  readonly runDirectory?: string;
  /** @default 5432 */
  readonly port?: number;
}

/** The script; a stack's is the file as it is. */
export const postgresReloadScript = (args: PostgresReloadScriptArgs = {}): string =>
  withParts(fileText(__dirname, "reload.sh"), {
    [POSTGRES_PATHS.live]: plainPath("liveDirectory", args.liveDirectory ?? POSTGRES_PATHS.live),
    [POSTGRES_PATHS.socket]: plainPath("runDirectory", args.runDirectory ?? POSTGRES_PATHS.socket),
    "--port=5432": `--port=${args.port ?? POSTGRES_PORT}`,
  });
