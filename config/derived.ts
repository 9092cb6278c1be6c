/** What follows from a configuration. */
import { isRemote } from "../hardening/backup/workloads";
import { IMAGE_PINS, IMAGE_ROLES, isLoggingRole, isMonitoringRole } from "./images";
import type { ServiceRole } from "../hardening/postgres/roles/roles";
import { DEFAULT_MONITORING, type MonitoringConfig } from "./schema/monitoring";
import type { JobConfig, RouteConfig, SecretSpec, ServiceConfig, StackConfig } from "./schema";
import { keepsLogs, surfaceRoute } from "./sinks";
import { listed } from "../hardening/defined";

/** The variable that leads a migration to a further database. */
export const databaseVariable = (database: string): string => `DATABASE_URL_${database.toUpperCase()}`;

/** The default length of a generated secret, in alphanumeric characters (285 bits). */
export const GENERATED_SECRET_LENGTH = 48;

/** The length of a generated secret; undefined for one that comes from the configuration. */
export function generatedLength(spec: SecretSpec): number | undefined {
  if (spec === "generated") return GENERATED_SECRET_LENGTH;
  return "generated" in spec ? spec.generated : undefined;
}

/** The URL of a route as a browser writes it: without the standard port, and without a path that is everything. */
export function routeUrl(
  { edge }: Pick<StackConfig, "edge">,
  { host, pathPrefix }: Pick<RouteConfig, "host" | "pathPrefix">,
): string {
  return `https://${host}${edge.httpsPort === 443 ? "" : `:${edge.httpsPort}`}${pathPrefix === "/" ? "" : pathPrefix}`;
}

/** What routes follow from: those of services, and the one to the stack's own logs. */
type Routed = Pick<StackConfig, "environment" | "logging" | "services">;

const routesOf = (config: Routed): RouteConfig[] => [
  ...Object.values(config.services).flatMap(({ routes }) => routes),
  ...listed(surfaceRoute(config)),
];

/** The URLs of all routes, sorted, each once. */
export function routeUrls(config: Pick<StackConfig, "edge"> & Routed): string[] {
  return [...new Set(routesOf(config).map((route) => routeUrl(config, route)))].sort();
}

/** The stack's databases, the first one first. */
export function databaseNames({ database }: Pick<StackConfig, "database">): string[] {
  return [database.name, ...Object.keys(database.databases).sort()];
}

/** What a service and a job may use of the stack. */
export type DataUser = ServiceConfig | JobConfig;

/** Services and jobs by name, which is another one for each. */
export const dataUsers = ({ jobs, services }: Pick<StackConfig, "jobs" | "services">): Record<string, DataUser> => ({
  ...services,
  ...jobs,
});

/** The jobs that have a schedule, by name, sorted. */
export const scheduledJobs = ({
  jobs,
}: Pick<StackConfig, "jobs">): (JobConfig & {
  readonly name: string;
  readonly schedule: string;
})[] =>
  Object.entries(jobs)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, job]) => (job.schedule === undefined ? [] : [{ ...job, name, schedule: job.schedule }]));

export const usesDatabase = ({ migration, ...users }: Pick<StackConfig, "jobs" | "migration" | "services">): boolean =>
  migration !== undefined || Object.values(dataUsers(users)).some(({ data }) => data !== "none");

export const usesRedis = (users: Pick<StackConfig, "jobs" | "services">): boolean =>
  Object.values(dataUsers(users)).some(({ cache }) => cache !== false);

/** Every image that the stack pulls, or may pull, by its pinned reference. */
export function imageReferences(
  config: Pick<StackConfig, "environment" | "images" | "jobs" | "logging" | "migration" | "monitoring" | "services">,
): string[] {
  const { images, jobs, migration, monitoring, services } = config;
  const roles = IMAGE_ROLES.filter(
    (role) => (monitoring !== false || !isMonitoringRole(role)) && (keepsLogs(config) || !isLoggingRole(role)),
  );
  const own = roles.map((role) => images[role] ?? IMAGE_PINS[role]);
  return [
    ...own,
    ...(migration === undefined ? [] : [migration.image]),
    ...Object.values(services).flatMap(({ image, canary }) => [image, ...(canary === undefined ? [] : [canary.image])]),
    ...Object.values(jobs).map(({ image }) => image),
  ];
}

/** As whom the stack pulls from each registry that it logs in to; undefined: by the login of whoever deploys. */
export const registryUsers = ({ registries }: Pick<StackConfig, "registries">): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(registries)
      .map(([registry, login]): [string, string | undefined] => [
        registry,
        "login" in login ? undefined : login.username,
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** Whether the edge's certificate is signed by the stack's own authority. */
export const signsEdge = (config: Pick<StackConfig, "certificates"> & Routed): boolean =>
  config.certificates === "self-signed" && routeHosts(config).length > 0;

/** Whether the stack has an authority of its own, which signs its servers' certificates. */
export const needsAuthority = (config: StackConfig): boolean =>
  usesDatabase(config) || (usesRedis(config) && config.redis.tls) || signsEdge(config);

export const backsUp = (config: StackConfig): boolean => config.database.backups !== false && usesDatabase(config);

/** Whether backups go to another host, for which they need a way out. */
export const backsUpElsewhere = (config: StackConfig): boolean =>
  usesDatabase(config) && config.database.backups !== false && isRemote(config.database.backups.repository);

/** What is measured and who is told; undefined where the stack is not monitored. */
export function monitoringOf({ monitoring }: Pick<StackConfig, "monitoring">): MonitoringConfig | undefined {
  if (typeof monitoring === "object") return monitoring;
  return monitoring ? DEFAULT_MONITORING : undefined;
}

/** Whether somebody outside is told of alerts, for which Alertmanager needs a way out. */
export function sendsAlerts(config: Pick<StackConfig, "monitoring">): boolean {
  const { webhook, ntfy, email } = monitoringOf(config) ?? {};
  return webhook !== undefined || ntfy !== undefined || email !== undefined;
}

/** The names of the volumes that services, jobs and the migration share, sorted. */
export function sharedVolumeNames({
  migration,
  ...users
}: Pick<StackConfig, "jobs" | "migration" | "services">): string[] {
  const programs = [...Object.values(dataUsers(users)), ...(migration === undefined ? [] : [migration])];
  const volumes = programs.flatMap((program) => program.volumes);
  return [...new Set(volumes.flatMap((volume) => ("name" in volume ? [volume.name] : [])))].sort();
}

/** The hosts of all routes, sorted, each once. */
export const routeHosts = (config: Routed): string[] => [...new Set(routesOf(config).map(({ host }) => host))].sort();

/** Users of management surfaces, who have a password of the stack's, sorted. */
export const accessUsers = (config: Routed): string[] =>
  [...new Set(routesOf(config).flatMap(({ access }) => access?.basicAuth?.users ?? []))].sort();

/** Whether another service is asked before a request passes. */
export const asksBeforehand = (config: Routed): boolean =>
  routesOf(config).some(({ access }) => access?.forwardAuth !== undefined);

/** The origins of the services' hosts, as a browser writes them, sorted. */
export const ownOrigins = (config: Pick<StackConfig, "edge" | "services">): string[] =>
  [...new Set(Object.values(config.services).flatMap(({ routes }) => routes.map(({ host }) => host)))]
    .sort()
    .map((host) => routeUrl(config, { host, pathPrefix: "/" }));

export type CorsConfig = NonNullable<RouteConfig["cors"]> & { readonly allowedOrigins: readonly string[] };

/** The cross-origin access of a route, with the origins that it has by default. */
export function corsOf(
  config: Pick<StackConfig, "edge" | "services">,
  { cors }: Pick<RouteConfig, "cors">,
): CorsConfig | undefined {
  return cors === undefined ? undefined : { ...cors, allowedOrigins: cors.allowedOrigins ?? ownOrigins(config) };
}

/** The role that a service or a job becomes in the database. */
export function serviceRole({ data }: Pick<DataUser, "data">): ServiceRole | undefined {
  return data === "read-write" ? "app_rw" : data === "read-only" ? "app_ro" : undefined;
}

/** The canary of a service as a service of its own: what it does not say is as the service says. */
export function canaryOf({ canary, ...service }: ServiceConfig): ServiceConfig | undefined {
  if (canary === undefined) return undefined;
  const { image, replicas, environment } = canary;
  return { ...service, image, replicas, environment: { ...service.environment, ...environment } };
}

/** What the gateway asks a canary's containers for; undefined where it only sees whether they take connections. */
export const canaryHealthPath = ({ canary, healthCheck }: ServiceConfig): string | undefined =>
  canary?.healthPath ?? (healthCheck.command === undefined ? (healthCheck.http ?? "/") : undefined);

/** The key prefixes of a service or a job that uses Redis. */
export function keyPrefixes(name: string, cache: DataUser["cache"]): readonly string[] {
  return typeof cache === "object" ? cache.keyPrefixes : [`${name}:`];
}

/** The hosts that ask for a client's certificate, sorted. */
export const guardedHosts = ({ edge }: Pick<StackConfig, "edge">): string[] =>
  Object.keys(edge.clientCertificates).sort();
