import { EXTENSIONS_SCHEMA } from "../hardening/postgres/server/extensions";
import { TENANCY_SCHEMA } from "../hardening/postgres/tenancy/tenancy";
import { backupFaults } from "./backup-checks";
import { capacityFaults } from "./capacity-checks";
import { isPublicHost, secretValueCheck } from "./checks";
import { databaseAccessFaults } from "./database-access-checks";
import type { Fault, FaultParams } from "./faults";
import { postgresMajorFaults } from "./postgres-major";
import type { MigrationConfig, SecretSpec, ServiceConfig, StackConfig } from "./schema";
import { rotationFaults } from "./rotation-checks";
import { isSigningName } from "./secret-shapes";

/** From a path in the configuration to the text that the user knows it by. */
export type ShowPath = (path: readonly PropertyKey[]) => string;

/** What a flat `rampart:<key>` holds. */
export type SecretLookup =
  { readonly kind: "missing" } | { readonly kind: "plain" } | { readonly kind: "secret"; readonly value: string };

/** Names that Rampart's own containers and networks answer to. */
const RESERVED_NAMES = [
  "edge",
  "postgres",
  "redis",
  "migration",
  "socket-proxy",
  "docker",
  "docker-api",
  "forwarder",
  "carrier",
  "backup",
  "backups",
  "backup-store",
  "restore-drill",
  "localhost",
  "rampart",
];
const RESERVED_PREFIXES = ["docker-api-", "socket-proxy-"];
/** What Traefik and Redis call their own: hardening/edge/dynamic-config.ts and hardening/redis/acl.ts. */
const EDGE_NAMES = ["ping", "rampart-config"];
const REDIS_USERS = ["default", "health"];

/** What one value alone cannot tell: rules over the whole configuration, after its shape is known to be right. */
export function crossChecks(config: StackConfig, show: ShowPath, lookUp: (key: string) => SecretLookup): Fault[] {
  return [
    ...nameFaults(config, show),
    ...routeFaults(config, show),
    ...secretFaults(config, show),
    ...secretValueFaults(config, show, lookUp),
    ...backupFaults(config, show, lookUp, secretFault),
    ...certificateFaults(config, show),
    ...mountFaults(config, show),
    ...healthFaults(config, show),
    ...rotationFaults(config, show),
    ...databaseFaults(config, show),
    ...databaseAccessFaults(config, show),
    ...capacityFaults(config, show),
    ...postgresMajorFaults(config, show),
  ];
}

type Program = readonly [path: readonly string[], program: ServiceConfig | MigrationConfig, urls: readonly string[]];

/** Services and the migration, each with the connection URLs that it has earned. */
function programs(config: StackConfig): Program[] {
  const services = Object.entries(config.services).map(([name, service]): Program => [
    ["services", name],
    service,
    [
      ...(service.data === "none" ? [] : ["DATABASE_URL", "DATABASE_CA"]),
      ...(service.cache === false ? [] : ["REDIS_URL", ...(config.redis.tls ? ["REDIS_CA"] : [])]),
    ],
  ]);
  return config.migration === undefined
    ? services
    : [
        ...services,
        [
          ["migration"],
          config.migration,
          ["DATABASE_URL", "DATABASE_CA", ...Object.keys(config.database.databases).map(databaseVariable)],
        ],
      ];
}

/** The variable that leads a migration to a further database. */
export const databaseVariable = (database: string): string => `DATABASE_URL_${database.toUpperCase()}`;

function nameFaults(config: StackConfig, show: ShowPath): Fault[] {
  return Object.entries(config.services).flatMap(([name, service]) => {
    const taken = [
      ...RESERVED_NAMES,
      ...(service.routes.length > 0 ? EDGE_NAMES : []),
      ...(service.cache === false ? [] : REDIS_USERS),
    ];
    if (!taken.includes(name) && !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix))) return [];
    const allowed = `a name other than ${taken.join(", ")}, and not one that begins with ${RESERVED_PREFIXES.join(" or ")}`;
    return [{ path: show(["services", name]), given: `the name "${name}"`, allowed, fix: "rename the service" }];
  });
}

function routeFaults(config: StackConfig, show: ShowPath): Fault[] {
  const claims = new Map<string, string>();
  const faults: Fault[] = [];
  for (const [name, service] of Object.entries(config.services)) {
    service.routes.forEach((route, index) => {
      const path = show(["services", name, "routes", index]);
      const key = `${route.host}${route.pathPrefix}${route.streaming ? " (streaming)" : ""}`;
      const first = claims.get(key);
      if (first !== undefined)
        faults.push({
          path,
          given: key,
          allowed: "one route for a host and path",
          fix: `remove it, or the same route at ${first}`,
        });
      else claims.set(key, path);
    });
  }
  return faults;
}

function secretFaults(config: StackConfig, show: ShowPath): Fault[] {
  const faults: Fault[] = [];
  const lengths = new Map<string, { readonly length: number; readonly path: string }>();
  for (const [at, program, urls] of programs(config)) {
    const names = Object.keys(program.secrets);
    for (const name of [...new Set([...names, ...urls])]) {
      const doubled = [name, `${name}_FILE`].find((variable) => Object.hasOwn(program.environment, variable));
      if (doubled !== undefined) {
        faults.push({
          path: show([...at, "environment", doubled]),
          given: "a variable that a secret sets too",
          allowed: "one source for each variable",
          fix: "remove one of the two",
        });
      }
      if (names.includes(name) && (urls.includes(name) || names.includes(`${name}_FILE`))) {
        const fix = urls.includes(name)
          ? "remove it: the stack's own database or cache sets it"
          : "rename one of the two secrets";
        faults.push({
          path: show([...at, "secrets", name]),
          given: "a variable that is set twice",
          allowed: "one source for each variable",
          fix,
        });
      }
    }
    for (const [name, spec] of Object.entries(program.secrets)) {
      const length = generatedLength(spec);
      if (length === undefined) continue;
      const path = show([...at, "secrets", name]);
      const first = lengths.get(name);
      if (first !== undefined && first.length !== length) {
        faults.push({
          path,
          given: `${length} characters`,
          allowed: "one length for a generated secret, which all services that name it share",
          fix: `use the ${first.length} characters of ${first.path}, or another name`,
        });
      }
      lengths.set(name, first ?? { length, path });
    }
    const known = [...names, ...urls];
    for (const name of program.secretsInEnvironment?.names ?? []) {
      if (known.includes(name)) continue;
      faults.push({
        path: show([...at, "secretsInEnvironment", "names"]),
        given: JSON.stringify(name),
        allowed: known.join(", ") || "none, as there are no secrets",
        fix: `add ${name} under secrets, or remove it here`,
      });
    }
  }
  return faults;
}

/** Secrets from the configuration: each is set, encrypted, long enough and not a placeholder. */
function secretValueFaults(config: StackConfig, show: ShowPath, lookUp: (key: string) => SecretLookup): Fault[] {
  return programs(config).flatMap(([at, program]) =>
    Object.entries(program.secrets).flatMap(([name, spec]) => {
      if (typeof spec !== "object" || !("config" in spec)) return [];
      const fault = secretFault(name, spec.config, lookUp(spec.config));
      return fault === undefined
        ? []
        : [{ path: show([...at, "secrets", name]), given: `rampart:${spec.config}`, ...fault }];
    }),
  );
}

function secretFault(name: string, key: string, found: SecretLookup): FaultParams | undefined {
  const fix = `\`pulumi config set --secret rampart:${key}\``;
  switch (found.kind) {
    case "missing":
      return {
        given: `the key rampart:${key}, which is not set`,
        allowed: "a key that the stack's configuration holds",
        fix,
      };
    case "plain":
      return { given: `rampart:${key} in clear text`, allowed: "an encrypted value", fix };
    case "secret": {
      const fault = secretValueCheck(isSigningName(name) ? name : key, found.value);
      return fault === undefined ? undefined : { ...fault, given: `rampart:${key}, ${fault.given ?? "hidden"}` };
    }
    default: {
      const unknown: never = found;
      throw new Error(`not a secret's state: ${JSON.stringify(unknown)}`);
    }
  }
}

/** The default length of a generated secret, in alphanumeric characters (285 bits). */
export const GENERATED_SECRET_LENGTH = 48;

/** The length of a generated secret; undefined for one that comes from the configuration. */
export function generatedLength(spec: SecretSpec): number | undefined {
  if (spec === "generated") return GENERATED_SECRET_LENGTH;
  return "generated" in spec ? spec.generated : undefined;
}

function certificateFaults(config: StackConfig, show: ShowPath): Fault[] {
  const faults: Fault[] = [];
  const { certificates, edge } = config;
  const letsEncrypt = certificates === "letsencrypt" || certificates === "letsencrypt-staging";
  if (letsEncrypt && config.acmeEmail === undefined) {
    faults.push({
      path: show(["acmeEmail"]),
      given: "nothing",
      allowed: `an address to which the CA can write, where certificates is ${certificates}`,
      fix: "`pulumi config set rampart:acmeEmail ops@example.com`",
    });
  }
  const http01 = letsEncrypt || (typeof certificates === "object" && certificates.challenge === "http-01");
  if (http01 && edge.httpPort === false) {
    faults.push({
      path: show(["edge", "httpPort"]),
      given: "false",
      allowed: "a port, where certificates are proven by http-01",
      fix: "remove it, or use certificates: { directory, challenge: tls-alpn-01 }",
    });
  }
  if (!letsEncrypt) return faults;
  for (const [name, service] of Object.entries(config.services)) {
    service.routes.forEach(({ host }, index) => {
      if (isPublicHost(host)) return;
      faults.push({
        path: show(["services", name, "routes", index, "host"]),
        given: JSON.stringify(host),
        allowed: `a public host name, where certificates is ${certificates}`,
        fix: "give a name that resolves to this host from the internet, or use certificates: self-signed (not in production)",
      });
    });
  }
  return faults;
}

function mountFaults(config: StackConfig, show: ShowPath): Fault[] {
  return programs(config).flatMap(([at, program]) => {
    const targets = [...program.volumes.map((volume) => volume.path), ...program.tmpfs.map((mount) => mount.path)];
    const doubled = new Set(targets.filter((one, index) => targets.indexOf(one) !== index));
    return [...doubled].map((target) => ({
      path: show([...at, "volumes"]),
      given: `${target} twice`,
      allowed: "one mount for a path, of volumes and tmpfs together",
      fix: "remove one",
    }));
  });
}

/** Which database a service uses, and the schema that is Rampart's. */
function databaseFaults(config: StackConfig, show: ShowPath): Fault[] {
  const { name: first, schema, schemas, databases } = config.database;
  const names = [first, ...Object.keys(databases)];
  const named: (readonly [readonly PropertyKey[], string])[] = [
    [["database", "schema"], schema],
    ...schemas.map((one, index) => [["database", "schemas", index], one] as const),
    ...Object.entries(databases).flatMap(([database, further]) =>
      further.schemas.map((one, index) => [["database", "databases", database, "schemas", index], one] as const),
    ),
  ];
  return [
    ...named.flatMap(([path, given]) =>
      [EXTENSIONS_SCHEMA, TENANCY_SCHEMA].includes(given)
        ? [
            {
              path: show(path),
              given: JSON.stringify(given),
              allowed: `a schema of the application's own: this one holds ${given === EXTENSIONS_SCHEMA ? "the extensions" : "Rampart's own functions"}`,
              fix: "rename it",
            },
          ]
        : [],
    ),
    ...Object.entries(config.services).flatMap(([service, { data, database }]) => {
      if (database === undefined) return [];
      const path = show(["services", service, "database"]);
      const given = JSON.stringify(database);
      if (!names.includes(database))
        return [
          { path, given, allowed: names.join(", "), fix: `add it under database.databases, or use one of these` },
        ];
      return data === "none"
        ? [
            {
              path,
              given,
              allowed: "a database where data is read-only or read-write",
              fix: "say data: read-only or read-write, or remove it",
            },
          ]
        : [];
    }),
  ];
}

/** The engine probes for the first time after one interval: later than the time to start, and no version ever gets healthy. */
function healthFaults(config: StackConfig, show: ShowPath): Fault[] {
  return Object.entries(config.services).flatMap(([name, { healthCheck, startTimeoutSeconds }]) => {
    if (healthCheck === undefined || healthCheck.intervalSeconds < startTimeoutSeconds) return [];
    return [
      {
        path: show(["services", name, "healthCheck", "intervalSeconds"]),
        given: String(healthCheck.intervalSeconds),
        allowed: `less than startTimeoutSeconds (${startTimeoutSeconds}): the first check comes after one interval`,
        fix: "use a shorter interval, or a longer startTimeoutSeconds",
      },
    ];
  });
}
