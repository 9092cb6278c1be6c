/** What a command prints names commands of Pulumi's: here they get the stack, and the program that has its state. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { withPulumiForm, type PulumiForm } from "../../config/commands";
import { defined } from "../../hardening/defined";
import { UserError } from "./errors";
import type { Printer } from "./output";
import { statePaths } from "./state";

/** What of a command line says which stack is meant. */
export interface Meant {
  readonly stack: string;
  /** From where the user stands. @default the file of the last start, else Pulumi.<stack>.yaml */
  readonly configFile?: string;
}

/** How Pulumi is run on a stack: on the state of `npm start` where that has the stack. */
export function formOf(root: string, env: NodeJS.ProcessEnv, { stack, configFile }: Meant): PulumiForm {
  const started =
    env["PULUMI_BACKEND_URL"] === undefined && existsSync(join(statePaths(root).directory, `Pulumi.${stack}.yaml`));
  return { program: started ? "npx rampart pulumi" : "pulumi", stack, ...defined({ configFile }) };
}

/** For programs, and for a page whose columns are set: these stay as they are. */
const isForPrograms = (text: string): boolean => /^\s*[[{<]/.test(text);

/** A printer whose messages name commands that work as printed. @param results Whether results do, too */
export function hinted(print: Printer, form: PulumiForm, results: boolean): Printer {
  const say = (text: string): string => withPulumiForm(text, form);
  return {
    ...print,
    result: (text) => print.result(results && !isForPrograms(text) ? say(text) : text),
    progress: (text) => print.progress(say(text)),
    ok: (text) => print.ok(say(text)),
    missing: (text) => print.missing(say(text)),
    error: (message, hint) => print.error(say(message), hint === undefined ? undefined : say(hint)),
  };
}

/** The same error, whose message names commands that work as printed. */
export function hintedError(error: unknown, form: PulumiForm): unknown {
  if (error instanceof UserError)
    return new UserError(withPulumiForm(error.message, form), {
      exitCode: error.exitCode,
      ...defined({ hint: error.hint === undefined ? undefined : withPulumiForm(error.hint, form) }),
    });
  if (error instanceof Error) error.message = withPulumiForm(error.message, form);
  return error;
}
