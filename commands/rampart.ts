import { resolve } from "node:path";
import { ConfigError } from "../config/faults";
import { EngineError } from "../engine/engine";
import { StackFileError } from "../plan/stack-file";
import { apparmor } from "./apparmor";
import { apparmorInstall } from "./apparmor-install";
import { backup } from "./backup";
import { backupRepair } from "./backup-repair";
import { clean } from "./clean";
import { doctor } from "./doctor";
import { init } from "./init";
import { plan } from "./plan";
import { psql } from "./psql";
import { pulumi } from "./pulumi";
import { report } from "./report";
import { respond } from "./respond";
import { restore } from "./restore";
import { restoreDrill } from "./restore-drill";
import { rollback } from "./rollback";
import type { Command, Context, Programs } from "./shared/command";
import { messageOf, usageError, UserError } from "./shared/errors";
import { helpOf, overview } from "./shared/help";
import { field } from "./shared/json";
import { nearest } from "../config/nearest";
import { standingPlace, takenByNpm } from "./shared/npm-run";
import { printer, type Printer } from "./shared/output";
import { ownVersion } from "./shared/own-version";
import { projectRoot } from "./shared/project";
import { scan } from "./scan";
import { seccompRecord } from "./seccomp-record";
import { start } from "./start";
import { status } from "./status";
import { trust } from "./trust";
import { updatePins } from "./update-pins";
import { upgradePostgres } from "./upgrade-postgres";
import { verify } from "./verify";

/** Every command, in the order in which a person meets them. */
export const COMMANDS: readonly Command[] = [
  start,
  init,
  plan,
  report,
  pulumi,
  status,
  verify,
  doctor,
  rollback,
  clean,
  updatePins,
  scan,
  respond,
  psql,
  backup,
  backupRepair,
  restore,
  restoreDrill,
  upgradePostgres,
  apparmor,
  apparmorInstall,
  seccompRecord,
  trust,
];

/** Runs one command line, and gives its exit code. @throws UserError for what the user can mend */
export async function run(context: Context, args: readonly string[]): Promise<number> {
  const { print } = context;
  const [name, ...rest] = joined(args);
  if (name === undefined) throw usageError("Name a command.", overview(COMMANDS, print.width).trimEnd());
  if (name === "--version") {
    print.result(ownVersion());
    return 0;
  }
  const asked = name === "help" || isHelp(name) ? joined(rest)[0] : name;
  if (asked === undefined) {
    print.result(overview(COMMANDS, print.width));
    return 0;
  }
  const command = find(asked);
  if (asked !== name || asksForHelp(command, rest)) {
    print.result(helpOf(command, print.width));
    return 0;
  }
  try {
    return await command.run(context, takenByNpm(command, rest, context.env));
  } catch (error) {
    if (error instanceof UserError && error.exitCode === 2) throw withHelp(error, asked);
    throw error;
  }
}

/** A wrong command line, and where to see the right ones. */
const withHelp = ({ message, hint }: UserError, command: string): UserError =>
  usageError(message, `${hint === undefined ? "" : `${hint}\n`}All options: \`npx rampart ${command} --help\`.`);

/** The words of a command's name as one argument: `backup repair`. */
function joined(args: readonly string[]): readonly string[] {
  const [first, second, ...rest] = args;
  const both = `${first} ${second}`;
  return COMMANDS.some(({ name }) => name === both) ? [both, ...rest] : args;
}

function find(name: string): Command {
  const found = COMMANDS.find((command) => command.name === name);
  if (found !== undefined) return found;
  const close = nearest(name, [...COMMANDS.map((command) => command.name), "help"]);
  const what = name.startsWith("-") ? "option" : "command";
  throw usageError(
    `Unknown ${what} '${name}'${close === undefined ? "" : `; did you mean '${close}'?`}`,
    "All commands: `npx rampart --help`.",
  );
}

const isHelp = (argument: string): boolean => argument === "--help" || argument === "-h";

/** Another program's arguments may hold a `--help` of its own. */
function asksForHelp(command: Command, args: readonly string[]): boolean {
  if (command.passesOn !== undefined) return isHelp(args[0] ?? "");
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some(isHelp);
}

/** Prints what went wrong, and gives the exit code. */
export function explain(error: unknown, print: Printer, env: NodeJS.ProcessEnv): number {
  if (error instanceof UserError) {
    print.error(error.message, error.hint);
    return error.exitCode;
  }
  if (error instanceof ConfigError || error instanceof EngineError) {
    print.error(error.message);
    return 1;
  }
  if (error instanceof StackFileError) {
    print.error(error.message);
    // Which file is the command line's business; what is in it is not.
    return error.faults.length > 0 ? 1 : 2;
  }
  // A program that reports to Pulumi's user throws this; it is known by its mark, as the SDK is not loaded here.
  if (field(error, "__pulumiRunError") === true) {
    print.error(messageOf(error));
    return 1;
  }
  const trace = env["RAMPART_DEBUG"] === "1" && error instanceof Error ? error.stack : undefined;
  print.error(
    `This is a fault of Rampart's: ${trace ?? messageOf(error)}`,
    trace === undefined
      ? "Please report it, with what RAMPART_DEBUG=1 in the environment adds to this message."
      : undefined,
  );
  return 1;
}

/**
 * The program: reads the process's arguments and sets its exit code.
 * @param programs Pulumi programs that came with it
 */
export function main(args: readonly string[], programs: Programs = {}): void {
  const { env, stdout, stderr } = process;
  const print = printer({ stdout, stderr, env });
  const context: Context = {
    root: projectRoot(resolve(__dirname, ".."), process.cwd()),
    cwd: standingPlace(args[0], env, process.cwd()),
    print,
    env,
    programs,
  };
  // The reader may have seen enough (`rampart plan prod | head`);
  // what the command does goes on to its end all the same.
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") process.exit(explain(error, print, env));
  });
  // A throw inside an apply has no caller to catch it.
  process.on("unhandledRejection", (error) => process.exit(explain(error, print, env)));
  run(context, args).then(
    (code) => (process.exitCode = code),
    (error: unknown) => (process.exitCode = explain(error, print, env)),
  );
}
