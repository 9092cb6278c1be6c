import {
  acmeOf,
  caNames,
  certificateNames,
  certificateSerial,
  chainEnd,
  databaseNames,
  domainNames,
  issuerOf,
  dataUsers,
  monitoringOf,
  ownCertificatesOf,
  sendsInClear,
  sinkOf,
  sinkPlace,
  usesDatabase,
  usesRedis,
  type AcmeConfig,
  type CertificatesConfig,
  type StackConfig,
} from "../../config";
import { fact, type Fact, type Item } from "./item";
import { imageName, joined, secretPlace, shown, visible } from "./show";

export function edgeItem(config: StackConfig): Item {
  const { edge, certificates, acmeEmail } = config;
  const maintenance = Object.entries(edge.maintenance)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, message]) => `${host} answers 503 only: ${visible(message)}`);
  const ports = [...(edge.httpPort === false ? [] : [edge.httpPort]), edge.httpsPort];
  const addresses = ports.map((port) => `${edge.listenAddress}:${port}`);
  return {
    title: "edge",
    detail: `HAProxy on ${addresses.join(" and ")}${edge.ipv6 ? ", and by IPv6" : ""}, TLS by Traefik`,
    facts: [
      fact("certificates", `${certificatesText(certificates)}${acmeEmail === undefined ? "" : `, for ${acmeEmail}`}`),
      fact("TLS", `Mozilla's ${edge.tls} guideline`),
      ...Object.entries(edge.clientCertificates).map(([host, clients]) =>
        fact("clients", `${host} only with ${clientsText(clients)}`),
      ),
      ...(edge.trustedProxies.length === 0 ? [] : [fact("believes", edge.trustedProxies.join(", "))]),
      ...(maintenance.length === 0 ? [] : [fact("maintenance", maintenance, true)]),
      fact("connections", `${edge.connections.perClient} of a client, ${edge.connections.total} of all`),
      fact("limits", [
        `edge (Traefik): ${limitsText(edge.resources)}`,
        `gateway (HAProxy): ${limitsText(edge.gateway)}`,
      ]),
    ],
  };
}

/** Where the certificates come from and how the CA is shown that a host is the stack's; never a secret. */
export function certificatesText(certificates: CertificatesConfig): string {
  const own = ownCertificatesOf(certificates);
  if (own.length > 0)
    return own
      .map(({ certificate }) => {
        const end = chainEnd(certificate)?.slice(0, 10) ?? "";
        return `own for ${certificateNames(certificate).join(", ")} until ${end} (…${certificateSerial(certificate)})`;
      })
      .join("; ");
  const acme = acmeOf(certificates);
  if (acme === undefined || typeof certificates === "string") return issuerOf(certificates);
  const { ca, challenge, dns, domains, eab } = acme;
  const how = dns === undefined ? challenge : `${challenge} through ${dns.provider}`;
  return [
    `${issuerOf(certificates)} by ${how}`,
    ...(domains.length === 0
      ? []
      : [`one certificate for ${domains.map((one) => domainNames(one).join(" and ")).join(", one for ")}`]),
    ...(eab === undefined ? [] : [`account ${eab.kid}`]),
    ...(ca === undefined ? [] : [`trusting ${caNames(ca).join(" and ")}`]),
    ...(dns === undefined ? [] : dnsTexts(dns)),
  ].join(", ");
}

/** What the DNS provider and the CA's question are told beside the defaults. */
function dnsTexts({ settings, resolvers, propagation }: NonNullable<AcmeConfig["dns"]>): string[] {
  const told = Object.entries(settings).map(([name, value]) => `${name}=${shown(value, name)}`);
  return [
    ...told,
    ...(resolvers.length === 0 ? [] : [`asking ${resolvers.join(" and ")}`]),
    ...(propagation.delaySeconds === 0 ? [] : [`after ${propagation.delaySeconds} s`]),
    ...(propagation.checks === "all" ? [] : [`checked by ${propagation.checks}`]),
  ];
}

/** Whose certificates open a host. */
export const clientsText = ({ ca }: StackConfig["edge"]["clientCertificates"][string]): string =>
  `a certificate of ${caNames(ca).join(" or ")}`;

const limitsText = ({ memoryMiB, cpus, pids }: StackConfig["edge"]["resources"]): string =>
  `${memoryMiB} MiB, ${cpus} CPU, ${pids} processes`;

/** Postgres and Redis, where something uses them, and what measures the stack. */
export function dataItems(config: StackConfig): Item[] {
  return [
    ...(usesDatabase(config) ? [postgresItem(config)] : []),
    ...(usesRedis(config) ? [redisItem(config)] : []),
    ...monitoringItems(config),
    ...logItems(config),
    ...stackItems(config),
  ];
}

function monitoringItems(config: StackConfig): Item[] {
  const monitoring = monitoringOf(config);
  if (monitoring === undefined) return [];
  const { webhook, ntfy, email, retentionDays, resources } = monitoring;
  const receivers = [
    ...(webhook === undefined ? [] : [`a webhook, ${secretPlace(webhook)}`]),
    ...(ntfy === undefined ? [] : [`a topic of ntfy, ${secretPlace(ntfy.url)}`]),
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

function logItems(config: StackConfig): Item[] {
  const sink = sinkOf(config);
  if (sink === undefined) return [];
  const { maxSizeMiB, maxFiles } = config.logging;
  const files = fact(
    "files",
    `on the engine, of each container ${maxFiles} of ${maxSizeMiB} MiB: what waits for the sink`,
  );
  const title = "logs";
  const detail = `of all containers to ${sinkPlace(sink)}`;
  switch (sink.kind) {
    case "builtin": {
      const { retentionDays, maxDiskMiB, resources, protect } = sink;
      const facts = [
        fact("kept", `for ${retentionDays} days, at most ${maxDiskMiB} MiB; ${limitsText(resources)}`),
        ...(protect ? [] : [fact("data", "deleted by `pulumi destroy`", config.environment !== "dev")]),
        files,
      ];
      return [{ title, detail, facts }];
    }
    case "fluentd":
    case "syslog":
    case "loki":
    case "otlp": {
      const headers = "headers" in sink ? Object.entries(sink.headers) : [];
      const facts = [
        fact("trusts", sink.ca === undefined ? "the public CAs" : caNames(sink.ca)),
        ...(headers.length === 0
          ? []
          : [
              fact(
                "headers",
                headers.map(([name, secret]) => `${name}: ${secretPlace(secret)}`),
              ),
            ]),
        ...(sink.reason === undefined ? [] : [fact("in clear", visible(sink.reason), true)]),
        files,
      ];
      return [{ title, detail, facts: sendsInClear(sink) ? facts.slice(1) : facts }];
    }
    default: {
      const unknown: never = sink;
      throw new Error(`not a sink: ${JSON.stringify(unknown)}`);
    }
  }
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
      ...databaseFacts(config),
      ...backupFacts(config),
      ...(protect ? [] : [fact("data", "deleted by `pulumi destroy`", config.environment !== "dev")]),
    ],
  };
}

/** What is otherwise than the default of what bounds people and statements; sources: config/schema/database.ts. */
function databaseFacts({ database }: StackConfig): Fact[] {
  const { tenancy, databases, statementTimeoutMs, idleInTransactionTimeoutMs, elevationMaximumHours, access } =
    database;
  const left = [
    ...(tenancy === undefined ? [] : [{ name: database.name, ...tenancy }]),
    ...Object.entries(databases).map(([name, one]) => ({ name, ...one.tenancy })),
  ].flatMap(({ name, sharedTables = [], exceptions }) => [
    ...sharedTables.map((table) => `${table} of ${name} is everybody's`),
    ...exceptions.map(({ object, reason }) => `${object} of ${name} stays as it is: ${visible(reason)}`),
  ]);
  const usual = statementTimeoutMs === 30_000 && idleInTransactionTimeoutMs === 60_000;
  return [
    ...(left.length === 0 ? [] : [fact("beyond tenants", left, true)]),
    ...(usual
      ? []
      : [fact("statements", `at most ${statementTimeoutMs} ms, ${idleInTransactionTimeoutMs} ms idle (0: for ever)`)]),
    ...(elevationMaximumHours === 8 ? [] : [fact("elevations", `of at most ${elevationMaximumHours} hours`)]),
    ...(access === "forwarder" ? [fact("reached", `through a forwarder on 127.0.0.1:${database.forwarderPort}`)] : []),
  ];
}

/** What the stack accepts for a time, its images in the place of Rampart's, and where it pulls with a login. */
function stackItems({ exceptions, images, registries }: StackConfig): Item[] {
  const own = Object.entries(images).flatMap(([role, image]) =>
    image === undefined ? [] : [fact(role, imageName(image))],
  );
  const logins = Object.entries(registries).map(([registry, login]) =>
    fact(registry, "login" in login ? "the login of whoever deploys" : `as ${login.username}`),
  );
  const accepted = exceptions.map(({ rule, scope, reason, until }) =>
    fact(rule, `for ${scope} until ${until}: ${visible(reason)}`, true),
  );
  return [
    ...(accepted.length === 0 ? [] : [{ title: "exceptions", detail: "accepted for a time", facts: accepted }]),
    ...(own.length === 0 ? [] : [{ title: "images", detail: "in the place of Rampart's own", facts: own }]),
    ...(logins.length === 0 ? [] : [{ title: "registries", detail: "pulled from with a login", facts: logins }]),
  ];
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
  const users = Object.entries(dataUsers(config)).flatMap(([name, { cache }]) => (cache === false ? [] : [name]));
  return {
    title: "redis",
    detail: `users ${joined(users.sort(), "none")}`,
    facts: [
      fact("connections", config.redis.tls ? "TLS only" : "in clear on the internal network"),
      ...(config.redis.protect ? [] : [fact("data", "deleted by `pulumi destroy`", config.environment !== "dev")]),
    ],
  };
}
