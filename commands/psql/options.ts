import { parseArgs } from "node:util";
import { isStackName } from "../../config/stack-name";
import { UsageError } from "../start/options";

export interface PsqlOptions {
  readonly stack: string;
  /** A role of the database, or `superuser`. */
  readonly role: string;
  /** @default the stack's database */
  readonly database?: string;
  /** The port on the engine's 127.0.0.1 of a tunnel; absent: psql itself. */
  readonly tunnel?: number;
  /** The stack's file, read for docker:host and the image of socat. @default Pulumi.<stack>.yaml, where there is one */
  readonly configFile?: string;
  /** What follows `--`: psql's own. */
  readonly args: readonly string[];
}

const LOWEST_PORT = 1024;
const HIGHEST_PORT = 65_535;

/** The options of `npm run psql`; undefined where help is asked for. @throws UsageError for anything else */
export function parsePsqlOptions(args: readonly string[]): PsqlOptions | undefined {
  const end = args.indexOf("--");
  const [own, rest] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const { values, positionals } = parse(own);
  if (values.help === true) return undefined;
  const [stack, ...more] = positionals;
  if (stack === undefined || more.length > 0) throw new UsageError("name one stack; psql's own arguments follow `--`");
  if (!isStackName(stack)) throw new UsageError(`'${stack}' is not a stack's name`);
  const role = values.role ?? "app_ro";
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(role))
    throw new UsageError(
      `--role: given '${role}'; allowed: app_ro, app_rw, migrator, monitor, backup, elevated_<who> or superuser`,
    );
  if (values.database !== undefined && !/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/.test(values.database))
    throw new UsageError(`--database: given '${values.database}'; allowed: a database's name`);
  const tunnel = values.tunnel === undefined ? undefined : port(values.tunnel);
  if (tunnel !== undefined && rest.length > 0)
    throw new UsageError("--tunnel starts no psql, so that nothing may follow `--`");
  if (tunnel !== undefined && role === "superuser")
    throw new UsageError(
      "--tunnel: the superuser is not taken from a tunnel (pg_hba.conf); leave --tunnel out, or declare an elevation",
    );
  return {
    stack,
    role,
    args: rest,
    ...(values.database === undefined ? {} : { database: values.database }),
    ...(tunnel === undefined ? {} : { tunnel }),
    ...(values["config-file"] === undefined ? {} : { configFile: values["config-file"] }),
  };
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < LOWEST_PORT || value > HIGHEST_PORT)
    throw new UsageError(`--tunnel: given '${text}'; allowed: a port from ${LOWEST_PORT} to ${HIGHEST_PORT}`);
  return value;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        role: { type: "string", short: "r" },
        database: { type: "string", short: "d" },
        tunnel: { type: "string" },
        "config-file": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
