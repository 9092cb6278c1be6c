/**
 * Limits on bodies without holding bodies or answers back. Traefik has no limit on a body that streams, and its
 * buffering middleware holds back the whole answer besides (traefik#2355). But Go's server reads no more of a body than
 * its Content-Length says, so a declared length is limit enough, and a router can match it:
 *
 * - it is above the limit: 413, before a byte of the body is read;
 * - it is within the limit: passed on as it comes, nothing is buffered;
 * - there is none, on a method that usually has a body: buffered in memory up to a small limit, a few at a time.
 *
 * Without a length, GET, HEAD, OPTIONS and DELETE usually have no body: they are passed on as they come. A body that a
 * client sends with them all the same, in chunks, is limited by the time to read it only.
 */
import { decimalAbove } from "./decimal";

/** What a request without a declared length may bring and take, and how many of a route are in flight at a time. */
export const UNSIZED = {
  /** The largest body in bytes; larger ones get 413. */
  bodyBytes: 65_536,
  /** The largest answer in bytes; a larger one becomes a 500, as it would have to be held in memory. */
  answerBytes: 524_288,
  /** Requests of all clients on a route at a time, where the edge has the memory. One client may have half of them. */
  inFlight: 8,
} as const;

/** MiB that Traefik itself takes, with a thousand connections. */
export const EDGE_BASE_MIB = 96;

/** MiB that one request without a length can hold. */
const UNSIZED_MIB = (UNSIZED.bodyBytes + UNSIZED.answerBytes) / 1_048_576;

/**
 * How many of them may be in flight on each of so many routes, in an edge of so much memory; below 1 if it has not
 * enough.
 */
export function unsizedInFlight(memoryMiB: number, routes: number): number {
  return Math.min(UNSIZED.inFlight, Math.floor((memoryMiB - EDGE_BASE_MIB) / (Math.max(1, routes) * UNSIZED_MIB)));
}

/** The least memory of an edge with so many routes, in MiB. */
export const leastEdgeMiB = (routes: number): number => EDGE_BASE_MIB + Math.ceil(Math.max(1, routes) * UNSIZED_MIB);

/**
 * Matches what declares more than the limit, or no number. Not "is within the limit" the other way round: a matcher
 * takes any of several header lines, and HTTP/2 lets a client send two.
 */
export function declaresMoreThan(bytes: number): string {
  return `HeaderRegexp(\`Content-Length\`, \`${decimalAbove(bytes)}|[^0-9]\`)`;
}

/** Matches what declares no length, on a method that usually has a body. */
export const IS_UNSIZED =
  "!HeaderRegexp(`Content-Length`, `.`) && !(Method(`GET`) || Method(`HEAD`) || Method(`OPTIONS`) || Method(`DELETE`))";

/**
 * Refuses whatever declares more; the body is not read. One byte, as Traefik takes 0 for "no limit". The answer's limit
 * is for a length that is no number, which Go's HTTP/2 server takes for none.
 */
export const REFUSE_DECLARED = {
  buffering: { maxRequestBodyBytes: 1, maxResponseBodyBytes: 1, memRequestBodyBytes: 1, memResponseBodyBytes: 1 },
};

/**
 * Holds body and answer in memory only: with a larger limit than memory, Traefik would write files to /tmp, and leave
 * some.
 */
export function bufferUnsized(maxRequestBodyBytes: number): object {
  const bytes = Math.min(maxRequestBodyBytes, UNSIZED.bodyBytes);
  return {
    buffering: {
      maxRequestBodyBytes: bytes,
      maxResponseBodyBytes: UNSIZED.answerBytes,
      memRequestBodyBytes: bytes,
      memResponseBodyBytes: UNSIZED.answerBytes,
    },
  };
}
