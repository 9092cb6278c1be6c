/**
 * Programs that tests run and that a machine may not have:
 * what needs one says so, and is counted as skipped without it.
 */
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** An ordinary user's PATH often lacks the places of an administrator's programs. */
const FURTHER = ["/usr/sbin", "/sbin"];

/** What test/e2e/images/build.sh built, a directory each. */
const built = join(homedir(), ".cache/rampart-e2e/programs");
/** The program of a package of Debian's, where the one on the PATH is a script of Perl around it. */
const debian = "/usr/lib/postgresql";
const psqls = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, "bin")) : [];
const BEFORE_OF: Readonly<Record<string, readonly string[]>> = { psql: psqls };
const builtOf = (part: string): readonly string[] =>
  existsSync(built)
    ? readdirSync(built)
        .filter((name) => name.includes(part))
        .map((name) => join(built, name))
    : [];
const FURTHER_OF: Readonly<Record<string, readonly string[]>> = {
  restic: builtOf("_restic_"),
  traefik: builtOf("_traefik_"),
};
/** A variable that names the program itself. */
const VARIABLES: Readonly<Record<string, string>> = { traefik: "TRAEFIK_BINARY" };

const runs = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Where a program is, or undefined if it is not installed. */
export function findProgram(program: string): string | undefined {
  const variable = VARIABLES[program];
  const named = variable === undefined ? undefined : process.env[variable];
  const directories = [
    ...(BEFORE_OF[program] ?? []),
    ...(process.env["PATH"] ?? "").split(delimiter),
    ...FURTHER,
    ...(FURTHER_OF[program] ?? []),
  ];
  return [named ?? "", ...directories.filter((path) => path !== "").map((path) => join(path, program))].find(
    (path) => path !== "" && runs(path),
  );
}

/** Why tests that need these programs cannot run; undefined if they can. */
export function skipReason(programs: readonly string[]): string | undefined {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return undefined;
  return `skipped: ${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not installed`;
}

type Describe = (name: string, body: () => void) => void;
type Test = (name: string, body: () => Promise<void> | void) => void;

/** Jest's `test`, as far as it is used here: its own type takes a body for one that is handed a callback. */
const run: Test = (name, body) => test(name, async () => body());
const skip =
  (reason: string): Test =>
  (name) =>
    test.skip(`${reason}: ${name}`, () => undefined);

/** `describe` where the programs are installed; elsewhere each of its tests is skipped, under the reason. */
export function describeWith(...programs: readonly string[]): Describe {
  const reason = skipReason(programs);
  return reason === undefined ? describe : (name, body) => describe.skip(`${reason}: ${name}`, body);
}

/** `test` where the programs are installed; elsewhere it is skipped, under the reason. */
export function testWith(...programs: readonly string[]): Test {
  const reason = skipReason(programs);
  return reason === undefined ? run : skip(reason);
}

/** `test` where `reason` is undefined; elsewhere it is skipped, under the reason: for what is no program. */
export function testUnless(reason: string | undefined): Test {
  return reason === undefined ? run : skip(`skipped: ${reason}`);
}
