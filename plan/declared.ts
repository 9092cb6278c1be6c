/** What a configuration declares and no container shows, for the posture. */
import type { LoadedConfig, RouteConfig } from "../config";
import { placeholders } from "../config/checks/placeholders";
import { isPlainTcp, shownEngine } from "../config/values/engine";
import { routeUrl } from "../config/derived";
import { sendsInClear, sinkOf, sinkPlace } from "../config/sinks";
import { keyPath } from "../config/faults";
import { sourceText } from "../config/sources/arguments";
import { sourcedSecrets } from "../config/sources/secrets";
import { printable } from "../config/text";
import { dangerousPermissions } from "../hardening/docker-api/permissions";
import { defined } from "../hardening/defined";
import { LOG_PERMISSIONS } from "../hardening/logging/collector";
import { changedHeaders, weakHeaders } from "../hardening/edge/weak-headers";
import type { DeclaredFacts } from "../hardening/rules";
import type { Engine } from "../engine/engine";
import { commandLine } from "./summary/show";

/** @param keys The stack's keys in full. */
export function declaredFacts(config: LoadedConfig, engine: Engine, keys: readonly string[]): DeclaredFacts {
  const services = Object.entries(config.services).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    dockerApi: [
      ...collectorPermissions(config),
      ...services.flatMap(([name, { dockerApi }]) => {
        const permissions = dangerousPermissions(dockerApi?.permissions ?? [], dockerApi?.scope);
        if (dockerApi?.reason === undefined || permissions.length === 0) return [];
        return [{ resource: `${config.name}-${name}`, permissions, reason: dockerApi.reason }];
      }),
    ],
    headers: services.flatMap(([name, { routes }]) =>
      routes.flatMap((route) => {
        const weak = weakHeaders(route.headers);
        const { fromApplication, reason } = route.headers;
        const changed = changedHeaders(route.headers).filter((name) => !weak.some((one) => one.name === name));
        if (weak.length + changed.length + fromApplication.length === 0) return [];
        const resource = `${config.name}-${name}`;
        return [{ resource, route: routeUrl(config, route), weak, changed, fromApplication, ...defined({ reason }) }];
      }),
    ),
    ...defined({ logSink: logSink(config), secretSources: secretSources(config) }),
    maintenance: Object.keys(config.edge.maintenance).sort(),
    placeholders:
      config.environment === "prod" ? [...new Set(placeholders(config).map(({ value }) => value))].sort() : [],
    ...(isPlainTcp(engine.host, keys) && process.env["DOCKER_TLS_VERIFY"] === undefined
      ? { plainEngine: printable(shownEngine(engine.host)) }
      : {}),
  };
}

/** Undefined where there are none. */
function secretSources(config: LoadedConfig): DeclaredFacts["secretSources"] {
  const sources = sourcedSecrets(config).map(({ path, from }) => ({
    ...placeOf(config, path),
    source: printable(sourceText(from, commandLine)),
    command: "command" in from,
  }));
  return sources.length === 0 ? undefined : sources;
}

/** Whose a secret is, and its name there: the variable of a service, a job or the migration, or a key of the stack. */
function placeOf(config: LoadedConfig, path: readonly PropertyKey[]): { resource: string; name: string } {
  const [top, service] = path;
  const own = top === "services" || top === "jobs" ? String(service) : top === "migration" ? "migration" : undefined;
  return own === undefined
    ? { resource: config.stack, name: keyPath(path).replace(/^rampart:/, "") }
    : { resource: `${config.name}-${own}`, name: String(path.at(-1)) };
}

/** What collects the logs reads those of every container: that is what it is for. */
function collectorPermissions(config: LoadedConfig): DeclaredFacts["dockerApi"] {
  if (sinkOf(config) === undefined) return [];
  return [
    {
      resource: `${config.name}-logs-collector`,
      permissions: dangerousPermissions(LOG_PERMISSIONS),
      reason: "it hands the logs of the stack's containers to their sink, and asks for nothing else",
    },
  ];
}

function logSink(config: LoadedConfig): DeclaredFacts["logSink"] {
  const sink = sinkOf(config);
  if (sink === undefined) return undefined;
  return {
    resource: `${config.name}-logs`,
    place: sinkPlace(sink),
    inClear: sendsInClear(sink),
    ...(sink.kind === "builtin"
      ? {
          kept: `for ${sink.retentionDays} days in at most ${sink.maxDiskMiB} MiB`,
          ...defined({ oneProof: onlyProof(sink.surface?.access) }),
        }
      : defined({ reason: sink.reason })),
  };
}

/** Why a management surface asks for no login; undefined where it does. */
const onlyProof = (access: RouteConfig["access"]): string | undefined =>
  (access?.basicAuth ?? access?.forwardAuth) === undefined ? access?.reason : undefined;
