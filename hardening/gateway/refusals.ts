/** Why the gateway refuses a request, and what it answers. */
import { formatted } from "./text";

export const REFUSALS = {
  path: { status: 400, text: "the path can be read in two ways" },
  source: { status: 403, text: "this is not for everybody" },
  credentials: { status: 401, text: "this asks for a login" },
  authority: { status: 503, text: "logins cannot be checked at the moment" },
  host: { status: 404, text: "there is nothing here" },
  method: { status: 405, text: "this method is not allowed here" },
  "body-length": { status: 411, text: "a request whose body is larger than 32 KiB has to declare its length" },
  "body-size": { status: 413, text: "the body is too large" },
  "content-type": { status: 415, text: "a body of this type is not taken here" },
  misdirected: { status: 421, text: "this connection is not for this host" },
  rate: { status: 429, text: "too many requests" },
  "in-flight": { status: 429, text: "too many requests at a time" },
  headers: { status: 431, text: "the headers are too large" },
} as const satisfies Record<string, { readonly status: number; readonly text: string }>;

export type Refusal = keyof typeof REFUSALS;

/** Stands in the log for the requests of a host in maintenance, whose answers are in maintenance.ts. */
export const MAINTENANCE = "maintenance";

/** The first refusal stays. */
export const refuse = (refusal: Refusal | typeof MAINTENANCE, condition: string): string =>
  `http-request set-var(txn.refusal) str(${refusal}) if !{ var(txn.refusal) -m found } ${condition}`;

/** Refusals of one client that are logged one by one, a minute; the others are only counted. */
const LOGGED_A_MINUTE = 30;

/** The log of what was served is not pushed out of its files by what was refused. */
export const sampleRefusals: readonly string[] = [
  "http-request sc-inc-gpc1(0) if { var(txn.refusal) -m found }",
  `http-request set-log-level silent if { var(txn.refusal) -m found } { sc0_gpc1_rate gt ${LOGGED_A_MINUTE} }`,
];

/** @param headers more of the answer, such as `["Allow", "GET"]` */
export function answer(refusal: Refusal, headers: readonly (readonly [string, string])[] = []): string {
  const { status, text } = REFUSALS[refusal];
  const more = headers.map(([name, value]) => ` hdr ${name} ${formatted(value)}`).join("");
  return (
    `http-request return status ${status} content-type "text/plain; charset=utf-8"${more} ` +
    `lf-string "${text} (request %[var(txn.id)])\\n" if { var(txn.refusal) -m str ${refusal} }`
  );
}
