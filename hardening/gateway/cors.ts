/** Cross-origin access: the gateway answers preflights, and says on answers which origin may read them. */
import type { Cors } from "./route";
import { escaped, literal, quoted } from "./text";

/** Whether the request comes from a listed origin. */
function allowed({ allowedOrigins }: Cors): string {
  if (allowedOrigins.includes("*")) return "{ req.fhdr(origin) -m found }";
  return `{ req.fhdr(origin) -m reg ${quoted(`^(?:${allowedOrigins.map(escaped).join("|")})$`)} }`;
}

/** HAProxy takes no header without a value; where none is allowed, a preflight's answer has none. */
const list = (name: string, values: readonly string[]): string =>
  values.length === 0 ? "" : ` hdr ${name} ${literal(values.join(", "))}`;

/** Whether the request is a preflight, once `corsOrigin` has looked. */
export const PREFLIGHT = "{ var(txn.preflight) -m bool }";

/** Rules of a request before it is judged: the origin is remembered for the answer, which may be a refusal. */
export function corsOrigin(cors: Cors): string[] {
  return [
    `http-request set-var(txn.origin) req.fhdr(origin) if ${allowed(cors)}`,
    "http-request set-var(txn.preflight) bool(true) " +
      "if { method OPTIONS } { req.hdr(access-control-request-method) -m found }",
  ];
}

/** Rules of a request that is not refused: a preflight is answered here. */
export function corsPreflight({ allowedMethods, allowedHeaders, maxAgeSeconds }: Cors): string[] {
  return [
    "http-request return status 204" +
      list("Access-Control-Allow-Methods", allowedMethods) +
      list("Access-Control-Allow-Headers", allowedHeaders) +
      ` hdr Access-Control-Max-Age ${maxAgeSeconds} if ${PREFLIGHT} { var(txn.origin) -m found }`,
    // Nothing of the application's own: an origin that is not listed learns nothing.
    `http-request return status 204 if ${PREFLIGHT}`,
  ];
}

/** Rules of an answer, one of the gateway's own as well: a script can then read a refusal. */
export function corsResponse({ allowedOrigins, allowCredentials }: Cors): string[] {
  const known = "if { var(txn.origin) -m found }";
  const anybody = allowedOrigins.includes("*");
  return [
    // What the application says of origins; a preflight's answer is the gateway's own.
    `http-after-response del-header Access-Control- -m beg unless ${PREFLIGHT}`,
    `http-after-response set-header Access-Control-Allow-Origin ${anybody ? "*" : "%[var(txn.origin)]"} ${known}`,
    ...(allowCredentials ? [`http-after-response set-header Access-Control-Allow-Credentials true ${known}`] : []),
    ...(anybody ? [] : ["http-after-response add-header Vary Origin"]),
  ];
}
