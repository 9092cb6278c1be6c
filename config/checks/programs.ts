/** Services and the migration alike. */
import { databaseVariable } from "../derived";
import type { MigrationConfig, ServiceConfig, StackConfig } from "../schema";

export type Program = readonly [
  path: readonly string[],
  program: ServiceConfig | MigrationConfig,
  urls: readonly string[],
];

/** The canaries, each with the variables that are its own: all else is judged as the service's. */
export const canaries = (config: StackConfig): Program[] =>
  programs(config).flatMap(([at, program, urls]): Program[] => {
    if (!("canary" in program) || program.canary === undefined) return [];
    const { image, environment } = program.canary;
    return [[[...at, "canary"], { ...program, image, environment }, urls]];
  });

/** Services and the migration, each with the connection URLs that it has earned. */
export function programs(config: StackConfig): Program[] {
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
