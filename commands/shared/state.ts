import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { defined } from "../../hardening/defined";
import { UserError } from "./errors";
import { field } from "./json";

const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;
const PASSPHRASE_BYTES = 32;

/** Where `npm start` keeps what must outlive it; all of it is git-ignored. */
export interface StatePaths {
  readonly directory: string;
  /** Pulumi's file backend. */
  readonly backend: string;
  /** The one key to every secret in the backend. */
  readonly passphrase: string;
}

export function statePaths(root: string): StatePaths {
  const directory = join(root, ".rampart");
  return { directory, backend: join(directory, "state"), passphrase: join(directory, "passphrase") };
}

/** The file that holds a stack's state in Pulumi's file backend. */
export const stackStateFile = (paths: StatePaths, project: string, stack: string): string =>
  join(paths.backend, ".pulumi", "stacks", project, `${stack}.json`);

/** Where Pulumi's file backend keeps the locks of a stack. */
export const lockDirectory = (paths: StatePaths, project: string, stack: string): string =>
  join(paths.backend, ".pulumi", "locks", "organization", project, stack);

/** A stack's state as text; empty where there is none. */
export function readState(paths: StatePaths, project: string, stack: string): string {
  const file = stackStateFile(paths, project, stack);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/**
 * Makes the directory and the passphrase if they are not there. A passphrase that exists is never written.
 * @returns whether the passphrase was made now
 * @throws UserError when the passphrase is lost or empty: another one could not open the state
 */
export function prepareState(paths: StatePaths): { readonly created: boolean } {
  for (const directory of [paths.directory, paths.backend]) makePrivateDirectory(directory);
  if (existsSync(paths.passphrase)) {
    if (readFileSync(paths.passphrase, "utf8").trim() === "") {
      throw new UserError(
        `${paths.passphrase} is empty: put the passphrase of the state in ${paths.backend} back into it, or remove ` +
          "both to start over.",
      );
    }
    if (othersMay(paths.passphrase)) chmodSync(paths.passphrase, PRIVATE_FILE);
    return { created: false };
  }
  if (hasStacks(paths)) {
    throw new UserError(
      `${paths.passphrase} is gone, and only it opens the state in ${paths.backend}: put it back from your backup, ` +
        "or remove that directory and what it deployed to start over.",
    );
  }
  return { created: createPassphrase(paths.passphrase) };
}

/**
 * Written aside and then linked: a link is never made over a file that exists, and the file is whole from its first
 * moment.
 */
function createPassphrase(path: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${randomBytes(PASSPHRASE_BYTES).toString("base64url")}\n`, { mode: PRIVATE_FILE, flag: "wx" });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    // Another start was quicker: its passphrase holds.
    if (field(error, "code") === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Makes a directory that only its owner may enter. */
export function makePrivateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: PRIVATE_DIRECTORY });
  if (othersMay(path)) chmodSync(path, PRIVATE_DIRECTORY);
}

// Windows has no such modes: there the user's profile keeps others out.
const othersMay = (path: string): boolean => process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0;

function hasStacks(paths: StatePaths): boolean {
  const stacks = join(paths.backend, ".pulumi", "stacks");
  return existsSync(stacks) && readdirSync(stacks, { recursive: true }).some((name) => String(name).endsWith(".json"));
}

/**
 * The environment in which Pulumi finds this state and this stack. It reads every option from PULUMI_OPTION_… too, so
 * that a command which has no such option, as `stack output` has no `--config-file`, does not mind it.
 */
export function pulumiEnvironment(
  base: NodeJS.ProcessEnv,
  paths: StatePaths,
  stack: string,
  configFile?: string,
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    ...base,
    PULUMI_BACKEND_URL: backendUrl(paths.backend),
    PULUMI_CONFIG_PASSPHRASE_FILE: paths.passphrase,
    PULUMI_STACK: stack,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...defined({ PULUMI_OPTION_CONFIG_FILE: configFile }),
  };
  // Each of these would win over what is set above, or change the state's form.
  for (const name of ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_OPTION_STACK", "PULUMI_DIY_BACKEND_GZIP"]) delete env[name];
  return env;
}

const backendUrl = (directory: string): string =>
  directory.startsWith("/") ? `file://${directory}` : `file:///${directory.replaceAll("\\", "/")}`;

export function writePrivateFile(path: string, content: string): void {
  writeFileSync(path, content, { mode: PRIVATE_FILE });
  if (othersMay(path)) chmodSync(path, PRIVATE_FILE);
}
