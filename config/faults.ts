import { printable, quote, shorten } from "./text";
import { hasCredentials, isSecretName } from "./values/secret-shapes";

/** One thing that is wrong with the configuration, as a person needs it to mend it. */
export interface Fault {
  /** The full key path, for example `rampart:services.api.image`. */
  readonly path: string;
  /** What was given; never a secret's value. */
  readonly given: string;
  /** What would have been accepted. */
  readonly allowed: string;
  /** What to do. */
  readonly fix: string;
}

/** What a custom zod issue carries in `params`, so that every fault has the same three parts. */
export interface FaultParams {
  readonly given?: string;
  readonly allowed: string;
  readonly fix: string;
}

/**
 * All faults of a stack's configuration in one error. It is thrown before any resource is registered, so nothing
 * has been touched when a user reads it.
 */
export class ConfigError extends Error {
  /** Each once, and without a character that nobody sees. */
  readonly faults: readonly Fault[];

  constructor(
    readonly stackName: string,
    faults: readonly Fault[],
  ) {
    const shown = distinct(faults.map(printableFault));
    super(formatFaults(stackName, shown));
    this.name = "ConfigError";
    this.faults = shown;
  }
}

const printableFault = ({ path, given, allowed, fix }: Fault): Fault => ({
  path: printable(path),
  given: printable(given),
  allowed: printable(allowed),
  fix: printable(fix),
});

const distinct = (faults: readonly Fault[]): Fault[] => [
  ...new Map(faults.map((fault) => [[fault.path, fault.given, fault.allowed].join("\n"), fault])).values(),
];

/** More than a person mends in one go. */
const MAX_SHOWN = 100;

export const formatFaults = (stack: string, faults: readonly Fault[]): string =>
  faultList(`${countOf(faults)} in the configuration of stack "${stack}"`, faults);

export const countOf = (faults: readonly Fault[]): string =>
  faults.length === 1 ? "1 fault" : `${faults.length} faults`;

/** Faults as a person reads them, below a line that says where they are. */
export function faultList(heading: string, faults: readonly Fault[]): string {
  const rest = faults.length > MAX_SHOWN ? [`  ... and ${faults.length - MAX_SHOWN} more`] : [];
  const blocks = faults
    .slice(0, MAX_SHOWN)
    .map(printableFault)
    .map((fault, index) =>
      [
        `  ${index + 1}. ${fault.path}`,
        `     given:   ${fault.given}`,
        `     allowed: ${fault.allowed}`,
        `     fix:     ${fault.fix}`,
      ].join("\n"),
    );
  return [`${printable(heading)}; nothing was changed.`, ...blocks, ...rest].join("\n\n");
}

/** Keys whose values programs are given: a text in the wrong place may hold a password like any other. */
const GIVEN_TO_PROGRAMS: readonly PropertyKey[] = [
  "command",
  "credentials",
  "entrypoint",
  "environment",
  "secretsInEnvironment",
];

/** JSON where text belongs: it may hold a secret under any of its keys. */
const STRUCTURE = /^\s{0,8}[{[]/;

const isGiven = (path: readonly PropertyKey[]): boolean =>
  path.slice(1).some((part) => GIVEN_TO_PROGRAMS.includes(part)) || (path[0] === "registries" && path.length > 1);

/** Shows a value in an error: short, quoted, and hidden where it could be a secret. */
export function showGiven(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) return "nothing";
  if (isSecretPlace(path))
    return typeof value === "string" ? `a value of ${value.length} characters (hidden)` : "a value (hidden)";
  if (typeof value === "string" && hasCredentials(value)) return "a value with credentials in it (hidden)";
  if (typeof value === "string" && (isGiven(path) || STRUCTURE.test(value)))
    return `a text of ${value.length} characters (hidden)`;
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value).slice(0, 20).map(keyName);
    return shorten(`an object with the keys ${keys.join(", ") || "(none)"}`);
  }
  return typeof value === "string" ? quote(value) : shorten(JSON.stringify(value) ?? typeof value);
}

/** Where a secret stands, or would if somebody wrote it there in place of the key that holds it. */
const isSecretPlace = (path: readonly PropertyKey[]): boolean =>
  path.some(
    (part) =>
      part === "secrets" ||
      (path[0] === "certificates" && (part === "hmac" || part === "key")) ||
      (typeof part === "string" && isSecretName(part)),
  );

/** `["services", "api", "routes", 0, "host"]` to `rampart:services.api.routes[0].host`. */
export function keyPath(path: readonly PropertyKey[]): string {
  const [head, ...rest] = path;
  return `rampart:${head === undefined ? "*" : keyName(String(head))}${pathTail(rest)}`;
}

/** `["api", "routes", 0]` to `.api.routes[0]`. */
export const pathTail = (parts: readonly PropertyKey[]): string =>
  parts
    .map((part) => {
      if (typeof part === "number") return `[${part}]`;
      const name = keyName(String(part));
      return name === String(part) ? `.${name}` : `[${name}]`;
    })
    .join("");

export const isPlainKey = (key: string): boolean => /^[\w-]{1,80}$/.test(key);

/** `NAME=value` in a key's place. */
const isAssignment = (key: string): boolean => key.includes("=");

/**
 * A key as a person may read it: what could move a terminal's cursor or fill its screen is quoted and cut,
 * a secret is hidden.
 */
export function keyName(key: string): string {
  if (isAssignment(key) || hasCredentials(key)) return `(a key of ${key.length} characters, hidden)`;
  return isPlainKey(key) ? key : quote(key);
}
