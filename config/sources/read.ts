/** The secrets of a stack that other programs keep: each is read once, before anything is registered. */
import type { Fault, FaultParams } from "../faults";
import { keyPath } from "../faults";
import type { SecretFrom } from "../schema/secret-source";
import { secretValueCheck } from "../values/program";
import { commandOf, commandText, installHint, type CommandLine } from "./arguments";
import { runForSecret, type Reading } from "./run";

/** A secret that a program keeps, and where the stack's file says so. */
export interface SourcedSecret {
  /** The variable by which the secret is known. */
  readonly name: string;
  /** From the top of the configuration. */
  readonly path: readonly PropertyKey[];
  readonly from: SecretFrom;
  /** Whether somebody else issues it in a form of their own: then only that it is there counts. @default false */
  readonly anyForm?: boolean;
}

/** What a secret that could not be read is, where nothing is changed: nobody knows whether it is another one. */
export const UNKNOWN_SECRET = Symbol("a secret that only a deployment reads");

export type SourcedValue = string | typeof UNKNOWN_SECRET;

export interface SourcedSecrets {
  /** By `sourceId`. */
  readonly values: ReadonlyMap<string, SourcedValue>;
  readonly faults: readonly Fault[];
  /** For a preview: what could not be read because its program is not installed here. */
  readonly warnings: readonly string[];
}

/** Two services that name the same source share one reading. */
export const sourceId = (from: SecretFrom): string => JSON.stringify(commandOf(from));

/**
 * Reads each source, one after the other: some ask the person who deploys.
 * @param deploys Whether the values are about to be used; a preview does without one whose program is missing
 */
export function readSources(
  secrets: readonly SourcedSecret[],
  run: (command: CommandLine) => Reading,
  deploys: boolean,
): SourcedSecrets {
  const readings = new Map<string, Reading>();
  const values = new Map<string, SourcedValue>();
  const faults: Fault[] = [];
  const warnings: string[] = [];
  for (const secret of secrets) {
    const id = sourceId(secret.from);
    const reading = readings.get(id) ?? found(secret.from, run(commandOf(secret.from)));
    readings.set(id, reading);
    const path = keyPath(secret.path);
    if (reading.kind === "missing" && !deploys) {
      values.set(id, UNKNOWN_SECRET);
      warnings.push(
        `${path}: \`${commandOf(secret.from)[0]}\` is not installed here, so this preview cannot tell whether the ` +
          `secret has changed. To have it told, ${installHint(secret.from)}.`,
      );
      continue;
    }
    if (reading.kind === "value") values.set(id, reading.value);
    const fault = faultOf(secret, reading);
    if (fault !== undefined) faults.push({ path, given: shownCommand(secret.from), ...fault });
  }
  return { values, faults, warnings };
}

/** Infisical's older command line ends with 0 where there is no such secret. */
const found = (from: SecretFrom, reading: Reading): Reading =>
  "infisical" in from && reading.kind === "value" && reading.value === "*not found*"
    ? { kind: "failed", why: "found no such secret" }
    : reading;

/** Reads with the environment and from the directory of this process. */
export const readHere = (command: CommandLine): Reading =>
  runForSecret(command, { env: process.env, directory: process.cwd() });

const shownCommand = (from: SecretFrom): string => `\`${commandText(commandOf(from))}\``;

function faultOf({ name, from, anyForm = false }: SourcedSecret, reading: Reading): FaultParams | undefined {
  switch (reading.kind) {
    case "missing":
      return {
        given: `\`${commandOf(from)[0]}\`, which is not installed on this machine`,
        allowed: "a program that PATH, or the path in the stack's file, leads to",
        fix: `${installHint(from)}, then run the command again`,
      };
    case "failed":
      return {
        given: `${shownCommand(from)}, which ${reading.why}`,
        allowed: "a program that prints the secret, and ends with 0",
        fix: "run the command yourself, and see that you are logged in and that the secret is there",
      };
    case "value": {
      const fault = anyForm ? undefined : secretValueCheck(name, reading.value);
      if (fault === undefined) return undefined;
      const fix = `put a better value at its source, such as one that \`openssl rand -base64 48\` makes`;
      return { ...fault, given: `${shownCommand(from)}, which printed ${fault.given ?? "a value"}`, fix };
    }
    default: {
      const unknown: never = reading;
      throw new Error(`not a reading: ${JSON.stringify(unknown)}`);
    }
  }
}
