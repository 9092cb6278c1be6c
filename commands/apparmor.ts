/** Prints the AppArmor profiles, or writes them to a directory, for the host's administrator to load. */

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type AppArmorCommand, appArmorFiles, parseAppArmorArguments } from "../hardening/confinement/apparmor";

const USAGE = "Usage: npx tsx commands/apparmor.ts [--complain] [--out DIR]";
/** A profile is no secret, and the tools that list profiles read it as any user. */
const PROFILE_MODE = 0o644;

function write(directory: string, command: AppArmorCommand): void {
  mkdirSync(directory, { recursive: true });
  for (const { name, text } of appArmorFiles(command)) {
    const path = join(directory, name);
    writeFileSync(path, text);
    // Not by writeFileSync's own mode: the umask narrows that, and a file that exists keeps its old one.
    chmodSync(path, PROFILE_MODE);
    console.log(`wrote ${path}`);
  }
  console.log(`Load on the host as root, from the same directory: apparmor_parser -r ${join(directory, "rampart-*")}`);
}

/** The exit code: 0, 1 when writing failed, 2 for a wrong argument. */
export function main(args: readonly string[]): number {
  let command: AppArmorCommand;
  try {
    command = parseAppArmorArguments(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return 2;
  }
  if (command.out === undefined) {
    process.stdout.write(
      appArmorFiles(command)
        .map(({ text }) => text)
        .join("\n"),
    );
    return 0;
  }
  try {
    write(command.out, command);
    return 0;
  } catch (error) {
    console.error(
      `The profiles were not written to ${command.out}: ${error instanceof Error ? error.message : String(error)}`,
    );
    return 1;
  }
}

if (require.main === module) process.exitCode = main(process.argv.slice(2));
