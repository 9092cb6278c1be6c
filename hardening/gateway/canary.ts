/** A second version of a service that gets a share of its requests: its servers, its turns, how it is watched. */
import type { Canary, GatewayRoute } from "./route";
import { section } from "./text";

type Watched = Pick<GatewayRoute, "name" | "target">;

/**
 * The section in which the canary's containers are asked how they are, and in which its first server's weight is the
 * canary's percentage: nothing is led there, and the running gateway can be told another.
 */
export const WATCH_PREFIX = "canary_";
const watchOf = ({ name }: Pick<GatewayRoute, "name">): string => `${WATCH_PREFIX}${name}`;

/**
 * Each container of a canary has a name of its own, so that the server that is watched and the one that gets requests
 * are the same container.
 */
export const canaryAlias = (alias: string, index: number): string => (index === 0 ? alias : `${alias}.${index + 1}`);

interface Server {
  /** `c1`, `c2` …; those of the version itself are `v1` and on. */
  readonly name: string;
  readonly alias: string;
}

const serversOf = ({ alias, replicas }: Canary): Server[] =>
  Array.from({ length: replicas }, (_, index) => ({ name: `c${index + 1}`, alias: canaryAlias(alias, index) }));

/** The cookie by which a client stays with the canary; `rampart-replica` is for the version's own containers. */
const COOKIE = "rampart-canary";

type Shared = Watched & Pick<GatewayRoute, "sticky">;

/** Whose turn it is was said. */
const CHOSEN = "{ var(txn.canary) -m bool }";

/**
 * HAProxy inserts no cookie for a server that a rule has chosen. This one names the container's place and not its
 * address, so a client stays with the canary when a new version of the canary takes over.
 */
function cookie({ sticky = false }: Shared): string[] {
  if (!sticky) return [];
  const began = `if ${CHOSEN} { srv_name -m beg c }`;
  return [
    `http-response add-header Set-Cookie "${COOKIE}=%[srv_name]; path=/; HttpOnly; Secure; SameSite=Lax" ${began}`,
    `http-response add-header Cache-Control private ${began}`,
  ];
}

/**
 * Whose turn it is: of any hundred requests in a row exactly as many are the canary's as its percentage says, and they
 * are spread evenly.
 */
function turns(route: Shared, count: number): string[] {
  const id = route.name.replaceAll("-", "_");
  // Who has been somewhere before goes there again.
  const fresh =
    route.sticky === true ? ` if !{ req.cook(rampart-replica) -m found } !{ req.cook(${COOKIE}) -m found }` : "";
  return [
    `http-request set-var(proc.turn_${id}) var(proc.turn_${id},0),add(1),mod(100)${fresh}`,
    `http-request set-var(txn.weight) srv_uweight(${watchOf(route)}/c1)${fresh}`,
    `http-request set-var(txn.turn) var(proc.turn_${id}),mul(txn.weight),mod(100),sub(txn.weight)${fresh}`,
    "http-request set-var(txn.canary) bool(true) if { var(txn.turn) -m int lt 0 }",
    ...(count === 1
      ? []
      : [
          `http-request set-var(proc.pick_${id}) var(proc.pick_${id},0),add(1),mod(${count}) if ${CHOSEN}`,
          `http-request set-var(txn.pick) var(proc.pick_${id}) if ${CHOSEN}`,
        ]),
  ];
}

/** Where the chosen one is not well, the next rule decides, and at last the version's own servers. */
function choices({ sticky = false }: Shared, servers: readonly Server[]): string[] {
  return [
    ...(sticky ? servers.map(({ name }) => `use-server ${name} if { req.cook(${COOKIE}) -m str ${name} }`) : []),
    ...(servers.length === 1
      ? []
      : servers.map(({ name }, index) => `use-server ${name} if ${CHOSEN} { var(txn.pick) -m int ${index} }`)),
    ...servers.map(({ name }) => `use-server ${name} if ${CHOSEN}`),
  ];
}

/** The lines of a route's section. @param resolved How the name of a server is looked up */
export function canaryServers(route: Shared, canary: Canary, resolved: string): string[] {
  const servers = serversOf(canary);
  return [
    ...turns(route, servers.length),
    ...cookie(route),
    ...choices(route, servers),
    // Without a weight it gets what is led to it by name, and nothing else.
    ...servers.map(
      ({ name, alias }) => `server ${name} ${alias}:+0 ${resolved} track ${watchOf(route)}/${name} weight 0`,
    ),
  ];
}

/** How the canary is asked for its health: as its own health check asks, by a path if that has one. */
export function watchSection(route: Watched, resolved: string): string[] {
  const { canary, port } = route.target;
  if (canary === undefined) return [];
  const { healthPath, healthTimeoutSeconds, weight } = canary;
  return section(`backend ${watchOf(route)}`, [
    ...(healthPath === undefined
      ? []
      : [
          "option httpchk",
          `http-check send meth GET uri ${healthPath} ver HTTP/1.1 hdr Host 127.0.0.1:${port}`,
          `timeout check ${healthTimeoutSeconds}s`,
        ]),
    ...serversOf(canary).map(
      ({ name, alias }) =>
        `server ${name} ${alias}:+0 ${resolved} check port ${port} inter 1s fall 2 rise 2 weight ${weight}`,
    ),
  ]);
}

/** Lines of `servers` for a canary: `section 1 alias server`, and its percentage where that is a server's weight. */
export function canaryServerLines(route: Watched, canary: Canary, backend: string): string[] {
  const servers = serversOf(canary);
  return [
    ...servers.map(({ name, alias }) => `${backend} 1 ${alias} ${name}`),
    ...servers.map(({ name, alias }) => `${watchOf(route)} 1 ${alias} ${name} ${canary.weight}`),
  ];
}

/** The canary without what the running gateway can be told. */
export const namelessCanary = (canary: Canary): Canary => ({ ...canary, alias: "version", weight: 0 });

const HEALTH_PATH = /^\/[A-Za-z0-9\-._~/?&=%]*$/;

/** What is wrong with it; undefined where nothing could end a value of the configuration. */
export function canaryFault({ weight, replicas, healthPath = "/", healthTimeoutSeconds }: Canary): string | undefined {
  if (!Number.isSafeInteger(weight) || weight < 0 || weight > 100) return "canary.weight: is no percentage";
  if (![replicas, healthTimeoutSeconds].every((value) => Number.isSafeInteger(value) && value > 0))
    return "canary: replicas and seconds must be whole numbers above 0";
  return HEALTH_PATH.test(healthPath) ? undefined : "canary.healthPath: is no path";
}
