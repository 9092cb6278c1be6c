/** Everybody who may log in to the database by what the state says. */
import type { LoadedConfig } from "../../../config";
import { ELEVATED_PREFIX, ELEVATION_WATCH, isOver } from "../../../hardening/postgres/elevation/elevations";
import { DATABASE_ROLES, SERVICE_ROLES, type DatabaseRole } from "../../../hardening/postgres/roles/roles";
import { leaf, tree } from "../../../hardening/tree";
import type { StackState } from "../../state";

export const ROLE_TYPE = "postgresql:index/role:Role";

export interface KnownLogin {
  /** What it logs in as. */
  readonly login: string;
  /** Whose rights it has. */
  readonly role: DatabaseRole;
  readonly password: string;
  /** Whether its time is over, so that it must not get in. */
  readonly over: boolean;
}

/** The roles, what services log in as (two of a role in the middle of a rotation), and whoever is elevated. */
export function knownLogins(
  { database }: Pick<LoadedConfig, "database">,
  { outputs, passwords, resources }: StackState,
  now = new Date(),
): KnownLogin[] {
  const own = tree(tree(outputs)["database"]);
  const roles = DATABASE_ROLES.flatMap((role) => login(role, role, leaf(tree(own["passwords"])[role])));
  const services = resources
    .filter(({ type }) => type === ROLE_TYPE)
    .flatMap(({ name, inputs }) => {
      const [, role, rotation] = /-(app_rw|app_ro)-(login-[0-9a-f]{8})$/.exec(name) ?? [];
      const known = SERVICE_ROLES.find((one) => one === role);
      if (known === undefined || rotation === undefined) return [];
      const secret = `-secrets-${known.replace("_", "-")}-${rotation}`;
      const [, password = ""] = Object.entries(passwords).find(([resource]) => resource.endsWith(secret)) ?? [];
      return login(leaf(inputs["name"]), known, password);
    });
  const elevated = database.elevations.flatMap((elevation) => {
    const name = `${ELEVATED_PREFIX}${elevation.who}`;
    const role = DATABASE_ROLES.find((one) => one === elevation.role);
    const password = leaf(tree(own["elevations"])[name]);
    return role === undefined ? [] : login(name, role, password, isOver(elevation, now));
  });
  return [...roles, ...services, ...elevated];
}

const login = (name: string, role: DatabaseRole, password: string, over = false): KnownLogin[] =>
  name === "" || password === "" ? [] : [{ login: name, role, password, over }];

/** What else may be there beside the logins: the one that ends elevated sessions. */
export const helperLogins = ({ database }: Pick<LoadedConfig, "database">): readonly string[] =>
  database.elevations.length === 0 ? [] : [ELEVATION_WATCH];
