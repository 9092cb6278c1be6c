import { defined } from "../../hardening/defined";
import { DATABASE_ROLES } from "../../hardening/postgres/roles/roles";
import { stackFileFor } from "../shared/common-options";
import { usageError, wrongOption, type UserError } from "../shared/errors";
import type { Input } from "../shared/options";

export interface PsqlOptions {
  readonly stack: string;
  /** A role of the database, or `superuser`. */
  readonly role: string;
  /** @default the stack's database */
  readonly database?: string;
  /** The port on the engine's 127.0.0.1 of a tunnel; absent: psql itself. */
  readonly tunnel?: number;
  /** What follows `--`: psql's own. */
  readonly args: readonly string[];
}

const LOWEST_PORT = 1024;
const HIGHEST_PORT = 65_535;
const ROLES = `${DATABASE_ROLES.join(", ")}, elevated_<who> or superuser`;

export const OPTIONS = {
  role: {
    value: "ROLE",
    short: "r",
    summary: ROLES,
    default: "app_ro",
    read: (given: string, refusal: (allowed: string) => UserError): string => {
      if (!/^[a-z_][a-z0-9_]{0,62}$/.test(given)) throw refusal(ROLES);
      return given;
    },
  },
  database: {
    value: "NAME",
    short: "d",
    summary: "another database than the stack's first",
    read: (given: string, refusal: (allowed: string) => UserError): string => {
      if (!/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/.test(given)) throw refusal("a database's name");
      return given;
    },
  },
  tunnel: {
    value: "PORT",
    summary: "opens a port on the engine's 127.0.0.1 for a graphical client, until Ctrl-C, and starts no psql",
    read: (given: string, refusal: (allowed: string) => UserError): number => {
      const port = Number(given);
      if (!/^\d+$/.test(given) || port < LOWEST_PORT || port > HIGHEST_PORT)
        throw refusal(`a port from ${LOWEST_PORT} to ${HIGHEST_PORT}`);
      return port;
    },
  },
  "config-file": stackFileFor("for docker:host and images.socat"),
} as const;

/** @throws UserError where options exclude each other */
export function psqlOptions({ stack, options, rest }: Input<typeof OPTIONS, "required">): PsqlOptions {
  const { role, database, tunnel } = options;
  if (tunnel !== undefined && rest.length > 0)
    throw usageError(
      "--tunnel starts no psql, so nothing may follow `--`",
      "Leave out --tunnel, or what follows `--`.",
    );
  if (tunnel !== undefined && role === "superuser")
    throw wrongOption({
      option: "--role",
      given: role,
      allowed: "with --tunnel any role but the superuser, whom pg_hba.conf refuses there",
      fix: "Leave --tunnel out, or declare an elevation (database.elevations).",
    });
  return {
    stack,
    role,
    args: rest,
    ...defined({ database, tunnel }),
  };
}
