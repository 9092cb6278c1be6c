import type { DockerClient } from "../../engine/docker";
import { QUERY_SCRIPT } from "../../hardening/postgres/upgrade/upgrade-scripts";
import { clientArgs, execArgs, type ClientParts } from "./containers";

const QUERY_SECONDS = 120;

/** A query, and what an error says could not be done. */
export interface Query {
  readonly what: string;
  readonly sql: string;
  /** @default "postgres" */
  readonly database?: string;
  /** After which it is stopped. @default 120 */
  readonly timeoutSeconds?: number;
}

/** Runs SQL on the old server, by the new version's psql. @throws EngineError with what psql wrote last */
export const queryOld = (
  { docker, ...parts }: ClientParts & { readonly docker: DockerClient },
  { what, sql, database = "postgres", timeoutSeconds = QUERY_SECONDS }: Query,
): Promise<string> => docker.must(what, clientArgs(parts, QUERY_SCRIPT, [database]), { input: sql, timeoutSeconds });

/** Runs SQL on the new server, in its own container. @throws EngineError with what psql wrote last */
export const queryNew = (
  docker: DockerClient,
  container: string,
  { what, sql, database = "postgres", timeoutSeconds = QUERY_SECONDS }: Query,
): Promise<string> => docker.must(what, execArgs(container, QUERY_SCRIPT, [database]), { input: sql, timeoutSeconds });
