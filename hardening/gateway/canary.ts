/** A second version of a service that gets a share of its requests: its servers, their weights, how it is watched. */
import { shares } from "./shares";
import type { Canary, GatewayRoute } from "./route";
import { section } from "./text";

/** A server of a route's section. */
export interface Server {
  /** `v1`, `v2` … are the version's own, `c1`, `c2` … the canary's. */
  readonly name: string;
  readonly alias: string;
  readonly weight: number;
}

type Watched = Pick<GatewayRoute, "name" | "target">;

/** The canary's weight at which the version itself only steps in where no container of the canary is well. */
const ALL = 100;

/** The section in which the canary's containers are asked how they are: only they are, and not the version's own. */
const watchOf = ({ name }: Pick<GatewayRoute, "name">): string => `canary_${name}`;

/**
 * Each container of a canary has a name of its own, so that the server that is watched and the one that gets requests
 * are the same container.
 */
export const canaryAlias = (alias: string, index: number): string => (index === 0 ? alias : `${alias}.${index + 1}`);

/** The servers of a route whose service has a canary, with weights that give the canary exactly its share. */
export function weighedServers({ target: { alias, replicas = 1 } }: Watched, canary: Canary): Server[] {
  const weights = shares({ main: replicas, canary: canary.replicas, weight: canary.weight });
  return [
    ...weights.main.map((weight, index) => ({ name: `v${index + 1}`, alias, weight })),
    ...weights.canary.map((weight, index) => ({
      name: `c${index + 1}`,
      alias: canaryAlias(canary.alias, index),
      weight,
    })),
  ];
}

export const isCanary = ({ name }: Pick<Server, "name">): boolean => name.startsWith("c");

/** The lines of the servers. @param resolved How the name of a server is looked up */
export function canaryServers(route: Watched, canary: Canary, resolved: string): string[] {
  const { port } = route.target;
  const takesConnections = `check port ${port} inter 1s fall 2 rise 1`;
  const backup = canary.weight === ALL ? " backup" : "";
  return [
    ...(canary.weight === ALL ? ["option allbackups"] : []),
    ...weighedServers(route, canary).map((server) => {
      const watched =
        canary.healthPath === undefined || !isCanary(server)
          ? takesConnections
          : `track ${watchOf(route)}/${server.name}`;
      const line = `server ${server.name} ${server.alias}:+0 ${resolved} ${watched} weight ${server.weight}`;
      return isCanary(server) ? line : `${line}${backup}`;
    }),
  ];
}

/** How the canary's containers are asked for their health: as their own health check asks, by a path. */
export function watchSection(route: Watched, resolved: string): string[] {
  const { canary, port } = route.target;
  if (canary?.healthPath === undefined) return [];
  return section(`backend ${watchOf(route)}`, [
    "option httpchk",
    `http-check send meth GET uri ${canary.healthPath} ver HTTP/1.1 hdr Host 127.0.0.1:${port}`,
    `timeout check ${canary.healthTimeoutSeconds}s`,
    ...weighedServers(route, canary)
      .filter(isCanary)
      .map(
        ({ name, alias }) =>
          `server ${name} ${alias}:+0 ${resolved} check port ${port} inter 1s fastinter 1s fall 2 rise 2`,
      ),
  ]);
}

/** Lines of `servers` for a route with a canary: `section 1 alias server weight`; no weight where none counts. */
export function canaryServerLines(route: Watched, canary: Canary, backend: string): string[] {
  const all = weighedServers(route, canary);
  return [
    ...all.map(({ name, alias, weight }) => `${backend} 1 ${alias} ${name} ${weight}`),
    ...(canary.healthPath === undefined
      ? []
      : all.filter(isCanary).map(({ name, alias }) => `${watchOf(route)} 1 ${alias} ${name}`)),
  ];
}

/** The canary without what the running gateway can be told: names, and a weight that does not change the servers. */
export const namelessCanary = (canary: Canary): Canary => ({
  ...canary,
  alias: "version",
  weight: canary.weight === ALL ? ALL : 0,
});

/** Percent of the requests that these weights give the canary; undefined where none of the servers is a canary's. */
export function canaryShare(servers: readonly Pick<Server, "name" | "weight">[]): number | undefined {
  const sum = (of: typeof servers): number => of.reduce((total, { weight }) => total + weight, 0);
  const canary = servers.filter(isCanary);
  if (canary.length === 0) return undefined;
  // Only where the others are spares do the weights not add up to a multiple of a hundred.
  return sum(servers) % 100 === 0 ? Math.round((sum(canary) * 100) / sum(servers)) : ALL;
}

const HEALTH_PATH = /^\/[A-Za-z0-9\-._~/?&=%]*$/;

/** What is wrong with it; undefined where nothing could end a value of the configuration. */
export function canaryFault({ weight, replicas, healthPath = "/", healthTimeoutSeconds }: Canary): string | undefined {
  if (!Number.isSafeInteger(weight) || weight < 0 || weight > ALL) return "canary.weight: is no percentage";
  if (![replicas, healthTimeoutSeconds].every((value) => Number.isSafeInteger(value) && value > 0))
    return "canary: replicas and seconds must be whole numbers above 0";
  return HEALTH_PATH.test(healthPath) ? undefined : "canary.healthPath: is no path";
}
