import { quoteWords } from "../../config/compose/words";
import type { SecretToSet } from "../../config/compose/convert";
import type { Environment } from "../../config/environment";
import type { Target } from "./write";

/** How many users of a secret a command's comment names. */
const MAX_USES = 4;

export interface CommandsArgs {
  readonly stack: string;
  readonly environment: Environment;
  readonly target: Target;
  readonly secrets: readonly SecretToSet[];
  readonly copies: readonly string[];
}

/** What to run next, in order: each line can be pasted into a shell. A stack of environment dev is `npm start`'s. */
export function commands({ stack, environment, target, secrets, copies }: CommandsArgs): string[] {
  const file = target.standard ? [] : ["--config-file", target.shown];
  const line = (...words: string[]): string => quoteWords(words);
  const set = ({ key, uses, weakness }: SecretToSet): string => {
    const own =
      environment === "dev"
        ? line(
            "npx",
            "rampart",
            "pulumi",
            "config",
            "set",
            "--secret",
            `rampart:${key}`,
            ...(stack === "dev" ? [] : ["--stack", stack]),
            ...file,
          )
        : line("pulumi", "config", "set", "--secret", `rampart:${key}`, "--stack", stack, ...file);
    const why = weakness === undefined ? "" : `; a new value: the compose file has ${weakness}`;
    const users =
      uses.length > MAX_USES
        ? `${uses.slice(0, MAX_USES).join(", ")} and ${uses.length - MAX_USES} more`
        : uses.join(", ");
    return `${own}  # ${users}${why}`;
  };
  const before = [
    ...copies,
    ...(environment === "dev" ? [] : [line("pulumi", "stack", "init", stack)]),
    ...secrets.map(set),
  ];
  const kept = secrets.length > 0 ? ["--config-file", `.rampart/Pulumi.${stack}.yaml`] : file;
  const after =
    environment === "dev"
      ? [
          line("npx", "rampart", "plan", stack, ...kept),
          line("npm", "start", ...(stack === "dev" && file.length === 0 ? [] : ["--", "--stack", stack, ...file])),
        ]
      : [line("npx", "rampart", "plan", stack, ...file), line("pulumi", "up", "--stack", stack, ...file)];
  return [...before, ...after].map((one) => `  ${one}`);
}
