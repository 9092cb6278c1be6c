/** Host names, origins, headers and the addresses of a CA: what the edge is told. */
import { isIPv4, isIPv6 } from "node:net";
import type { Environment } from "../environment";
import type { FaultParams } from "../faults";
import { quote, type Check } from "./check";
import { hasCredentials } from "./secret-shapes";

/** Whether this variable's value is a list of origins or the application's public address. */
export const isOriginName = (name: string): boolean =>
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
      allowed: "cross-origin access only under `cors`, with exact origins",
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
