/** Requests and handshakes against the edge's published ports. DNS is not asked: names go into SNI and Host. */
import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import tls, { type PeerCertificate } from "node:tls";
import { hostHeader, type EdgePlace } from "./place";

/** Milliseconds for one answer or handshake. */
const PATIENCE_MS = 8_000;
/** Bytes of a body that are kept. */
const MOST_BODY = 2_048;
/** Requests of this process, which may share its address with visitors. */
const AT_A_TIME = 4;

export interface Question {
  readonly host: string;
  /** @default "/" */
  readonly path?: string;
  /** @default "GET" */
  readonly method?: string;
  /** @default none but Host */
  readonly headers?: Readonly<Record<string, string>>;
  /** Plain http. @default false */
  readonly plain?: boolean;
  /** The name that TLS asks for. @default the host */
  readonly servername?: string;
  /** @default a connection of its own */
  readonly agent?: https.Agent;
}

export interface EdgeAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** The beginning. */
  readonly body: string;
}

/**
 * Sends a request without a body, and reads the beginning of its answer.
 * @throws Error where there is no answer
 */
export function ask(place: EdgePlace, question: Question): Promise<EdgeAnswer> {
  const { host, path = "/", method = "GET", plain = false, servername = host } = question;
  const port = plain ? (place.httpPort ?? 0) : place.httpsPort;
  const headers = {
    Host: hostHeader(host, port, plain ? 80 : 443),
    "User-Agent": "rampart-verify",
    ...question.headers,
  };
  const common = { host: place.address, port, path, method, headers, timeout: PATIENCE_MS };
  return new Promise((resolve, reject) => {
    const take = (response: http.IncomingMessage): void => {
      const parts: Buffer[] = [];
      const done = (): void => {
        const body = Buffer.concat(parts).subarray(0, MOST_BODY).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        // Others go on to use a connection that they share.
        if (question.agent === undefined) response.destroy();
      };
      response.on("data", (part: Buffer) => {
        parts.push(part);
        if (question.agent === undefined && Buffer.concat(parts).length >= MOST_BODY) done();
      });
      response.on("end", done);
      response.on("close", done);
      // A stream that says nothing has said its headers.
      setTimeout(done, 1_000).unref();
    };
    const request = plain
      ? http.request({ ...common, agent: false }, take)
      : https.request(
          {
            ...common,
            servername: isIP(servername) === 0 ? servername : "",
            rejectUnauthorized: false,
            agent: question.agent ?? false,
          },
          take,
        );
    request.on("timeout", () => request.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    request.on("error", reject);
    request.end();
  });
}

export type Handshake =
  | {
      readonly kind: "agreed";
      readonly protocol: string;
      readonly certificate: PeerCertificate;
      /** Undefined where this machine trusts the certificate. */
      readonly distrust: string | undefined;
    }
  /** The other side said so, by an alert of TLS. */
  | { readonly kind: "refused"; readonly alert: number }
  /** Nothing was found out. */
  | { readonly kind: "failed"; readonly why: string };

/** A handshake, and nothing else. */
export function handshake(
  { address, httpsPort }: EdgePlace,
  servername: string,
  options: tls.ConnectionOptions,
): Promise<Handshake> {
  return new Promise((resolve) => {
    const socket = tls.connect(
      { host: address, port: httpsPort, servername, rejectUnauthorized: false, ...options },
      () => {
        // Typed as an Error, and really a code such as SELF_SIGNED_CERT_IN_CHAIN.
        const error = socket.authorizationError as Error | string | null;
        resolve({
          kind: "agreed",
          protocol: socket.getProtocol() ?? "",
          certificate: socket.getPeerCertificate(),
          distrust: error === null ? undefined : String(error),
        });
        socket.destroy();
      },
    );
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    socket.on("error", ({ message }: Error) => {
      const alert = /SSL alert number (\d+)/.exec(message)?.[1];
      resolve(
        alert === undefined ? { kind: "failed", why: message.trim() } : { kind: "refused", alert: Number(alert) },
      );
    });
  });
}

/** Does something with each of a few things at a time, so that nobody else is kept from the edge. */
export async function few<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const waiting = items.map((item, index) => ({ item, index }));
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      results[next.index] = await act(next.item);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  return results;
}

/** An answer, or why there was none. */
export const answerOr = async (place: EdgePlace, question: Question): Promise<EdgeAnswer | string> => {
  try {
    return await ask(place, question);
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  }
};
