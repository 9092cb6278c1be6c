/**
 * What holds for every request, whatever its route: who sent it, what it may say of itself, and which paths are
 * none.
 */
import { quoted } from "./text";

/** Headers by which applications believe to learn a client's address. Only a trusted proxy's are passed on. */
const ADDRESS_HEADERS = [
  "CF-Connecting-IP",
  "CF-Connecting-IPv6",
  "CF-Pseudo-IPv4",
  "Client-IP",
  "Fastly-Client-IP",
  "Forwarded",
  "Forwarded-For",
  "True-Client-IP",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "X-Originating-IP",
  "X-ProxyUser-IP",
  "X-Remote-Addr",
  "X-Remote-IP",
] as const;

/** Headers that make an application see another request than the edge saw, or another user. Nobody may send them. */
const OVERRIDING_HEADERS = [
  "Front-End-Https",
  "HTTP2-Settings",
  "Proxy",
  "Proxy-Connection",
  "Remote-Email",
  "Remote-Groups",
  "Remote-Name",
  "Remote-User",
  "X-Host",
  "X-HTTP-Host-Override",
  "X-HTTP-Method",
  "X-HTTP-Method-Override",
  "X-Method-Override",
  "X-Original-Host",
  "X-Original-URL",
  "X-Original-URI",
  "X-Rewrite-URL",
  "X-Scheme",
  "X-Url-Scheme",
] as const;

/** Beginnings of such names: `X-Forwarded-Prefix`, `X-Auth-Request-User`, `X-SSL-Client-Verify` and their likes. */
const OVERRIDING_PREFIXES = [
  "Ssl-Client-",
  "X-Auth-Request-",
  "X-Authentik-",
  "X-Client-Cert",
  "X-Client-Verify",
  "X-Envoy-",
  "X-Forwarded-",
  "X-Remote-User",
  "X-SSL-",
  "X-Webauth-",
] as const;

/**
 * Paths that the gateway and an application may read as two different ones: dots that leave a prefix, a parameter
 * behind a semicolon, a backslash, an encoded delimiter, an encoded control character, an encoding that is none.
 */
export const AMBIGUOUS_PATH =
  "(?:^|/)(?:\\.|%2[eE]){1,2}(?:/|$)|[;\\\\]|%(?:[01][0-9A-Fa-f]|2[35fF]|3[bBfF]|5[cC]|7[fF]|(?![0-9A-Fa-f]{2}))";

/** How many proxies in a row are looked through for the client's address. */
const PROXIES_IN_A_ROW = 4;

/** One client is an IPv4 address, or a /64 of IPv6, which a provider gives to one household or server. */
export const CLIENT = "src,ipmask(32,64)";

/**
 * The address of the client where trusted proxies stand in front: the last one in X-Forwarded-For that is not
 * theirs.
 */
function throughProxies(trustedProxies: readonly string[]): string[] {
  if (trustedProxies.length === 0) return [];
  const trusted = `{ src ${trustedProxies.join(" ")} }`;
  return [
    `http-request set-var(txn.trusted) bool(true) if ${trusted}`,
    ...Array.from(
      { length: PROXIES_IN_A_ROW },
      (_, index) =>
        `http-request set-src req.hdr_ip(x-forwarded-for,-${index + 1}) if ${trusted} ` +
        `{ req.hdr_ip(x-forwarded-for,-${index + 1}) -m found }`,
    ),
  ];
}

/**
 * Who sent the request, and what of it decides about its route. The path is compared as an application would read it:
 * decoded, and with slashes in a row as one.
 */
export function identify(scheme: "http" | "https", trustedProxies: readonly string[]): string[] {
  const ownId = trustedProxies.length === 0 ? "" : " if !{ var(txn.id) -m found }";
  return [
    ...throughProxies(trustedProxies),
    ...(trustedProxies.length === 0
      ? []
      : [
          "http-request set-var(txn.id) req.hdr(x-request-id) if { var(txn.trusted) -m bool } " +
            `{ req.hdr(x-request-id) -m reg ${quoted("^[A-Za-z0-9._-]{8,64}$")} }`,
        ]),
    `http-request set-var(txn.id) uuid()${ownId}`,
    `http-request set-var(txn.client) ${CLIENT}`,
    `http-request set-var(txn.scheme) str(${scheme})`,
    "http-request set-var(txn.method) method",
    "http-request set-var(txn.host) req.hdr(host),host_only,lower",
    "http-request set-var(txn.path) path",
    `http-request set-var(txn.read) path,url_dec,regsub(${quoted("/+")},/,g)`,
  ];
}

/** Headers go that no client may send, and those are set that an application may rely on. */
export function cleanHeaders(trustedProxies: readonly string[]): string[] {
  const unlessTrusted = trustedProxies.length === 0 ? "" : " unless { var(txn.trusted) -m bool }";
  return [
    ...ADDRESS_HEADERS.map((name) => `http-request del-header ${name}${unlessTrusted}`),
    ...OVERRIDING_HEADERS.map((name) => `http-request del-header ${name}`),
    ...OVERRIDING_PREFIXES.map((prefix) => `http-request del-header ${prefix} -m beg`),
    "http-request set-header X-Forwarded-For %[src]",
    "http-request set-header X-Forwarded-Host %[req.hdr(host)]",
    "http-request set-header X-Forwarded-Proto %[var(txn.scheme)]",
    "http-request set-header X-Real-IP %[src]",
    "http-request set-header X-Request-ID %[var(txn.id)]",
  ];
}
