/** The catalogs of the live server, compared with what the state and the model say. */
import type { LoadedConfig } from "../../../config";
import { databaseNames } from "../../../config";
import { DROP_OWNED_TRIGGER } from "../../../hardening/postgres/roles/drop-owned-sql";
import { TENANCY_EVENT_TRIGGERS } from "../../../hardening/postgres/tenancy/tenancy";
import { privilegesOf } from "../../../resources/database";
import type { StackState } from "../../state";
import type { Probe } from "../probe";
import {
  databaseFindings,
  DATABASES_QUERY,
  objectFindings,
  objectsQuery,
  roleFindings,
  ROLES_QUERY,
  type KnownRole,
} from "./catalog";
import { hasDatabase, look, schemasByDatabase } from "./client";
import { helperLogins, knownLogins, ROLE_TYPE } from "./logins";

/** The roles that there have to be, and what each is. Also those whose password the state does not know. */
export function knownRoles(config: LoadedConfig, state: StackState): KnownRole[] {
  const model = new Map(privilegesOf(config).roles.map((role) => [role.name, role]));
  const limits = new Map(
    state.resources
      .filter(({ type }) => type === ROLE_TYPE)
      .map(({ inputs }) => [inputs["name"], inputs["connectionLimit"]]),
  );
  return [
    ...knownLogins(config, state).map(({ login, role }): KnownRole => {
      const own = model.get(login);
      const limit = limits.get(login);
      return {
        login,
        memberOf: own === undefined ? [role] : own.roles,
        bypassesRowSecurity: own?.bypassRowLevelSecurity ?? false,
        connectionLimit: typeof limit === "number" ? limit : undefined,
        ends: config.database.elevations.some(({ who }) => login === `elevated_${who}`),
      };
    }),
    ...helperLogins(config).map((login) => ({ login, memberOf: [], bypassesRowSecurity: false, ends: false })),
  ];
}

export const privileges: Probe = {
  id: "probe-database-privileges",
  title: "the catalogs of Postgres have the roles, rights and owners that the stack declares, and no others",
  severity: "high",
  why: "a role that was made or widened by hand is in no review, and outlives whoever made it",
  run: async (stage) => {
    if (!hasDatabase(stage)) return [];
    const { config, state } = stage;
    const { name, tenancy } = config.database;
    const guards = [DROP_OWNED_TRIGGER, ...(tenancy === undefined ? [] : Object.values(TENANCY_EVENT_TRIGGERS))];
    const [roles, databases, objects] = await Promise.all([
      look(stage, name, ROLES_QUERY),
      look(stage, name, DATABASES_QUERY),
      Promise.all(
        schemasByDatabase(stage).map(async ([database, schemas]) =>
          objectFindings(await look(stage, database, objectsQuery(schemas)), database, guards),
        ),
      ),
    ]);
    return [
      ...roleFindings(roles, knownRoles(config, state)),
      ...databaseFindings(databases, databaseNames(config)),
      ...objects.flat(),
    ];
  },
};
