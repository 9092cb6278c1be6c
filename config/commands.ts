/**
 * Commands of Pulumi's in messages. A message says `pulumi up`, as whoever writes the message knows no more; here the
 * command gets the program, the stack and the file with which it works as printed.
 */
import { shellQuoted } from "../hardening/shell-word";

/** How a person runs Pulumi on a stack. */
export interface PulumiForm {
  /** `npx rampart pulumi` on the state of `npm start`. */
  readonly program: "pulumi" | "npx rampart pulumi";
  readonly stack: string;
  /** As the user names it. @default the stack's own, Pulumi.<stack>.yaml */
  readonly configFile?: string;
}

/** A command in backticks, and what it reads. */
const COMMAND = /`pulumi ((?:cancel|config|destroy|preview|refresh|stack|state|up)(?: [^`]*?)?)( < [^`]*)?`/g;

/** Those of Pulumi's commands that take `--config-file`; `npx rampart pulumi` takes it before any. */
const WITH_FILE = /^(?:config|destroy|preview|refresh|up)\b/;

/** `config set --secret rampart:key` as a whole command. */
export function pulumiCommandLine({ program, stack, configFile }: PulumiForm, args: string): string {
  const takesFile = configFile !== undefined && (program !== "pulumi" || WITH_FILE.test(args));
  return [
    program,
    args,
    ...(/ --stack[ =]/.test(args) ? [] : [`--stack ${printedWord(stack)}`]),
    ...(takesFile ? [`--config-file ${printedWord(configFile)}`] : []),
  ].join(" ");
}

/** A text whose commands of Pulumi's work as printed. */
export const withPulumiForm = (text: string, form: PulumiForm): string =>
  text.replaceAll(
    COMMAND,
    (_, args: string, from: string | undefined) => `\`${pulumiCommandLine(form, args)}${from ?? ""}\``,
  );

const printedWord = (text: string): string => (/^[\w./@:+-]+$/.test(text) ? text : shellQuoted(text));

/** The variable by which a command of Rampart's tells the program how it was started. */
export const FORM_VARIABLE = "RAMPART_PULUMI_FORM";

/** What stands in the variable. */
export const formVariable = (form: PulumiForm): string => JSON.stringify(form);

/** The form that the variable holds, else that of Pulumi's own CLI. */
export function formOfEnvironment(stack: string, env: NodeJS.ProcessEnv): PulumiForm {
  try {
    const { program, configFile } = JSON.parse(env[FORM_VARIABLE] ?? "{}") as Partial<PulumiForm>;
    if (program === "npx rampart pulumi")
      return { program, stack, ...(configFile === undefined ? {} : { configFile }) };
  } catch {
    // Somebody else's variable.
  }
  return { program: "pulumi", stack };
}
