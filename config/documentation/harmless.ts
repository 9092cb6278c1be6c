/** Keys of a stack's file by which no rule comes not to hold, and why: docs/rules.md shows them. */

const each = (why: string, keys: readonly string[]): readonly (readonly [string, string])[] =>
  keys.map((key) => [key, why]);

const ROUTE = "services.routes";

/** By key, as docs/configuration.md names them. A key that holds only other keys is explained by those. */
export const HARMLESS_KEYS: Readonly<Record<string, string>> = Object.fromEntries([
  ...each("names something, and opens nothing", [
    "acmeEmail",
    "name",
    "database.databases.schemas",
    "database.name",
    "database.schema",
    "database.schemas",
    "services.database",
    `${ROUTE}.host`,
    `${ROUTE}.pathPrefix`,
  ]),
  ...each("how much room an update leaves, and what `clean` keeps: a full disk stops an update, and opens nothing", [
    "disk.keepConfigurations",
    "disk.keepDays",
    "disk.minFreeGiB",
  ]),
  ...each("listens on IPv6 too; the gateway refuses a connection whose client address was lost", ["edge.ipv6"]),
  ...each("which share of a service's requests its second version gets, and how the gateway asks that for its health", [
    "services.canary.healthPath",
    "services.canary.weight",
  ]),
  ...each("which images a consumer of the Docker API may pull; what it runs is bounded all the same", [
    "services.dockerApi.images",
  ]),
  ...each(
    "the most of a container that a consumer of the Docker API creates: always bounded, by what the schema allows",
    [
      "services.dockerApi.containers.cpus",
      "services.dockerApi.containers.memoryMiB",
      "services.dockerApi.containers.pids",
    ],
  ),
  ...each("chooses private addresses for networks that have no way out", ["network.pool"]),
  ...each("how the CA is shown that a host is the stack's; a certificate is issued or not", [
    "certificates.challenge",
    "certificates.dns.provider",
    "certificates.dns.propagation.checks",
    "certificates.dns.propagation.delaySeconds",
    "certificates.dns.resolvers",
    "certificates.eab.kid",
  ]),
  ...each("refused where a value is a secret; the provider's other settings reach only the edge's own container", [
    "certificates.dns.settings",
  ]),
  ...each("a route's host stays exact, so a certificate of several names serves no host that nobody reviewed", [
    "certificates.domains",
    "certificates.domains.main",
    "certificates.domains.sans",
  ]),
  ...each("names a secret, which has to be set, encrypted and good, and arrives as a file", [
    "certificates.dns.credentials",
    "certificates.dns.credentials.config",
    "certificates.eab.hmac",
    "certificates.eab.hmac.config",
    "certificates.own.key",
    "certificates.own.key.config",
    "database.backups.credentials",
    "database.backups.credentials.config",
    "database.backups.password",
    "database.backups.password.config",
    "monitoring.email.password",
    "monitoring.email.password.config",
    "monitoring.ntfy.token",
    "monitoring.ntfy.token.config",
    "monitoring.ntfy.url",
    "monitoring.ntfy.url.config",
    "monitoring.webhook.config",
    "registries.password",
    "registries.password.config",
    "services.secrets",
    "services.secrets.config",
  ]),
  ...each("names a secret in another program's keeping, which has to be there and good, and arrives as a file", [
    "services.secrets.from",
    "services.secrets.from.environment",
    "services.secrets.from.field",
    "services.secrets.from.infisical",
    "services.secrets.from.key",
    "services.secrets.from.op",
    "services.secrets.from.path",
    "services.secrets.from.project",
    "services.secrets.from.sops",
    "services.secrets.from.vault",
  ]),
  ...each("at least 16 letters and digits, and 32 where the secret signs", ["services.secrets.generated"]),
  ...each("only restricts who may come", ["edge.clientCertificates", "edge.clientCertificates.ca"]),
  ...each("both of Mozilla's guidelines ask for TLS 1.2 or later and forward secrecy", ["edge.tls"]),
  ...each("how long and in how much room the stack's own sink keeps lines", [
    "logging.retentionDays",
    "logging.sink.builtin.maxDiskMiB",
  ]),
  ...each("names a receiver, which is verified, or the pages' own host", [
    "logging.sink.builtin.surface.host",
    ...["fluentd", "loki", "otlp", "syslog"].map((kind) => `logging.sink.${kind}.ca`),
    "logging.sink.fluentd.server",
    "logging.sink.syslog.server",
  ]),
  ...each("who may look at the logs; addresses and a second proof are required, or a reason", [
    "logging.sink.builtin.surface.access.basicAuth.users",
    ...["headers", "path", "service", "signIn"].map((key) => `logging.sink.builtin.surface.access.forwardAuth.${key}`),
    "logging.sink.builtin.surface.access.sources",
  ]),
  ...each("names a secret, which has to be set and encrypted, and arrives as a file", [
    "logging.sink.loki.headers.config",
    "logging.sink.otlp.headers.config",
  ]),
  ...each("a time of day", ["database.backups.at"]),
  ...each("how soon every byte of a large repository is read again: at most 100 days; drills restore all the same", [
    "database.backups.readDailyPercent",
  ]),
  ...each("contrib modules that read no files, open no connections and run no programs", [
    "database.databases.extensions",
    "database.extensions",
  ]),
  ...each("row security is forced whatever its column is called", [
    "database.tenancy.column",
    "database.tenancy.type",
    "database.tenancy.variable",
  ]),
  ...each("keeps old data volumes, which nothing mounts", ["database.previousMajors"]),
  ...each("whom alerts are for, over TLS; a plain URL is refused outside of dev", [
    "monitoring.email.from",
    "monitoring.email.server",
    "monitoring.email.to",
    "monitoring.email.username",
  ]),
  ...each("how long metrics are kept, at most 400 days", ["monitoring.retentionDays"]),
  ...each("the user's name; the password is a secret", ["registries.username"]),
  ...each("turns passwords and certificates over", [
    "rotation.certificates",
    "rotation.everything",
    "rotation.redis",
    "rotation.roles",
  ]),
  ...each("what the program is; it is confined whatever it runs, and secrets in it are refused", [
    "services.command",
    "services.entrypoint",
  ]),
  ...each("how long the program has; bounded, and a version that takes longer is not rolled out", [
    "services.healthCheck.startPeriodSeconds",
    "services.startTimeoutSeconds",
    "services.stopGraceSeconds",
    "services.timeoutSeconds",
  ]),
  ...each("only says whether a rollback may cross the migration", ["services.reversible"]),
  ...each("1024 or above, and never published", ["services.port"]),
  ...each("each replica has the same limits and the same confinement", [
    "services.replicas",
    "services.canary.replicas",
    `${ROUTE}.sticky`,
  ]),
  ...each("a role without DDL; what is read-only cannot write", ["services.data"]),
  ...each("which keys `rampart respond` deletes", ["services.cache.sessions"]),
  ...each("within the container's memory, and noexec unless `exec` gives a reason", [
    "services.tmpfs",
    "services.tmpfs.path",
    "services.tmpfs.sizeMiB",
  ]),
  ...each("a place in the container; those of the kernel and of secrets are refused", ["services.volumes.path"]),
  ...each("narrows what a route takes by default", [`${ROUTE}.contentTypes`, `${ROUTE}.methods`]),
  ...each("hold only for the origins that `allowedOrigins` lists", [
    `${ROUTE}.cors.allowedHeaders`,
    `${ROUTE}.cors.allowedMethods`,
    `${ROUTE}.cors.maxAgeSeconds`,
  ]),
  ...each("adds a proof", [
    `${ROUTE}.access.basicAuth`,
    `${ROUTE}.access.basicAuth.users`,
    `${ROUTE}.access.forwardAuth`,
    `${ROUTE}.access.forwardAuth.headers`,
    `${ROUTE}.access.forwardAuth.path`,
    `${ROUTE}.access.forwardAuth.service`,
    `${ROUTE}.access.forwardAuth.signIn`,
  ]),
]);
