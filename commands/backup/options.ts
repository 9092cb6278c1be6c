import { isAbsolute } from "node:path";
import { parseArgs } from "node:util";
import { isStackName } from "../../config/stack-name";
import { identifier } from "../../hardening/postgres/server/identifiers";
import { UsageError } from "../start/options";

/** What every command about backups takes. */
export interface BackupOptions {
  readonly stack: string;
  /** The stack's file, for `docker:host` and what a restored database has to hold to. @default Pulumi.<stack>.yaml, where it exists */
  readonly configFile?: string;
  readonly help: boolean;
  /** Which backup. @default the newest, where all are of one installation */
  readonly snapshot?: string;
}

/** Where a restore goes. */
export type Target =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "database"; readonly name: string }
  | { readonly kind: "live" };

export interface RestoreOptions extends BackupOptions {
  /** @default all that the backup holds */
  readonly database?: string;
  /** Absent: the backups are listed, and that is all. */
  readonly target?: Target;
  readonly confirm?: string;
}

const COMMON = {
  "config-file": { type: "string" },
  help: { type: "boolean", short: "h" },
  snapshot: { type: "string" },
} as const;

/** @throws UsageError */
export function parseBackupOptions(args: readonly string[]): BackupOptions {
  const { values, positionals } = parse(() => parseArgs({ args: [...args], allowPositionals: true, options: COMMON }));
  return common(values, positionals);
}

/** @throws UsageError */
export function parseRestoreOptions(args: readonly string[]): RestoreOptions {
  const { values, positionals } = parse(() =>
    parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...COMMON, database: { type: "string" }, to: { type: "string" }, confirm: { type: "string" } },
    }),
  );
  const { database, to, confirm } = values;
  const target = to === undefined ? undefined : parseTarget(to);
  if (target?.kind === "database" && database === undefined)
    throw new UsageError("--to database:<new name> takes one database: add --database <name>");
  return {
    ...common(values, positionals),
    ...(database === undefined ? {} : { database: named("--database", database) }),
    ...(target === undefined ? {} : { target }),
    ...(confirm === undefined ? {} : { confirm }),
  };
}

/** @throws UsageError for anything that is not one of the three */
export function parseTarget(to: string): Target {
  const [kind = "", ...rest] = to.split(":");
  const value = rest.join(":");
  if (to === "live") return { kind: "live" };
  if (kind === "directory" && isAbsolute(value)) return { kind, path: value };
  if (kind === "database" && value !== "") return { kind, name: named("--to database", value) };
  throw new UsageError(`--to ${to}: use live, database:<new name> or directory:<absolute path>`);
}

function common(
  values: { readonly "config-file"?: string; readonly help?: boolean; readonly snapshot?: string },
  positionals: readonly string[],
): BackupOptions {
  const [stack = "", ...rest] = positionals;
  const help = values.help === true;
  if (!help && (rest.length > 0 || !isStackName(stack)))
    throw new UsageError("one stack's name is wanted, such as prod");
  const { snapshot } = values;
  if (snapshot !== undefined && !/^(?:latest|[0-9a-f]{8,64})$/.test(snapshot))
    throw new UsageError(`--snapshot ${snapshot}: use latest, or at least 8 hex digits of an id`);
  return {
    stack,
    help,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(values["config-file"] === undefined ? {} : { configFile: values["config-file"] }),
  };
}

function named(option: string, value: string): string {
  try {
    return identifier(option, value);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
