import { isIPv4, isIPv6 } from "node:net";
import { posix } from "node:path";
import { identifier } from "../hardening/postgres/server/identifiers";
import type { FaultParams } from "./faults";
import { imageFault } from "./images";
import type { Environment } from "./schema";
import { hasCredentials, isSecretName, looksLikePlaceholder, minimumLength } from "./secret-shapes";

/** A check of one value: undefined when it holds, otherwise the parts of the fault. */
export type Check<T> = (value: T) => FaultParams | undefined;

/** Host paths that no container may mount, nor anything below them (seeds: Helvetia Cloud; CIS 5.6). */
export const FORBIDDEN_HOST_PATHS = [
  "/Applications",
  "/Library",
  "/System",
  "/Users",
  "/Volumes",
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/home",
  "/host_mnt",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/private",
  "/proc",
  "/root",
  "/run",
  "/sbin",
  "/snap",
  "/sys",
  "/usr",
  "/var/lib/containerd",
  "/var/lib/containers",
  "/var/lib/docker",
  "/var/lib/kubelet",
  "/var/run",
  "/var/snap",
  "/var/spool/cron",
] as const;

/** Directories in which tools keep keys, wherever they are. */
const KEY_DIRECTORIES = /\/\.(?:aws|azure|docker|gnupg|kube|pulumi|ssh)(?:\/|$)/i;
const PLAIN_PATH = /^\/[A-Za-z0-9._\-+@/]*$/;

/**
 * Refuses a host mount of a forbidden path, of anything below one, and of anything above one (`/var` holds `/var/run`).
 * The path is normalised first, so that `/srv/../etc` and `//etc/` are what they are, and compared without regard to
 * case: macOS and Windows have none.
 */
export const hostPathCheck: Check<string> = (given) => {
  const allowed = `a directory of the host's own for this purpose, such as /srv/<application>; not ${["/", ...FORBIDDEN_HOST_PATHS].join(", ")} or a path within or above them`;
  const fix = "use a named volume (`name:` instead of `hostPath:`), or a directory under /srv";
  if (!PLAIN_PATH.test(given)) return { allowed: "an absolute path of letters, digits and . _ - + @", fix };
  const path = normalPath(given);
  const bad = path === "/" || FORBIDDEN_HOST_PATHS.some((root) => within(path, root) || within(root, path));
  if (bad) return { allowed, fix };
  if (/\.sock(?:\/|$)/i.test(path))
    return {
      allowed: "no socket: the Docker API is reached through `dockerApi` alone",
      fix: "remove it, and list what the service calls under dockerApi",
    };
  if (/^\/[a-z](?:\/|$)/i.test(path)) return { allowed: "no drive of a Windows host", fix };
  if (KEY_DIRECTORIES.test(path)) return { allowed: "no directory in which tools keep keys", fix };
  // The engine reads it back in its normal form, and every preview would show a change.
  if (path !== given) return { allowed: "a path in its normal form", fix: `write it as ${path}` };
  return undefined;
};

const normalPath = (path: string): string => posix.normalize(path.replace(/\/+/g, "/")).replace(/\/$/, "") || "/";

const within = (path: string, root: string): boolean =>
  path.toLowerCase() === root.toLowerCase() || path.toLowerCase().startsWith(`${root.toLowerCase()}/`);

/** Where a volume or a tmpfs may be mounted: never over what the kernel or Rampart put there. */
export const containerPathCheck: Check<string> = (given) => {
  if (
    PLAIN_PATH.test(given) &&
    given !== "/" &&
    normalPath(given) === given &&
    !/^\/(?:proc|sys|dev|run\/secrets|var\/run)(?:\/|$)|\.sock(?:\/|$)/.test(given)
  )
    return undefined;
  return {
    allowed:
      "an absolute path in the container in its normal form; not /, nor in /proc, /sys, /dev, /var/run or /run/secrets, nor a socket",
    fix: "choose another path",
  };
};

/** Pinned by tag and digest. */
export const imageCheck: Check<string> = (given) => {
  const fault = imageFault(given);
  if (fault === undefined) return undefined;
  const name = given.split("@")[0] ?? "";
  const plain = !hasCredentials(given) && /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,200}$/.test(name) ? name : "<repo>:<tag>";
  return {
    given: hasCredentials(given) ? "a reference with a password in it (hidden)" : `${quote(given)} (${fault})`,
    allowed: "repo:tag@sha256:<64 hex digits>, with a tag other than latest",
    fix: `look the digest up with \`docker buildx imagetools inspect ${plain}\` and append it`,
  };
};

/** A value in an error: on one line, and short. */
export const quote = (value: string): string => {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
};

/** Whether this variable's value is a list of origins or the application's public address. */
const isOriginName = (name: string): boolean =>
  /ORIGINS?(?:_(?:REGEX|PATTERNS?|LIST|WHITELIST|ALLOW_ALL))?$|(?:^|_)CORS(?:_\w+)?$|(?:^|_)(?:APP|BASE|CLIENT|EXTERNAL|FRONTEND|NEXTAUTH|PUBLIC|SITE|WEBSITE)_?(?:BASE_?)?URLS?$/i.test(
    name,
  );

/** Origins: never a wildcard, and in production never plain http. */
export function originCheck(origin: string, environment: Environment): FaultParams | undefined {
  const fix = "list each origin in full, such as https://app.example.com";
  if (origin.includes("*")) return { given: quote(origin), allowed: "exact origins; no wildcard", fix };
  if (origin.toLowerCase() === "null") return { given: quote(origin), allowed: "exact origins; not null", fix };
  if (environment === "prod" && /^(?:http|ws):\/*/i.test(origin))
    return { given: quote(origin), allowed: "https origins in production", fix };
  return undefined;
}

/** The allowed origins of a route: as a browser sends them in `Origin`. */
export function corsOriginCheck(origin: string, environment: Environment): FaultParams | undefined {
  const fault = originCheck(origin, environment);
  if (fault !== undefined) return fault;
  const match = /^https?:\/\/(?!-)[a-z0-9.-]+(?<![.-])(?::(\d{1,5}))?$/.exec(origin);
  if (match !== null && Number(match[1] ?? 443) <= 65_535 && match[1] !== "0") return undefined;
  return {
    given: hasCredentials(origin) ? "an origin with a password in it (hidden)" : quote(origin),
    allowed: "scheme://host[:port] in lower case, as a browser sends it",
    fix: "leave user, path and trailing slash out",
  };
}

/** A plain environment variable: no secret, no wildcard origin. */
export function environmentCheck(name: string, value: string, environment: Environment): FaultParams | undefined {
  // `REQUIRE_PASSWORD: true` is a switch.
  if (isSecretName(name) && !/^(?:true|false|yes|no|on|off)$/i.test(value)) {
    return {
      given: `a plain value of ${value.length} characters (hidden)`,
      allowed: "secrets only under `secrets`; the environment is visible in docker inspect",
      fix: `move it to secrets.${name} ("generated", or { config: <key> } after \`pulumi config set --secret rampart:<key>\`)`,
    };
  }
  if (hasCredentials(value)) {
    return {
      given: "a value with credentials in it (hidden)",
      allowed: "values without credentials; the environment is visible in docker inspect",
      fix: `move it to secrets.${name}`,
    };
  }
  if (value.includes("\0"))
    return { given: "a value with a NUL character in it", allowed: "text without NUL characters", fix: "remove it" };
  if (!isOriginName(name)) return undefined;
  if (/ALLOW_?ALL|ALL_?ORIGINS/i.test(name) && /^(?:true|yes|on|1)$/i.test(value)) {
    return {
      given: quote(value),
      allowed: "exact origins; no wildcard",
      fix: "list each origin in full, such as https://app.example.com",
    };
  }
  // Lists are written with commas, blanks, or as JSON.
  for (const origin of value.split(/[\s,;|"'[\]]+/).filter((part) => part !== "")) {
    const fault = originCheck(origin, environment);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** One word of a command line: `docker inspect` shows it, as it does the environment. */
export const argumentCheck: Check<string> = (value) => {
  if (value.includes("\0"))
    return {
      given: "an argument with a NUL character in it",
      allowed: "text without NUL characters",
      fix: "remove it",
    };
  if (!hasCredentials(value)) return undefined;
  return {
    given: "an argument with credentials in it (hidden)",
    allowed: "arguments without credentials; they are visible in docker inspect",
    fix: "put it under `secrets` and have the program read <NAME>_FILE",
  };
};

/** The value of a secret from the configuration: long enough, and not left at a placeholder. Its value is never shown. */
export function secretValueCheck(name: string, value: string): FaultParams | undefined {
  const minimum = minimumLength(name);
  const length = value.trim().length;
  const fix = `use ${name}: generated, or set a value made by \`openssl rand -base64 48\``;
  if (looksLikePlaceholder(value.trim()))
    return { given: `a placeholder of ${length} characters (hidden)`, allowed: "a value that nobody can guess", fix };
  if (length < minimum)
    return { given: `a value of ${length} characters (hidden)`, allowed: `at least ${minimum} characters`, fix };
  return undefined;
}

/** Names for private use, for which no public CA issues a certificate. */
const PRIVATE_HOST =
  /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|lan|corp|home|private|test|invalid|home\.arpa|onion)$/;

/** Whether a public CA can certify the name. */
export const isPublicHost = (host: string): boolean =>
  host.includes(".") && !PRIVATE_HOST.test(host) && !/^[0-9.]+$/.test(host);

/** Host names in routes: lower case, no wildcard, and in production a name that a public CA can certify. */
export function hostCheck(host: string, environment: Environment): FaultParams | undefined {
  const fix = "give the full host name, such as app.example.com";
  const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
  if (host.length > 253 || !new RegExp(`^${label}(?:\\.${label})*$`).test(host)) {
    return { allowed: "a host name in lower case, without scheme, port, path or wildcard", fix };
  }
  if (environment !== "prod" || isPublicHost(host)) return undefined;
  return { allowed: "a public host name in production, for which a CA can issue a certificate", fix };
}

/** A response header that a route sets. */
export const responseHeaderCheck: Check<string> = (name) => {
  if (/^access-control-/i.test(name))
    return {
      given: quote(name),
      allowed: "cross-origin access under `cors` alone, with exact origins",
      fix: "use the route's cors",
    };
  if (/^(?:connection|content-length|host|keep-alive|set-cookie|te|trailer|transfer-encoding|upgrade)$/i.test(name)) {
    return {
      given: quote(name),
      allowed: "a header that is not part of the connection or of a session",
      fix: "remove it",
    };
  }
  return undefined;
};

/** A CA that browsers do not trust, by the words that CAs name their test directories with. */
export const isStagingDirectory = (url: URL): boolean =>
  /^(?:localhost|127\..*|\[::1\])$/.test(url.hostname) ||
  /(?:^|[./-])(?:pebble|sandbox|staging|test\d*|testing)(?:[./-]|$)/i.test(`${url.hostname}${url.pathname}`);

/** The URL of an ACME directory. */
export function parseDirectory(text: string): URL | undefined {
  if (/\s/.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === "https:" && url.username === "" && url.password === "" ? url : undefined;
}

/** `uid:gid`, both numeric, neither root's nor beyond what a kernel takes. */
export const userCheck: Check<string> = (given) => {
  const ids = /^([1-9]\d{0,9}):([1-9]\d{0,9})$/.exec(given)?.slice(1).map(Number);
  if (ids !== undefined && ids.every((id) => id <= 2_147_483_647)) return undefined;
  return {
    allowed: "uid:gid, both numeric and neither 0; or { root: <reason> }",
    fix: "use a numeric user of the image, such as 1000:1000",
  };
};

/** A /16 for the stack's networks. */
export const poolCheck: Check<string> = (given) => {
  const [address = "", bits] = given.split("/");
  const private16 =
    bits === "16" && isIPv4(address) && /^(?:10\.\d+|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.0\.0$/.test(address);
  if (private16 && address !== "172.17.0.0") return undefined;
  return {
    allowed: "a private /16, such as 10.201.0.0/16, other than the engine's own 172.17.0.0/16",
    fix: "choose a /16 that nothing else on the host uses",
  };
};

/** A database's or a schema's name. */
export const identifierCheck: Check<string> = (given) => {
  const allowed = "a lower-case SQL identifier that PostgreSQL does not reserve";
  if (/^(?:postgres|template[01]|information_schema)$/.test(given)) return { allowed, fix: "rename it" };
  try {
    identifier("name", given);
    return undefined;
  } catch {
    return { allowed, fix: "rename it" };
  }
};

/** A proxy that is believed: one address or a subnet, and never everyone. */
export const trustedProxyCheck: Check<string> = (value) => {
  const [address = "", bits, ...rest] = value.split("/");
  const longest = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  const length = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (longest !== 0 && rest.length === 0 && length >= 8 && length <= longest) return undefined;
  return {
    allowed: "an address, or a subnet of at least 8 bits such as 10.0.0.0/24",
    fix: "list the addresses of your own load balancers",
  };
};
