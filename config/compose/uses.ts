/** What a service uses beside its own files: Redis with other services, and what is outside of the stack. */
import { fillIn } from "../places";
import { dataUse, type DataUse } from "./data";
import type { DraftContext, Remarks } from "./draft-types";

const OUTSIDE = new RegExp(
  [
    "SMTP|MAIL(?:GUN|ER|_HOST|_SERVER)|(?:^|_)S3_|AWS_|STRIPE|OPENAI|ANTHROPIC|SENTRY_DSN|WEBHOOK",
    "OAUTH|OIDC|GITHUB|GITLAB_|GOOGLE|SLACK|TWILIO|SENDGRID|TELEGRAM|DISCORD|RECAPTCHA|CLOUDFLARE",
  ].join("|"),
);

/** A variable of a service on the internet; a switch that turns one off is none. */
export const leadsOut = (name: string, value: string): boolean =>
  OUTSIDE.test(name) && value !== "" && !/^(?:false|no|off|0|none|localhost|[a-z_-]+)$/i.test(value);

/** A migration reaches PostgreSQL only. */
export const withoutRedis = (use: DataUse): DataUse => ({
  ...use,
  redis: false,
  exports: use.exports.filter(({ value }) => !value.includes("redis")),
  direct: use.direct.filter((name) => name !== "REDIS_URL"),
  guessed: use.guessed.filter((name) => !/redis/i.test(name)),
});

/** Programs whose keys are known by the words that start them. */
const KEY_PREFIXES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\bcelery\b|\bflower\b/i, ["celery", "_kombu", "unacked"]],
  [/bull|n8n/i, ["bull:"]],
];

interface CacheArgs {
  readonly context: DraftContext;
  readonly remarks: Remarks;
  readonly services: readonly string[];
}

/** Services that share a Redis share keys: a queue has two ends. */
export function cacheOf({ context, remarks, services }: CacheArgs): unknown {
  const users = context.project.members.filter(
    (other) =>
      other.role.kind === "application" && !other.oneShot && dataUse(other.service, context.project.servers).redis,
  );
  remarks.check.push({
    services,
    about: "Redis",
    text: "a service reaches the keys that begin with its prefixes, and no dangerous command: see docs/redis.md",
  });
  if (users.length < 2) return true;
  const lines = users
    .map(({ service }) =>
      [
        service.name,
        service.image ?? "",
        ...(service.entrypoint ?? []),
        ...(service.command ?? []),
        ...service.environment.keys(),
      ].join(" "),
    )
    .join(" ");
  const known = KEY_PREFIXES.filter(([pattern]) => pattern.test(lines)).flatMap(([, prefixes]) => prefixes);
  const shared = fillIn(
    `what the keys that ${users.map(({ name }) => name).join(", ")} share begin with, such as myapp:`,
  );
  return { keyPrefixes: known.length > 0 ? known : [shared] };
}
