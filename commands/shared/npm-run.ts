import type { Command } from "./command";
import { usageError } from "./errors";

type Script = Pick<Command, "name" | "options">;

/**
 * `npm run plan prod --config-file x` gives `--config-file` to npm, which knows no such option: npm sets a variable,
 * and passes `x` on as an argument (`--config-file=x` it keeps whole). Here the option is put together again.
 *
 * Only for a command that changes nothing. Elsewhere a command line that was taken apart is refused, with the form that
 * works. Options that npm has too (`--json`, `--yes`, and others) may stand in a .npmrc:
 * they cannot be told from npm's own.
 * @param args what npm passed on
 * @returns the arguments as the user meant them
 * @throws UserError where options are missing, and it cannot be told which value is whose
 */
export function takenByNpm(script: Script, args: readonly string[], env: NodeJS.ProcessEnv): readonly string[] {
  const { name, options } = script;
  // `npm run backup repair` is the script `backup`.
  if (env["npm_lifecycle_event"] !== name.split(" ")[0]) return args;
  const taken = Object.entries(options).flatMap(([option, definition]) => {
    const value = NPM_OPTIONS.has(option) ? undefined : env[`npm_config_${option.replaceAll("-", "_")}`];
    return value === undefined ? [] : [{ option, value, apart: "value" in definition && value === "true" }];
  });
  const [first] = taken;
  if (first === undefined) return args;
  const [stack, value, ...more] = args;
  const missing = taken.filter(({ apart }) => apart).length;
  // One value is the argument after the stack's; of two nobody knows whose is whose.
  if (!READ_ONLY.has(name) || stack === undefined || missing > 1 || more.length > 0 || missing !== args.length - 1)
    throw refusal(name, first.option);
  const whole = ({ option, value: kept, apart }: (typeof taken)[number]): string => {
    if (apart) return `--${option}=${value ?? ""}`;
    return kept === "true" ? `--${option}` : `--${option}=${kept}`;
  };
  return [stack, ...taken.map(whole)];
}

function refusal(name: string, option: string): Error {
  const script = name === "start" ? "npm start" : `npm run ${name}`;
  return usageError(
    `npm took --${option} for an option of its own`,
    `Put \`--\` before the arguments, \`${script} -- … --${option} …\`, ` +
      `or run \`npx rampart ${name} … --${option} …\`.`,
  );
}

/** Commands that only read: a misunderstanding costs nothing there. */
const READ_ONLY: ReadonlySet<string> = new Set(["plan"]);

/** Those of npm's own options that a command has too. */
const NPM_OPTIONS: ReadonlySet<string> = new Set(["force", "json", "offline", "verbose", "yes"]);

/**
 * Where the user stands. npm runs a script in the package's directory, and says where it was called.
 * @param command the command's name, which is its script's: a script of the user's own counts from the package
 */
export const standingPlace = (command: string | undefined, env: NodeJS.ProcessEnv, cwd: string): string =>
  command !== undefined && env["npm_lifecycle_event"] === command ? (env["INIT_CWD"] ?? cwd) : cwd;
