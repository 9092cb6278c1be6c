import { defined } from "../../hardening/defined";
import { configFile } from "../shared/common-options";
import { wrongOption } from "../shared/errors";
import { stackName, type ValueOption } from "../shared/options";
import { DEFAULT_STACK, type WorkspaceOptions } from "../shared/workspace";

const STACK: ValueOption<string> = {
  value: "NAME",
  short: "s",
  summary: "the stack",
  default: DEFAULT_STACK,
  read: (given) => stackName("--stack", given),
};

export const OPTIONS = {
  stack: STACK,
  "config-file": configFile("the stack's file (default: the one of the last start, else Pulumi.<stack>.yaml)"),
} as const;

/** By how they are written. */
const OWN = { "--stack": "stack", "-s": "stack", "--config-file": "config-file" } as const;

/** Takes Rampart's two options out of what is passed on to Pulumi. @throws UserError where a value is missing */
export function splitPulumiArguments(args: readonly string[]): WorkspaceOptions & { readonly rest: readonly string[] } {
  const given: { stack?: string; "config-file"?: string } = {};
  const rest: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? "";
    // What follows `--` is the value of a configuration key, whatever it looks like.
    if (argument === "--") {
      rest.push(...args.slice(index));
      break;
    }
    const [name = "", ...parts] = argument.split("=");
    const key = Object.hasOwn(OWN, name) ? OWN[name as keyof typeof OWN] : undefined;
    if (key === undefined) {
      rest.push(argument);
      continue;
    }
    const value = parts.length > 0 ? parts.join("=") : args[(index += 1)];
    if (value === undefined) throw wrongOption({ option: name, allowed: `${name} ${OPTIONS[key].value}` });
    given[key] = value;
  }
  return {
    stack: stackName("--stack", given.stack ?? DEFAULT_STACK),
    rest,
    ...defined({ configFile: given["config-file"] }),
  };
}
