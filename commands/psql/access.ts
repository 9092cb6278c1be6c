import { existsSync } from "node:fs";
import { defined } from "../../hardening/defined";
import { UserError } from "../shared/errors";
import { field, parseJson, text } from "../shared/json";
import { capture, findProgram } from "../shared/run";
import { pulumiEnvironment, stackStateFile, statePaths } from "../shared/state";

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

/** Where the state is: with `npm start`, or where PULUMI_BACKEND_URL and the login say. */
export function stateEnvironment(
  root: string,
  project: string,
  stack: string,
  env: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const paths = statePaths(root);
  const own = env["PULUMI_BACKEND_URL"] === undefined && existsSync(stackStateFile(paths, project, stack));
  return own ? pulumiEnvironment(env, paths, stack) : env;
}

/** Reads a stack's outputs with the Pulumi CLI. @throws UserError when there are none */
export async function readAccess(root: string, project: string, stack: string): Promise<DatabaseAccess> {
  const pulumi = findProgram("pulumi", process.env);
  if (pulumi === undefined)
    throw new UserError("The Pulumi CLI (`pulumi`) is not installed here, and only it can open the stack's passwords.");
  const env = stateEnvironment(root, project, stack, process.env);
  const result = await capture(
    pulumi,
    ["--non-interactive", "--cwd", root, "stack", "output", "--json", "--show-secrets", "--stack", stack],
    env,
    120,
  );
  if (result.code !== 0)
    throw new UserError(`The outputs of stack ${stack} could not be read: ${result.stderr.trim()}`);
  return accessOf(stack, parseJson(result.stdout));
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

/** A line of a password file (.pgpass), where `:` and `\` are escaped. */
export function passwordLine(role: string, password: string): string {
  const escaped = password.replace(/[\\:]/g, (character) => `\\${character}`);
  return `*:*:*:${role}:${escaped}\n`;
}
