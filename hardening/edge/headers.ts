/**
 * The security headers of every route, as data. The set is what the HTTP Observatory (mdn-http-observatory) scores A+.
 *
 * They are written as Traefik's `customResponseHeaders`, not as its `stsSeconds`, `frameDeny` … options: a custom
 * response header replaces what the application sent, an empty value deletes it, and all of them stand in one sorted
 * list.
 */

export interface SecurityHeader {
  readonly name: string;
  /** The value that is sent. Empty: the header is removed from the application's response. */
  readonly value: string;
  readonly why: string;
}

/**
 * A page may load only what its own origin serves, may not be framed, may not change its base URL and may post forms
 * only to itself. `default-src 'none'` (not `'self'`) so that a kind of resource that nobody thought of (frames,
 * objects, prefetch) is refused. No `unsafe-inline`: an application with inline scripts sends its own policy with
 * nonces (`fromApplication`) or gets a policy of its own.
 */
export const DEFAULT_CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "base-uri 'none'",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "img-src 'self'",
  "manifest-src 'self'",
  "media-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "worker-src 'self'",
].join("; ");

/** Every powerful browser feature off; a route that needs one sets the header itself. */
const PERMISSIONS_POLICY = [
  "accelerometer=()",
  "autoplay=()",
  "camera=()",
  "display-capture=()",
  "encrypted-media=()",
  "fullscreen=(self)",
  "geolocation=()",
  "gyroscope=()",
  "magnetometer=()",
  "microphone=()",
  "midi=()",
  "payment=()",
  "picture-in-picture=()",
  "publickey-credentials-get=(self)",
  "screen-wake-lock=()",
  "usb=()",
  "xr-spatial-tracking=()",
].join(", ");

export const SECURITY_HEADERS: readonly SecurityHeader[] = [
  {
    name: "Content-Security-Policy",
    value: DEFAULT_CONTENT_SECURITY_POLICY,
    why: "injected markup cannot load or send anything",
  },
  { name: "Cross-Origin-Embedder-Policy", value: "require-corp", why: "no foreign resource enters the page's process" },
  { name: "Cross-Origin-Opener-Policy", value: "same-origin", why: "no foreign window holds a handle to the page" },
  { name: "Cross-Origin-Resource-Policy", value: "same-origin", why: "no foreign page embeds the responses" },
  { name: "Permissions-Policy", value: PERMISSIONS_POLICY, why: "injected script gets no camera, location, payment …" },
  { name: "Referrer-Policy", value: "no-referrer", why: "paths and query parameters do not leak to other sites" },
  // The banner of the application's server: of use to nobody but an attacker.
  { name: "Server", value: "", why: "versions are not announced" },
  {
    // Harmless with a self-signed certificate: browsers ignore the header on a connection with a certificate error
    // (RFC 6797, 8.1), so `localhost` is not pinned to https. No `preload`: that is a promise for a whole domain,
    // hard to take back, and the domain owner's to make.
    name: "Strict-Transport-Security",
    value: "max-age=63072000; includeSubDomains",
    why: "browsers never try plain http again for two years",
  },
  { name: "X-Content-Type-Options", value: "nosniff", why: "an upload is not run as a script" },
  { name: "X-Frame-Options", value: "DENY", why: "frame-ancestors for old browsers" },
  { name: "X-Permitted-Cross-Domain-Policies", value: "none", why: "no Flash or PDF cross-domain policy file" },
  { name: "X-Powered-By", value: "", why: "frameworks are not announced" },
  // The old XSS filters opened holes of their own; the CSP does the work.
  { name: "X-XSS-Protection", value: "0", why: "the legacy filter is off" },
];

export interface HeaderOverrides {
  /** The route's own policy. @default DEFAULT_CONTENT_SECURITY_POLICY */
  readonly contentSecurityPolicy?: string;
  /** Response headers to set, or with an empty value to remove. Win over the default set. @default none */
  readonly extra?: Readonly<Record<string, string>>;
  /**
   * Headers of the default set that the edge leaves to the application, e.g. `Content-Security-Policy` when it sends
   * one with nonces. Sent only if the application sends them. @default none
   */
  readonly fromApplication?: readonly string[];
}

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** Visible ASCII and blanks: no line break can start another header. */
const HEADER_VALUE = /^[\x20-\x7e]*$/;

/** The response headers of a route: the default set, changed as the route asks. An empty value removes the header. */
export function responseHeaders(overrides: HeaderOverrides = {}): Record<string, string> {
  const headers = new Map(SECURITY_HEADERS.map(({ name, value }) => [name.toLowerCase(), { name, value }]));
  for (const name of overrides.fromApplication ?? []) {
    if (!headers.delete(name.toLowerCase())) {
      throw new Error(
        `headers.fromApplication: ${JSON.stringify(name)} is not a header that the edge sets; allowed: ` +
          `${SECURITY_HEADERS.map((header) => header.name).join(", ")}`,
      );
    }
  }
  const set = (name: string, value: string): void => {
    if (!HEADER_NAME.test(name)) throw new Error(`headers.extra: ${JSON.stringify(name)} is not a header name`);
    if (!HEADER_VALUE.test(value)) {
      throw new Error(`headers.${name}: the value must be one line of printable ASCII`);
    }
    headers.set(name.toLowerCase(), { name: headers.get(name.toLowerCase())?.name ?? name, value });
  };
  if (overrides.contentSecurityPolicy !== undefined) set("Content-Security-Policy", overrides.contentSecurityPolicy);
  for (const [name, value] of Object.entries(overrides.extra ?? {})) set(name, value);
  return Object.fromEntries([...headers.values()].map(({ name, value }) => [name, value]));
}
