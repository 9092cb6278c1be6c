/** Who may come to a route that is not for everybody: from where, and with which proof. */
import { createHash } from "node:crypto";
import { fileText } from "../files";
import { formatted } from "./text";
import { refuse } from "./refusals";

export interface BasicLogin {
  readonly user: string;
  /** The password's digest: see basicDigest. */
  readonly digest: string;
}

export interface ForwardAuth {
  /** `host:port` of the service that is asked, on the network `proxy`. */
  readonly target: string;
  /** What it is asked for, such as `/oauth2/auth`. It says 200 to 299 for yes, 401 or 403 for no. */
  readonly path: string;
  /** Where a browser that is not signed in is led, such as `/oauth2/start`. @default nowhere: 401 */
  readonly signIn?: string;
  /** Headers of its answer that the application gets, such as `X-Auth-Request-User`. */
  readonly headers: readonly string[];
}

export interface Access {
  /** Addresses and subnets (CIDR). Others: 403. */
  readonly sources: readonly string[];
  readonly basic?: readonly BasicLogin[];
  readonly forward?: ForwardAuth;
}

/**
 * What the gateway compares: SHA-256 of the whole header, in upper-case hex. A slow hash would let anybody keep the
 * gateway busy, and buys nothing for a password of 48 random characters.
 */
export const basicDigest = (user: string, password: string): string =>
  createHash("sha256")
    .update(`Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`)
    .digest("hex")
    .toUpperCase();

/** The script by which HAProxy asks another service. */
export const authRequestScript = (): string => fileText(__dirname, "auth-request.lua");

const DIGEST = /^[0-9A-F]{64}$/;
const HEADER = /^[A-Za-z0-9-]+$/;
const PATH = /^\/[A-Za-z0-9._~/-]*$/;
const CIDR = /^[0-9A-Fa-f.:]+(?:\/\d{1,3})?$/;
const TARGET = /^[A-Za-z0-9][A-Za-z0-9._-]*:\d{1,5}$/;

/** What is wrong with it; undefined where nothing could end a value of the configuration. */
export function accessFault({ sources, basic, forward }: Access): string | undefined {
  if (sources.length === 0 || !sources.every((source) => CIDR.test(source))) return "access.sources: are no subnets";
  if (basic !== undefined && (basic.length === 0 || !basic.every(({ digest }) => DIGEST.test(digest))))
    return "access.basic: has no digests";
  if (forward === undefined) return undefined;
  const { target, path, signIn, headers } = forward;
  if (!TARGET.test(target)) return `access.forward: ${JSON.stringify(target)} is not host:port`;
  if (![path, signIn ?? "/"].every((one) => PATH.test(one))) return "access.forward: allowed are plain paths";
  return headers.every((header) => HEADER.test(header)) ? undefined : "access.forward: has no header names";
}

/** The variable in which the script leaves a header of the answer. */
const answered = (header: string): string => `txn.auth_${header.toLowerCase().replaceAll("-", "_")}`;

/** Rules of a request, in the order in which they are judged: cheap ones first, and nothing is asked for a stranger. */
export function accessRules({ sources, basic, forward }: Access): string[] {
  return [
    refuse("source", `!{ src ${sources.join(" ")} }`),
    ...(basic === undefined
      ? []
      : [
          refuse(
            "credentials",
            `!{ req.hdr(authorization),sha2(256),hex -m str ${basic.map(({ digest }) => digest).join(" ")} }`,
          ),
          "http-request del-header Authorization",
        ]),
    ...(forward === undefined ? [] : forwardRules(forward)),
  ];
}

function forwardRules({ target, path, signIn, headers }: ForwardAuth): string[] {
  const names = headers.length === 0 ? "-" : headers.map((header) => header.toLowerCase()).join(",");
  const known = "{ var(txn.auth_status) -m int 401 403 }";
  return [
    `http-request lua.auth-request http://${target}${path} ${names} if !{ var(txn.refusal) -m found }`,
    refuse("authority", `!{ var(txn.auth_status) -m int 200:299 } !${known}`),
    ...(signIn === undefined
      ? []
      : [
          `http-request redirect location ${formatted(`${signIn}?rd=%[pathq,url_enc]`)} code 302 ` +
            "if !{ var(txn.refusal) -m found } { var(txn.auth_status) -m int 401 } { method GET } " +
            "{ req.hdr(accept) -m sub text/html }",
        ]),
    refuse("credentials", known),
    ...headers.flatMap((header) => [
      `http-request del-header ${header}`,
      `http-request set-header ${header} %[var(${answered(header)})] if { var(${answered(header)}) -m found }`,
    ]),
  ];
}

/** What a client without credentials is told. */
export const challenge = ({ basic }: Access): readonly (readonly [string, string])[] =>
  basic === undefined ? [] : [["WWW-Authenticate", 'Basic realm="restricted", charset="UTF-8"']];
