/** Services, jobs and the migration alike. */
import { databaseVariable, type DataUser } from "../derived";
import type { MigrationConfig, StackConfig } from "../schema";

export type Program = readonly [path: readonly string[], program: DataUser | MigrationConfig, urls: readonly string[]];

/** The canaries, each with the variables that are its own: all else is judged as the service's. */
export const canaries = (config: StackConfig): Program[] =>
  programs(config).flatMap(([at, program, urls]): Program[] => {
    if (!("canary" in program) || program.canary === undefined) return [];
    const { image, environment } = program.canary;
    return [[[...at, "canary"], { ...program, image, environment }, urls]];
  });

/** Services and jobs by their paths: what may use data. */
export const usersOf = ({ jobs, services }: StackConfig): (readonly [path: [string, string], user: DataUser])[] => [
  ...Object.entries(services).map(([name, user]) => [["services", name], user] as [[string, string], DataUser]),
  ...Object.entries(jobs).map(([name, user]) => [["jobs", name], user] as [[string, string], DataUser]),
];

/** Services, jobs and the migration, each with the connection URLs that it has earned. */
export function programs(config: StackConfig): Program[] {
  const users = usersOf(config).map(([at, user]): Program => [
    at,
    user,
    [
      ...(user.data === "none" ? [] : ["DATABASE_URL", "DATABASE_CA"]),
      ...(user.cache === false ? [] : ["REDIS_URL", ...(config.redis.tls ? ["REDIS_CA"] : [])]),
    ],
  ]);
  return config.migration === undefined
    ? users
    : [
        ...users,
        [
          ["migration"],
          config.migration,
          ["DATABASE_URL", "DATABASE_CA", ...Object.keys(config.database.databases).map(databaseVariable)],
        ],
      ];
}
