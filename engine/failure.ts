import { EngineError } from "./engine";
import { lastLines } from "./text";

export const notStarted = (error: NodeJS.ErrnoException): EngineError =>
  new EngineError(
    error.code === "ENOENT"
      ? "the Docker CLI (`docker`) is not installed here; Rampart needs it beside the Pulumi CLI. Install it, then " +
          "try again."
      : `the Docker CLI (\`docker\`) could not be started: ${error.message}`,
  );

/** A Docker command and how it ended. */
export interface Ended {
  readonly args: readonly string[];
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const REMEDIES: readonly (readonly [words: RegExp, remedy: string])[] = [
  [/permission denied while trying to connect/i, "Join the group that owns the engine's socket, and log in again."],
  [
    /cannot connect to the docker daemon|error during connect/i,
    "See that the engine runs, and that docker:host or DOCKER_HOST names it.",
  ],
  [/no space left on device/i, "Make room on the engine's disk, then try again."],
];

/** What the Docker CLI adds to an error of the engine's. */
const HELP = /^(Run|See) 'docker [^\n]*--help'[^\n]*$/gm;

/** Why commands failed, by the words of each one that did. */
export function reason(commands: readonly Ended[]): string {
  const failed = commands.filter(({ code }) => code !== 0);
  const said = failed
    .map(({ stderr, stdout }) => lastLines((stderr === "" ? stdout : stderr).replace(HELP, "")))
    .filter((words) => words !== "")
    .join("\n");
  const ends = failed.map(({ args, code }) => `\`docker ${args[0] ?? ""}\` ended with ${code}`).join(", ");
  if (said === "") return `${ends} and wrote no message, as when its container ends`;
  return [said, ...REMEDIES.filter(([words]) => words.test(said)).map(([, remedy]) => remedy)].join("\n");
}
