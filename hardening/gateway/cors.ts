/** Cross-origin access: the gateway answers preflights, and says on answers which origin may read them. */
import type { Cors } from "./route";
import { escaped, literal, quoted } from "./text";

/** Whether the request comes from a listed origin. */
function allowed({ allowedOrigins }: Cors): string {
  if (allowedOrigins.includes("*")) return "{ req.hdr(origin) -m found }";
  return `{ req.hdr(origin) -m reg ${quoted(`^(?:${allowedOrigins.map(escaped).join("|")})$`)} }`;
}

/** HAProxy takes no header without a value; where none is allowed, a preflight's answer has none. */
const list = (name: string, values: readonly string[]): string =>
  values.length === 0 ? "" : ` hdr ${name} ${literal(values.join(", "))}`;

/** Rules of a request: the origin is remembered for the answer; a preflight is answered here. */
export function corsRequest(cors: Cors): string[] {
  const { allowedMethods, allowedHeaders, maxAgeSeconds } = cors;
  const preflight = "{ method OPTIONS } { req.hdr(access-control-request-method) -m found }";
  return [
    `http-request set-var(txn.origin) req.hdr(origin) if ${allowed(cors)}`,
    "http-request return status 204" +
      list("Access-Control-Allow-Methods", allowedMethods) +
      list("Access-Control-Allow-Headers", allowedHeaders) +
      ` hdr Access-Control-Max-Age ${maxAgeSeconds} if ${preflight} { var(txn.origin) -m found }`,
    // Nothing of the application's own: an origin that is not listed learns nothing.
    `http-request return status 204 if ${preflight}`,
  ];
}

/** Rules of an answer, one of the gateway's own as well: a script can then read a refusal. */
export function corsResponse({ allowedOrigins, allowCredentials }: Cors): string[] {
  const known = "if { var(txn.origin) -m found }";
  const anybody = allowedOrigins.includes("*");
  return [
    "http-after-response del-header Access-Control- -m beg unless { status 204 }",
    `http-after-response set-header Access-Control-Allow-Origin ${anybody ? "*" : "%[var(txn.origin)]"} ${known}`,
    ...(allowCredentials ? [`http-after-response set-header Access-Control-Allow-Credentials true ${known}`] : []),
    ...(anybody ? [] : ["http-after-response add-header Vary Origin"]),
  ];
}
