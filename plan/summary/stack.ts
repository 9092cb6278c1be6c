import {
  databaseNames,
  monitoringOf,
  usesDatabase,
  usesRedis,
  type CertificatesConfig,
  type StackConfig,
} from "../../config";
import { fact, type Fact, type Item } from "./item";
import { joined, visible } from "./show";

export function edgeItem(config: StackConfig): Item {
  const { edge, certificates, acmeEmail } = config;
  const ports = [...(edge.httpPort === false ? [] : [edge.httpPort]), edge.httpsPort];
  return {
    title: "edge",
    detail: `HAProxy on ${ports.map((port) => `${edge.listenAddress}:${port}`).join(" and ")}, TLS by Traefik`,
    facts: [
      fact("certificates", `${certificatesText(certificates)}${acmeEmail === undefined ? "" : `, for ${acmeEmail}`}`),
      fact("TLS", `Mozilla's ${edge.tls} guideline`),
      ...(edge.trustedProxies.length === 0 ? [] : [fact("believes", edge.trustedProxies.join(", "))]),
      fact("connections", `${edge.connections.perClient} of a client, ${edge.connections.total} of all`),
      fact("limits", [
        `edge (Traefik): ${limitsText(edge.resources)}`,
        `gateway (HAProxy): ${limitsText(edge.gateway)}`,
      ]),
    ],
  };
}

const limitsText = ({ memoryMiB, cpus, pids }: StackConfig["edge"]["resources"]): string =>
  `${memoryMiB} MiB, ${cpus} CPU, ${pids} processes`;

export const certificatesText = (certificates: CertificatesConfig): string =>
  typeof certificates === "string" ? certificates : `${certificates.directory} by ${certificates.challenge}`;

/** Postgres and Redis, where something uses them, and what measures the stack. */
export function dataItems(config: StackConfig): Item[] {
  return [
    ...(usesDatabase(config) ? [postgresItem(config)] : []),
    ...(usesRedis(config) ? [redisItem(config)] : []),
    ...monitoringItems(config),
  ];
}

function monitoringItems(config: StackConfig): Item[] {
  const monitoring = monitoringOf(config);
  if (monitoring === undefined) return [];
  const { webhook, ntfy, email, retentionDays, resources } = monitoring;
  const receivers = [
    ...(webhook === undefined ? [] : [`a webhook, ${webhook.config}`]),
    ...(ntfy === undefined ? [] : [`a topic of ntfy, ${ntfy.url.config}`]),
    ...(email === undefined ? [] : [`${email.to.join(", ")} by ${email.server}`]),
  ];
  return [
    {
      title: "monitoring",
      detail: "Prometheus and Alertmanager on a network of their own",
      facts: [
        fact("alerts", receivers.length === 0 ? "only shown" : receivers),
        fact("metrics", `kept for ${retentionDays} days, ${limitsText(resources)}`),
      ],
    },
  ];
}

function postgresItem(config: StackConfig): Item {
  const { database } = config;
  const { tenancy, elevations, connectionLimits, protect } = database;
  return {
    title: "postgres",
    detail: `databases ${databaseNames(config).join(", ")}`,
    facts: [
      fact("schemas", [database.schema, ...database.schemas].join(", ")),
      ...(database.extensions.length === 0 ? [] : [fact("extensions", database.extensions.join(", "))]),
      fact(
        "tenants",
        tenancy === undefined
          ? "not kept apart by the database"
          : `${tenancy.column} (${tenancy.type}) is ${tenancy.variable}`,
      ),
      fact(
        "elevated",
        elevations.length === 0
          ? "nobody"
          : elevations.map(({ who, role, until, reason }) => `${who} as ${role} until ${until}: ${visible(reason)}`),
        elevations.length > 0,
      ),
      fact(
        "connections",
        Object.entries(connectionLimits)
          .map(([role, limit]) => `${role} ${limit}`)
          .join(", "),
      ),
      ...backupFacts(config),
      ...(protect ? [] : [fact("data", "deleted by `pulumi destroy`", config.environment !== "dev")]),
    ],
  };
}

function backupFacts({ database: { backups }, environment }: StackConfig): Fact[] {
  if (backups === false) return [fact("backups", "none", environment !== "dev")];
  const { daily, weekly, monthly } = backups.keep;
  const place = backups.repository === "volume" ? "a volume on the same host" : backups.repository;
  const drill = backups.drillEveryDays === false ? "never" : `every ${backups.drillEveryDays} days`;
  return [
    fact("backups", [
      `every day at ${backups.at} UTC to ${place}`,
      `kept: ${daily} daily, ${weekly} weekly, ${monthly} monthly; restore drill ${drill}`,
    ]),
  ];
}

function redisItem(config: StackConfig): Item {
  const users = Object.entries(config.services).flatMap(([name, { cache }]) => (cache === false ? [] : [name]));
  return {
    title: "redis",
    detail: `users ${joined(users.sort(), "none")}`,
    facts: [
      fact("connections", config.redis.tls ? "TLS only" : "in clear on the internal network"),
      ...(config.redis.protect ? [] : [fact("data", "deleted by `pulumi destroy`", config.environment !== "dev")]),
    ],
  };
}
