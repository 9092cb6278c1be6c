/** Containers that run once and end. */
import type { ComposeService } from "./service";

/** Names of services that do their work once, before the others. */
const ONE_SHOT_NAME = new RegExp(
  [
    String.raw`(?:^|[-_])(?:migrat\w*|init\w*|setup|seed\w*|createbuckets?|create[-_]\w+|bootstrap|install\w*`,
    String.raw`provision\w*|chown|permissions?)(?:[-_]|$)`,
  ].join("|"),
  "i",
);

const MIGRATES =
  /\bmigrat|db:prepare|db:setup|db:schema|alembic|\bupgrade head\b|db push|sequelize|flyway|liquibase|goose\b|atlas\b/i;

const line = ({ entrypoint, command }: ComposeService): string => [...(entrypoint ?? []), ...(command ?? [])].join(" ");

/** Whether a one-shot container changes the database's structure. */
export const migrates = (service: ComposeService): boolean =>
  MIGRATES.test(line(service)) || /migrat|flyway|liquibase/i.test(service.name);

/** Whether a service ends when its work is done: others wait for that, or it is never started again and named so. */
export function isOneShot(service: ComposeService, all: readonly ComposeService[]): boolean {
  const awaited = all.some((other) =>
    service.aliases.some((alias) => other.dependsOn.get(alias) === "service_completed_successfully"),
  );
  if (awaited) return true;
  if (
    service.ports.length > 0 ||
    service.health !== undefined ||
    /^(?:always|unless-stopped|any)$/.test(service.restart ?? "")
  )
    return false;
  const named = ONE_SHOT_NAME.test(service.name);
  // A server whose command migrates first goes on.
  const server = /\b(?:runserver|gunicorn|uvicorn|start|serve|puma|server|node|daphne|celery|sidekiq)\b/.test(
    line(service),
  );
  return named || (MIGRATES.test(line(service)) && !server);
}
