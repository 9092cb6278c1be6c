import { defined } from "../../hardening/defined";
import { parse, type Input, type Options, type StackUse, type Syntax } from "./options";
import { formOf, hinted, hintedError, type Meant } from "./hints";
import { text } from "./json";
import type { Printer } from "./output";

/** What runs a program, by the program's file. */
export type Programs = Readonly<Record<string, () => unknown>>;

/** What a command is given besides its command line. */
export interface Context {
  /** The directory of the Pulumi project, with Pulumi.yaml and the stacks' files. */
  readonly root: string;
  /** Where the user stands, from which a relative path counts. */
  readonly cwd: string;
  readonly print: Printer;
  readonly env: NodeJS.ProcessEnv;
  /** Pulumi programs that this process holds already, by their files. @default every program is loaded from its file */
  readonly programs?: Programs;
}

/** One command: its help is made from this, and nothing else. */
export interface Command extends Syntax {
  /** For the list of commands: one sentence without its full stop. */
  readonly summary: string;
  /** What it does, in sentences. A line that begins with a space stays as it is. */
  readonly about: string;
  /** Whether its arguments are another program's, whose usage is this text. @default Rampart reads all of them */
  readonly passesOn?: string;
  /** Gives the exit code. @throws UserError for what the user can mend */
  readonly run: (context: Context, args: readonly string[]) => Promise<number>;
}

export interface Definition<O extends Options, S extends StackUse> extends Syntax<O, S> {
  readonly summary: string;
  readonly about: string;
  readonly run: (context: Context, input: Input<O, S>) => Promise<number>;
}

/** Commands whose results are pages that commands of Pulumi's would widen. */
const PAGES: ReadonlySet<string> = new Set(["init", "plan", "report"]);

/** A command whose `run` gets its command line read and typed. What it prints names commands that work as printed. */
export const command = <const O extends Options, const S extends StackUse>(definition: Definition<O, S>): Command => ({
  ...definition,
  run: async (context, args) => {
    const input = parse(definition, args);
    const meant = meantBy(input);
    if (meant === undefined) return definition.run(context, input);
    const form = formOf(context.root, context.env, meant);
    try {
      return await definition.run(
        { ...context, print: hinted(context.print, form, !PAGES.has(definition.name)) },
        input,
      );
    } catch (error) {
      throw hintedError(error, form);
    }
  },
});

function meantBy({ stack, options }: Input): Meant | undefined {
  const named = stack ?? text(options["stack"]);
  return named === undefined ? undefined : { stack: named, ...defined({ configFile: text(options["config-file"]) }) };
}
