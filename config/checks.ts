import { posix } from "node:path";
import { hasUrlCredentials, isSecretName, type FaultParams } from "./faults";
import type { Environment } from "./schema";

/** A check of one value: undefined when it holds, otherwise the parts of the fault. */
export type Check<T> = (value: T) => FaultParams | undefined;

/** Host paths that no container may mount, nor anything below them (seeds: Helvetia Cloud; CIS 5.6). */
export const FORBIDDEN_HOST_PATHS = [
  "/Users",
  "/Volumes",
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/home",
  "/lib",
  "/lib32",
  "/lib64",
  "/private",
  "/proc",
  "/root",
  "/run",
  "/sbin",
  "/sys",
  "/usr",
  "/var/lib/containerd",
  "/var/lib/docker",
  "/var/run",
] as const;

/**
 * Refuses a host mount of a forbidden path, of anything below one, and of anything above one (`/var` holds `/var/run`).
 * The path is normalised first, so that `/srv/../etc` and `//etc/` are what they are.
 */
export const hostPathCheck: Check<string> = (given) => {
  const allowed = `a directory of the host's own for this purpose, such as /srv/<application>; not ${["/", ...FORBIDDEN_HOST_PATHS].join(", ")} or a path within or above them`;
  const fix = "use a named volume (`name:` instead of `hostPath:`), or a directory under /srv";
  if (!given.startsWith("/") || /[\0:\\]/.test(given)) return { allowed: "an absolute path without colons or backslashes", fix };
  const path = posix.normalize(given.replace(/\/+/g, "/")).replace(/\/$/, "") || "/";
  const bad = path === "/" || FORBIDDEN_HOST_PATHS.some((root) => within(path, root) || within(root, path));
  if (bad || /docker\.sock$/i.test(path)) return { allowed, fix };
  return undefined;
};

const within = (path: string, root: string): boolean => path.toLowerCase() === root.toLowerCase() || path.toLowerCase().startsWith(`${root.toLowerCase()}/`);

/** Whether this variable's value is a list of origins or the application's public address. */
const isOriginName = (name: string): boolean => /(ORIGINS?|CORS(_\w+)?|APP_BASE_URL|PUBLIC_URL)$/i.test(name);

/** Origins: never a wildcard, and in production never plain http. */
export function originCheck(origin: string, environment: Environment): FaultParams | undefined {
  const fix = "list each origin in full, such as https://app.example.com";
  if (origin.includes("*")) return { given: JSON.stringify(origin), allowed: "exact origins; no wildcard", fix };
  if (origin.toLowerCase() === "null") return { given: JSON.stringify(origin), allowed: "exact origins; not null", fix };
  if (environment === "prod" && /^http:\/\//i.test(origin)) return { given: JSON.stringify(origin), allowed: "https origins in production", fix };
  return undefined;
}

/** A plain environment variable: no secret, no wildcard origin. */
export function environmentCheck(name: string, value: string, environment: Environment): FaultParams | undefined {
  if (isSecretName(name)) {
    return {
      given: `a plain value of ${value.length} characters (hidden)`,
      allowed: "secrets only under `secrets`; the environment is visible in docker inspect",
      fix: `move it to secrets.${name} ("generated", or { config: <key> } after \`pulumi config set --secret rampart:<key>\`)`,
    };
  }
  if (hasUrlCredentials(value) || /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value)) {
    return {
      given: "a value with credentials in it (hidden)",
      allowed: "values without credentials; the environment is visible in docker inspect",
      fix: `move it to secrets.${name}`,
    };
  }
  if (!isOriginName(name)) return undefined;
  for (const origin of value.split(/[\s,;]+/).filter((part) => part !== "")) {
    const fault = originCheck(origin, environment);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Names of secrets that sign something: shorter than this, they can be guessed offline (RFC 7518 section 3.2: 256 bits). */
const SIGNING_NAME = /(JWT|SESSION|SIGNING|COOKIE|SECRET_?KEY|APP_?KEY|ENCRYPTION)/i;
export const MIN_SIGNING_SECRET_LENGTH = 32;
export const MIN_SECRET_LENGTH = 8;

const PLACEHOLDER =
  /^(secret|password|changeme|example|test|todo|none|null|undefined|default|admin|letmein)|change[-_ ]?(me|this|it)|place[-_ ]?holder|replace[-_ ]?(me|this)|your[-_ ](own|jwt|secret|key|password|super)|fill[-_ ]?me|insert[-_ ]|<[^>]*>|\$\{|xxxx|dummy|set_in_secret_store|__review|super[-_ ]?secret|(.)\2{7}|0123456789|123456|abcdef/i;

export const isSigningName = (name: string): boolean => SIGNING_NAME.test(name);
export const minimumLength = (name: string): number => (isSigningName(name) ? MIN_SIGNING_SECRET_LENGTH : MIN_SECRET_LENGTH);

/** The value of a secret from the configuration: long enough, and not left at a placeholder. Its value is never shown. */
export function secretValueCheck(name: string, value: string): FaultParams | undefined {
  const minimum = minimumLength(name);
  if (looksLikePlaceholder(value)) {
    return {
      given: `a placeholder of ${value.length} characters (hidden)`,
      allowed: "a value that nobody can guess",
      fix: `use ${name}: generated, or set a value made by \`openssl rand -base64 48\``,
    };
  }
  if (value.length < minimum) {
    return {
      given: `a value of ${value.length} characters (hidden)`,
      allowed: `at least ${minimum} characters`,
      fix: `use ${name}: generated, or set a value made by \`openssl rand -base64 48\``,
    };
  }
  return undefined;
}

/** Whether a value is one that documentation or a template left behind, or has next to no variety. */
export function looksLikePlaceholder(value: string): boolean {
  return PLACEHOLDER.test(value) || (value.length > 0 && new Set(value).size < Math.min(5, value.length));
}

/** Host names in routes: lower case, no wildcard, and in production a name that a public CA can certify. */
export function hostCheck(host: string, environment: Environment): FaultParams | undefined {
  const fix = "give the full host name, such as app.example.com";
  const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
  if (host.length > 253 || !new RegExp(`^${label}(?:\\.${label})*$`).test(host)) {
    return { allowed: "a host name in lower case, without scheme, port, path or wildcard", fix };
  }
  if (environment !== "prod") return undefined;
  if (!host.includes(".") || /\.(localhost|local|internal|lan|test|invalid|home\.arpa)$/.test(host) || /^[0-9.]+$/.test(host)) {
    return { allowed: "a public host name in production, for which a CA can issue a certificate", fix };
  }
  return undefined;
}
