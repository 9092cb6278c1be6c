import {
  canaryHealthPath,
  type DataUser,
  type MigrationConfig,
  type SecretSpec,
  type ServiceConfig,
  type StackConfig,
} from "../../config";
import { endpointOf } from "../../hardening/docker-api/endpoints";
import { fact, type Fact, type Item } from "./item";
import { commandLine, imageName, joined, secretPlace, shown, visible } from "./show";

type Program = DataUser | MigrationConfig;
type Permission = NonNullable<ServiceConfig["dockerApi"]>["permissions"][number];

/** The services by name, and the migration before them, as that is when it runs. */
export function programItems(config: StackConfig): Item[] {
  const { migration } = config;
  return [
    ...(migration === undefined
      ? []
      : [{ title: "migration", detail: imageName(migration.image), facts: migrationFacts(migration) }]),
    ...Object.entries(config.services)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([title, service]) => ({
        title,
        detail: imageName(service.image),
        facts: serviceFacts(service, title, config),
      })),
  ];
}

function migrationFacts(migration: MigrationConfig): Fact[] {
  return [
    ...ownFacts(migration),
    fact("data", `as migrator, before any service of a new version; at most ${migration.timeoutSeconds} s`),
    ...(migration.reversible === true ? [fact("roll back", "the version before works with what it leaves")] : []),
    ...confinementFacts(migration),
  ];
}

function serviceFacts(service: ServiceConfig, name: string, { database }: StackConfig): Fact[] {
  const { data, egress, dockerApi, port, healthCheck, replicas } = service;
  return [
    ...ownFacts(service),
    ...(replicas === 1 ? [] : [fact("replicas", String(replicas))]),
    ...canaryFacts(service),
    fact("data", data === "none" ? "none" : `${data} on ${service.database ?? database.name}`),
    fact("cache", cacheText(service.cache, name)),
    ...(service.internal ? [fact("network", "also on internal, beside its route", true)] : []),
    fact("egress", egressFact(egress), egress === true),
    ...(dockerApi === undefined
      ? []
      : [
          fact(
            "Docker API",
            dockerApi.permissions.map((permission) => permissionText(permission)),
            true,
          ),
          fact(
            "its containers",
            dockerApi.scope === "engine"
              ? "every container of the engine"
              : "those that it created, and no other container",
            dockerApi.scope === "engine",
          ),
          ...(dockerApi.images.length === 0 ? [] : [fact("may pull", dockerApi.images)]),
          ...(isUsual(dockerApi.containers) ? [] : [fact("each at most", limitsText(dockerApi.containers))]),
          ...(dockerApi.reason === undefined ? [] : [fact("because", visible(dockerApi.reason))]),
        ]),
    ...(port === undefined ? [] : [fact("port", `${port}, not published`)]),
    fact(
      "health",
      healthCheck.command === undefined ? `GET ${healthCheck.http ?? "/"}` : commandLine(healthCheck.command),
    ),
    ...confinementFacts(service),
  ];
}

type Limits = Program["resources"];

const limitsText = ({ memoryMiB, cpus, pids }: Limits): string => `${memoryMiB} MiB, ${cpus} CPU, ${pids} processes`;

/** Of what a consumer creates; source: config/schema/docker-api.ts. */
const isUsual = ({ memoryMiB, cpus, pids }: Limits): boolean => memoryMiB === 512 && cpus === 1 && pids === 256;
function egressFact(egress: ServiceConfig["egress"]): string | string[] {
  if (typeof egress === "boolean") return egress ? "may open connections to the internet" : "none";
  return egress.map((entry) => `over TLS to ${entry}`);
}

/** The second version, and what of it is not the service's. */
function canaryFacts(service: ServiceConfig): Fact[] {
  const { canary, port } = service;
  if (canary === undefined) return [];
  const { image, replicas, environment } = canary;
  const path = canaryHealthPath(service);
  return [
    fact("canary", [
      canaryText(canary),
      imageName(image),
      ...(replicas === 1 ? [] : [`${replicas} containers`]),
      path === undefined ? `gets requests while port ${port ?? 0} takes connections` : `health GET ${path}`,
      ...variables(environment),
    ]),
  ];
}

/** What a canary gets: `10 % of the requests`. */
export const canaryText = ({ weight }: NonNullable<ServiceConfig["canary"]>): string => `${weight} % of the requests`;

/** `POST /containers/create (high: …)`: the name as the stack's file has it, and what it gives away. */
const permissionText = (permission: Permission): string => `${permission} (${dangerText(permission)})`;

/** How dangerous a permission is, and what it gives away. */
export function dangerText(permission: Permission): string {
  const { danger, what } = endpointOf(permission);
  return `${danger}: ${what.replace(/\.$/, "")}`;
}

export function cacheText(cache: ServiceConfig["cache"], service: string): string {
  if (cache === false) return "none";
  const prefixes = cache === true ? [`${service}:`] : cache.keyPrefixes;
  const sessions = (cache === true ? undefined : cache.sessions) ?? [];
  const keys = (beginnings: readonly string[]): string => beginnings.map((one) => `${one}*`).join(", ");
  return `Redis, keys ${keys(prefixes)}${sessions.length === 0 ? "" : `, sessions ${keys(sessions)}`}`;
}

/** What the program is, and what it is told. */
export function ownFacts(program: Program): Fact[] {
  const { entrypoint, command, environment, secrets, secretsInEnvironment } = program;
  const told = variables(environment);
  return [
    ...(entrypoint === undefined ? [] : [fact("entrypoint", commandLine(entrypoint))]),
    fact("command", command === undefined ? "the image's own" : commandLine(command)),
    fact("environment", told.length === 0 ? "none" : told),
    fact(
      "secrets",
      joined(
        Object.entries(secrets)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, spec]) => `${name} (${secretSource(spec)})`),
        "none",
      ),
    ),
    ...(secretsInEnvironment === undefined
      ? []
      : [
          fact(
            "in environment",
            `${secretsInEnvironment.names.join(", ")}: ${visible(secretsInEnvironment.reason)}`,
            true,
          ),
        ]),
  ];
}

const variables = (environment: Program["environment"]): string[] =>
  Object.keys(environment)
    .sort()
    .map((name) => `${name}=${shown(environment[name] ?? "", name)}`);

export function secretSource(spec: SecretSpec): string {
  if (typeof spec === "string") return spec;
  return "generated" in spec ? `generated, ${spec.generated} characters` : `from ${secretPlace(spec)}`;
}

/** What holds it, and each weakening with its reason. */
export function confinementFacts(program: Program): Fact[] {
  const { user, resources, confinement, volumes, tmpfs } = program;
  const root = typeof user === "object";
  const weak = [
    ...(root ? [`user root: ${user.root}`] : []),
    ...confinement.capabilities.map(({ add, reason }) => `${add}: ${reason}`),
    ...(confinement.writableRoot === undefined
      ? []
      : [`writable root file system: ${confinement.writableRoot.reason}`]),
    ...(typeof confinement.seccomp === "object" && "unconfined" in confinement.seccomp
      ? [`seccomp unconfined: ${confinement.seccomp.unconfined}`]
      : []),
    ...(typeof confinement.seccomp === "object" && "complain" in confinement.seccomp && confinement.seccomp.complain
      ? ["seccomp in complain mode: denials are logged, not enforced"]
      : []),
    ...(typeof confinement.appArmor === "object" ? [`AppArmor unconfined: ${confinement.appArmor.unconfined}`] : []),
    ...tmpfs.flatMap(({ path, exec }) => (exec === undefined ? [] : [`programs may run from ${path}: ${exec.reason}`])),
    ...volumes.flatMap((volume) =>
      "hostPath" in volume
        ? [
            `${volume.hostPath} of the host at ${volume.path}, ` +
              `${volume.readOnly ? "read-only" : "read-write"}: ${volume.reason}`,
          ]
        : [],
    ),
  ].map(visible);
  const named = volumes.flatMap((volume) =>
    "name" in volume ? [`${volume.name} at ${volume.path}${volume.readOnly ? ", read-only" : ""}`] : [],
  );
  return [
    ...(root ? [] : [fact("user", user)]),
    fact("limits", limitsText(resources)),
    fact("confinement", `seccomp ${seccompText(confinement.seccomp)}, AppArmor ${appArmorText(confinement.appArmor)}`),
    ...(named.length === 0 ? [] : [fact("volumes", named)]),
    ...(weak.length === 0 ? [] : [fact("exceptions", weak, true)]),
  ];
}

export function seccompText(option: Program["confinement"]["seccomp"]): string {
  if (typeof option === "string") return option;
  if ("unconfined" in option) return "unconfined";
  return option.complain ? `${option.profile}, only logged` : option.profile;
}

export const appArmorText = (option: Program["confinement"]["appArmor"]): string =>
  typeof option === "string" ? option : "unconfined";
