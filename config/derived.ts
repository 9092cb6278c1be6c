/** What follows from a configuration. */
import type { RouteConfig, SecretSpec, StackConfig } from "./schema";

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
