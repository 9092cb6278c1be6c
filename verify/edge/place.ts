/** Where the edge is found from this process, and what its routes are. */
import type { LoadedConfig, RouteConfig } from "../../config";

/** The edge's published ports. */
export interface EdgePlace {
  readonly address: string;
  readonly httpsPort: number;
  /** Undefined where there is no plain http. */
  readonly httpPort: number | undefined;
}

const LOOPBACK = /^(?:127\.|::1$|localhost$)/;
const ANY = ["0.0.0.0", "::"];

/** The machine of an engine that another machine runs; undefined for one on this machine. */
const remoteOf = (engineHost: string): string | undefined => {
  const host = /^(?:ssh|tcp):\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)/.exec(engineHost)?.[1]?.replace(/^\[|\]$/g, "");
  return host === undefined || LOOPBACK.test(host) ? undefined : host;
};

/** @returns the reason where this process cannot reach it */
export function edgePlace({ edge }: Pick<LoadedConfig, "edge">, engineHost: string): EdgePlace | string {
  const remote = remoteOf(engineHost);
  const { listenAddress, httpsPort, httpPort } = edge;
  if (remote !== undefined && LOOPBACK.test(listenAddress))
    return `the edge listens on ${listenAddress} of ${remote} only: run verify on that machine`;
  const address = ANY.includes(listenAddress) ? (remote ?? "127.0.0.1") : listenAddress;
  return { address, httpsPort, httpPort: httpPort === false ? undefined : httpPort };
}

export interface EdgeRoute {
  readonly service: string;
  readonly route: RouteConfig;
  /** For a person: `app.example.com/api`. */
  readonly name: string;
}

/** Every route, by its name. */
export const routesOf = ({ services }: Pick<LoadedConfig, "services">): readonly EdgeRoute[] =>
  Object.entries(services)
    .flatMap(([service, { routes }]) =>
      routes.map((route) => ({
        service,
        route,
        name: [
          route.host,
          ...(route.pathPrefix === "/" ? [] : [route.pathPrefix]),
          ...(route.streaming ? [" (streaming)"] : []),
        ].join(""),
      })),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** The name in Host, as a browser writes it. */
export const hostHeader = (host: string, port: number, usual: number): string =>
  port === usual ? host : `${host}:${port}`;
