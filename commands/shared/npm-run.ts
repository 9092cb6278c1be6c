import type { Command } from "./command";
import { usageError, type UserError } from "./errors";

/**
 * `npm run plan prod --config-file x` gives `--config-file x` to npm, which knows no such option and sets a variable.
 * The command would run without its option; so it is refused, with the form that works. Options that npm has too
 * (`--json`) cannot be told from npm's own.
 */
export function misreadByNpm({ name, options }: Command, env: NodeJS.ProcessEnv): UserError | undefined {
  if (env["npm_lifecycle_event"] !== name) return undefined;
  const taken = Object.keys(options).find(
    (option) => !NPM_OPTIONS.has(option) && env[`npm_config_${option.replaceAll("-", "_")}`] !== undefined,
  );
  if (taken === undefined) return undefined;
  const script = name === "start" ? "npm start" : `npm run ${name}`;
  return usageError(
    `npm took --${taken} for an option of its own`,
    `Put \`--\` before the arguments, \`${script} -- … --${taken} …\`, or run \`npx rampart ${name} … --${taken} …\`.`,
  );
}

/** Those of npm's own options that a command has too. */
const NPM_OPTIONS: ReadonlySet<string> = new Set(["json"]);
