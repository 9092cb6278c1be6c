import { parseArgs } from "node:util";
import { isStackName } from "../../config/stack-name";

/** What both commands take: which stack, and from which file. */
export interface Options {
  readonly stack: string;
  /** @default the file of the last start, else Pulumi.<stack>.yaml */
  readonly configFile?: string;
  readonly help: boolean;
}

/** A wrong command line. */
export class UsageError extends Error {}

const DEFAULT_STACK = "dev";

/** The options of `npm start`. @throws UsageError for anything else */
export function parseStartOptions(args: readonly string[]): Options {
  const { values } = parse(args);
  return options(values.stack, values["config-file"], values.help === true);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        "config-file": { type: "string" },
        stack: { type: "string", short: "s" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Takes the two options that are ours out of what `npm run pulumi` passes on. @throws UsageError where a value is missing */
export function splitPulumiArguments(args: readonly string[]): Options & { readonly rest: readonly string[] } {
  const given: { stack?: string; configFile?: string } = {};
  const rest: string[] = [];
  const keys = { "--stack": "stack", "-s": "stack", "--config-file": "configFile" } as const;
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? "";
    // What follows `--` is the value of a configuration key, whatever it looks like.
    if (argument === "--")
      return { ...options(given.stack, given.configFile, false), rest: [...rest, ...args.slice(index)] };
    const [name = "", ...parts] = argument.split("=");
    const key = Object.hasOwn(keys, name) ? keys[name as keyof typeof keys] : undefined;
    if (key === undefined) {
      rest.push(argument);
      continue;
    }
    const value = parts.length > 0 ? parts.join("=") : args[(index += 1)];
    if (value === undefined) throw new UsageError(`Option '${name}' needs a value`);
    given[key] = value;
  }
  return { ...options(given.stack, given.configFile, false), rest };
}

function options(stack = DEFAULT_STACK, configFile: string | undefined, help: boolean): Options {
  if (!isStackName(stack))
    throw new UsageError(
      `Stack '${stack}' is not a stack's name: use letters, digits, hyphens, underscores and periods`,
    );
  return { stack, help, ...(configFile === undefined ? {} : { configFile }) };
}
