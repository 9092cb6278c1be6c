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
  constructor(
    readonly stackName: string,
    readonly faults: readonly Fault[],
  ) {
    super(formatFaults(stackName, faults));
    this.name = "ConfigError";
  }
}

/** More than a person mends in one go. */
const MAX_SHOWN = 100;

export function formatFaults(stack: string, faults: readonly Fault[]): string {
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  const rest = faults.length > MAX_SHOWN ? [`  ... and ${faults.length - MAX_SHOWN} more`] : [];
  const blocks = faults
    .slice(0, MAX_SHOWN)
    .map((fault, index) =>
      [
        `  ${index + 1}. ${fault.path}`,
        `     given:   ${fault.given}`,
        `     allowed: ${fault.allowed}`,
        `     fix:     ${fault.fix}`,
      ].join("\n"),
    );
  return [`${count} in the configuration of stack "${stack}"; nothing was changed.`, ...blocks, ...rest].join("\n\n");
}

/** Shows a value in an error: short, quoted, and hidden where it could be a secret. */
export function showGiven(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) return "nothing";
  const hidden = path.some((part) => part === "secrets" || (typeof part === "string" && isSecretName(part)));
  if (hidden) return typeof value === "string" ? `a value of ${value.length} characters (hidden)` : "a value (hidden)";
  if (typeof value === "string" && hasCredentials(value)) return "a value with credentials in it (hidden)";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object" && value !== null)
    return shorten(`an object with the keys ${Object.keys(value).map(keyName).join(", ") || "(none)"}`);
  return shorten(JSON.stringify(value) ?? typeof value);
}

/** `["services", "api", "routes", 0, "host"]` to `rampart:services.api.routes[0].host`. */
export function keyPath(path: readonly PropertyKey[]): string {
  const [head, ...rest] = path;
  const tail = rest
    .map((part) =>
      typeof part === "number"
        ? `[${part}]`
        : isPlainKey(String(part))
          ? `.${String(part)}`
          : `[${keyName(String(part))}]`,
    )
    .join("");
  return `rampart:${head === undefined ? "*" : keyName(String(head))}${tail}`;
}

export const isPlainKey = (key: string): boolean => /^[\w-]{1,80}$/.test(key);

/** A key as a person may read it: what could move a terminal's cursor or fill its screen is quoted and cut. */
const keyName = (key: string): string => (isPlainKey(key) ? key : shorten(JSON.stringify(key)));

const shorten = (text: string): string => (text.length > 120 ? `${text.slice(0, 117)}...` : text);
