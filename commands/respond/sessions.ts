/** Ends what passwords that are gone opened: sessions of applications in Redis, and of logins in Postgres. */
import type { StackConfig } from "../../config";
import { dataUsers, keyPrefixes } from "../../config/derived";
import type { DockerClient } from "../../engine/docker";
import { ELEVATION_WATCH } from "../../hardening/postgres/elevation/elevations";
import { SUPERUSER_SCRIPT } from "../../hardening/postgres/session/session-scripts";
import { redisEndSessionsScript } from "../../hardening/redis";
import { scriptIn } from "../shared/backup-engine";

export interface SessionKeys {
  readonly service: string;
  /** Beginnings of keys. */
  readonly prefixes: readonly string[];
}

/** @param all every key of the services' prefixes, and not only those that are named as sessions */
export function sessionKeys(config: Pick<StackConfig, "jobs" | "services">, all: boolean): SessionKeys[] {
  return Object.entries(dataUsers(config)).flatMap(([service, { cache }]) => {
    const sessions = typeof cache === "object" ? (cache.sessions ?? []) : [];
    const prefixes = all && cache !== false ? keyPrefixes(service, cache) : sessions;
    return prefixes.length === 0 ? [] : [{ service, prefixes }];
  });
}

/** @returns a line `<prefix> <number of keys>` for each prefix. @throws EngineError where keys are left */
export const revokeInRedis = (
  engine: DockerClient,
  {
    container,
    tls,
    keys,
  }: { readonly container: string; readonly tls: boolean; readonly keys: readonly SessionKeys[] },
): Promise<string> =>
  scriptIn(engine, {
    container,
    what: "Deleting the sessions in Redis",
    script: redisEndSessionsScript({ tls }),
    args: keys.flatMap(({ prefixes }) => prefixes),
  });

/**
 * Every session but of services, whose logins are new ones, and of the watch of elevations. A session outlives the
 * password that opened it, and its login, too.
 */
const OTHER_SESSIONS = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
AND coalesce(usename, '') !~ '^(app_r[wo]_[0-9a-f]{8}|${ELEVATION_WATCH})$'`;

/** @returns how many sessions were ended */
export async function endDatabaseSessions(engine: DockerClient, container: string): Promise<number> {
  const said = await engine.must("Ending the sessions in Postgres failed", [
    ...["exec", "--env", "RAMPART_DATABASE=postgres", container, "sh", "-c", SUPERUSER_SCRIPT, "sh"],
    ...["--no-psqlrc", "--tuples-only", "--no-align", "--command", OTHER_SESSIONS],
  ]);
  return Number(said.trim());
}
