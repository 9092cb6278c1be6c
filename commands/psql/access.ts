import { defined } from "../../hardening/defined";
import { UserError } from "../shared/errors";
import { field, text } from "../shared/json";
import { readOutputs } from "../shared/stack-outputs";

/** What a stack's outputs say of its database. */
export interface DatabaseAccess {
  /** The engine's name of the internal network. */
  readonly network: string;
  readonly database: string;
  readonly superuser: string;
  readonly passwords: Readonly<Record<string, string>>;
  /** The stack's own CA as PEM; absent where Postgres takes no TLS. */
  readonly ca?: string;
}

/** Reads what a stack's outputs say of its database. @throws UserError when there are none */
export async function readAccess(root: string, project: string, stack: string): Promise<DatabaseAccess> {
  return accessOf(stack, await readOutputs({ root, project, stack, env: process.env }));
}

/** @throws UserError when the outputs are not those of a stack with a database */
export function accessOf(stack: string, outputs: unknown): DatabaseAccess {
  const database = field(outputs, "database");
  const network = text(field(field(outputs, "networks"), "internal"));
  const [name, superuser, ca] = [
    text(field(database, "name")),
    text(field(database, "superuser")),
    text(field(database, "ca")),
  ];
  if (network === undefined || name === undefined || superuser === undefined)
    throw new UserError(`Stack ${stack} has no database, or was not deployed to its end: \`pulumi up\` it first.`);
  const passwords = { ...strings(field(database, "passwords")), ...strings(field(database, "elevations")) };
  return { network, database: name, superuser, passwords, ...defined({ ca }) };
}

function strings(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, entry]: [string, unknown]) =>
      typeof entry === "string" ? [[key, entry]] : [],
    ),
  );
}

/** @throws UserError with the roles that there are */
export function passwordOf({ passwords }: DatabaseAccess, role: string): string {
  const password = passwords[role];
  if (password === undefined)
    throw new UserError(
      `--role: given '${role}'; this stack has ${[...Object.keys(passwords).sort(), "superuser"].join(", ")}. An ` +
        "elevation (elevated_<who>) is declared in database.elevations.",
    );
  return password;
}
