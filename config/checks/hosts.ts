/** The hosts of all routes, with the places where the configuration has them. */
import type { StackConfig } from "../schema";
import { surfaceRoute } from "../sinks";

/** The host of the route to the stack's own logs. */
export const SURFACE = ["logging", "sink", "builtin", "surface"] as const;

export function hostPlaces(
  config: StackConfig,
): readonly { readonly host: string; readonly path: readonly PropertyKey[] }[] {
  const surface = surfaceRoute(config);
  return [
    ...Object.entries(config.services).flatMap(([name, { routes }]) =>
      routes.map(({ host }, index) => ({ host, path: ["services", name, "routes", index, "host"] })),
    ),
    ...(surface === undefined ? [] : [{ host: surface.host, path: [...SURFACE, "host"] }]),
  ];
}
