/** What a service or a job gets of the stack's data servers, and what it waits for. */
import type * as pulumi from "@pulumi/pulumi";
import { serviceRole, type DataUser, type LoadedConfig } from "../config";
import { defined, listed } from "../hardening/defined";
import type { ServiceRole } from "../hardening/postgres/roles/roles";
import { cacheUrl, databaseUrl, type Login } from "./urls";

/** What a program may need of the rest of the stack. */
export interface Surroundings {
  readonly database:
    | {
        readonly authority: { readonly certificate: pulumi.Output<string> };
        /** Each with the resource that goes only after whoever uses the login. */
        readonly logins: Readonly<Partial<Record<ServiceRole, Login & { readonly resource: pulumi.Resource }>>>;
      }
    | undefined;
  readonly redis:
    | {
        readonly passwords: Readonly<Record<string, pulumi.Output<string>>>;
        readonly ca: pulumi.Output<string> | undefined;
        readonly ready: pulumi.Resource;
      }
    | undefined;
  /** After a migration every program waits, as any of them may rely on what it changed. */
  readonly migrated: boolean;
  readonly dataReady: readonly pulumi.Resource[];
}

export interface DataUse {
  /** DATABASE_URL and REDIS_URL, and the certificates to verify them by, where the program has earned them. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
  readonly dependsOn: readonly pulumi.Resource[];
}

/** @param name The program's, by which Postgres and Redis know it */
export function dataUse(
  config: LoadedConfig,
  name: string,
  user: DataUser,
  { database, redis, migrated, dataReady }: Surroundings,
): DataUse {
  const role = serviceRole(user);
  const login = role && database?.logins[role];
  const cache = user.cache === false ? undefined : redis;
  return {
    urls: defined({
      DATABASE_URL: login && databaseUrl(user.database ?? config.database.name, login, name),
      DATABASE_CA: login && database?.authority.certificate,
      REDIS_URL: cache && cacheUrl(config, name, cache.passwords[name]),
      REDIS_CA: cache?.ca,
    }),
    dependsOn: [
      ...(role === undefined && !migrated ? [] : dataReady),
      // Named besides: the old login goes only after the containers that use it, which have to be known to.
      ...listed(login?.resource),
      ...listed(cache?.ready),
    ],
  };
}
