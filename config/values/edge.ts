/** Host names, origins, headers and the addresses of a CA: what the edge is told. */
import { isIPv4, isIPv6 } from "node:net";
import type { Environment } from "../environment";
import type { FaultParams } from "../faults";
import { quote } from "../text";
import type { Check } from "./check";
import { isExampleHost } from "./examples";
import { hasReadableLabels, isHostName, isPublicHost } from "./hosts";
import { hasCredentials, isSecretName } from "./secret-shapes";

const ORIGIN_NAME = new RegExp(
  [
    String.raw`ORIGINS?(?:_(?:REGEX|PATTERNS?|LIST|WHITELIST|ALLOW_ALL))?$|(?:^|_)CORS(?:_\w+)?$|(?:^|_)(?:APP`,
    "BASE|CLIENT|EXTERNAL|FRONTEND|NEXTAUTH|PUBLIC|SITE|WEBSITE)_?(?:BASE_?)?URLS?$",
  ].join("|"),
  "i",
);

/** Whether this variable's value is a list of origins or the application's public address. */
export const isOriginName = (name: string): boolean => ORIGIN_NAME.test(name);

/** Origins: never a wildcard, and in production never plain http. */
export function originCheck(origin: string, environment: Environment): FaultParams | undefined {
  const fix = "list each origin in full, such as https://app.example.com";
  if (origin.includes("*")) return { given: quote(origin), allowed: "exact origins; no wildcard", fix };
  if (origin.toLowerCase() === "null") return { given: quote(origin), allowed: "exact origins; not null", fix };
  if (environment === "prod" && /^(?:http|ws):\/*/i.test(origin))
    return { given: quote(origin), allowed: "https origins in production", fix };
  if (/^https?:/i.test(origin) && !(/^https?:\/\/[^/]/i.test(origin) && URL.canParse(origin)))
    return {
      given: hasCredentials(origin) ? "an origin with a password in it (hidden)" : quote(origin),
      allowed: "scheme://host[:port]",
      fix,
    };
  return undefined;
}

/** The allowed origins of a route: as a browser sends them in `Origin`. */
export function corsOriginCheck(origin: string, environment: Environment): FaultParams | undefined {
  const fault = originCheck(origin, environment);
  if (fault !== undefined) return fault;
  if (isOrigin(origin)) return undefined;
  return {
    given: hasCredentials(origin) ? "an origin with a password in it (hidden)" : quote(origin),
    allowed: "scheme://host[:port] in lower case, as a browser sends it",
    fix: "leave user, path, trailing slash and a standard port (443, 80) out",
  };
}

/** Whether a browser would send exactly this: a port that is the scheme's own and a dot at the end are never sent. */
function isOrigin(text: string): boolean {
  if (text.length > 300 || !/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { origin, hostname, port } = new URL(text);
  const isHost = hostname.startsWith("[") || (isHostName(hostname) && hasReadableLabels(hostname));
  return origin === text && port !== "0" && isHost;
}

/** Host names in routes: lower case, no wildcard, and in production a name that a public CA can certify. */
export function hostCheck(host: string, environment: Environment): FaultParams | undefined {
  const fix = "give the full host name, such as app.example.com";
  if (!isHostName(host)) {
    return { allowed: "a host name in lower case, without scheme, port, path or wildcard", fix };
  }
  if (environment !== "prod" || isPublicHost(host) || isExampleHost(host)) return undefined;
  return { allowed: "a public host name in production, for which a CA can issue a certificate", fix };
}

/** A response header that a route sets. */
export const responseHeaderCheck: Check<string> = (name) => {
  if (isSecretHeader(name))
    return {
      allowed: "headers without a secret: every visitor reads them",
      fix: "remove it; a program that calls another sends its secrets in requests",
      given: quote(name),
    };
  if (/^access-control-/i.test(name))
    return {
      given: quote(name),
      allowed: "cross-origin access only under `cors`, with exact origins",
      fix: "use the route's cors",
    };
  if (/^(?:connection|content-length|host|keep-alive|set-cookie2?|te|trailer|transfer-encoding|upgrade)$/i.test(name)) {
    return {
      given: quote(name),
      allowed: "a header that is not part of the connection or of a session",
      fix: "remove it",
    };
  }
  return undefined;
};

/** Headers that carry a credential, of requests most of them: `X-Api-Key`, `Authorization`, `Cookie`. */
const isSecretHeader = (name: string): boolean =>
  name.length <= 100 &&
  (/^(?:proxy-)?authorization$|^cookie$/i.test(name) ||
    isSecretName(name.replaceAll("-", "_")) ||
    /secret/i.test(name));

/** The value of a response header that a route sets. */
export const headerValueCheck: Check<string> = (value) => {
  if (!/^[\x20-\x7e]{0,4096}$/.test(value))
    return {
      allowed: "printable ASCII on one line, at most 4096 characters",
      fix: "remove line breaks and other characters",
    };
  if (!hasCredentials(value)) return undefined;
  return {
    given: "a value with credentials in it (hidden)",
    allowed: "headers without a secret: every visitor reads them",
    fix: "remove it, and change the secret",
  };
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

/** A name of a certificate: a host's, or a wildcard. */
export const domainCheck: Check<string> = (value) =>
  isHostName(value.replace(/^\*\./, "")) && value.includes(".")
    ? undefined
    : {
        allowed: "a host name in lower case, or *. before one, for all names one level below",
        fix: "write it as app.example.com or *.example.com",
      };

/** A name server: an address with or without a port. */
export const resolverCheck: Check<string> = (value) => {
  const [, v6, v4, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(value) ?? [];
  const known = v6 === undefined ? isIPv4(v4 ?? "") || isHostName(v4 ?? "") : isIPv6(v6);
  if (known && Number(port ?? 53) >= 1 && Number(port ?? 53) <= 65_535) return undefined;
  return { allowed: "a name server: address:port, [IPv6 address]:port, or an address", fix: "write it as 9.9.9.9:53" };
};
