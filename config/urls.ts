import type { RouteConfig, StackConfig } from "./schema";

/** The URL of a route as a browser writes it: without the standard port, and without a path that is everything. */
export function routeUrl(
  { edge }: Pick<StackConfig, "edge">,
  { host, pathPrefix }: Pick<RouteConfig, "host" | "pathPrefix">,
): string {
  return `https://${host}${edge.httpsPort === 443 ? "" : `:${edge.httpsPort}`}${pathPrefix === "/" ? "" : pathPrefix}`;
}
