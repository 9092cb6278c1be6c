import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import type { PeerCertificate, TLSSocket } from "node:tls";
import tls from "node:tls";

export interface Ask {
  readonly port: number;
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly plain?: boolean;
  readonly agent?: https.Agent;
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly certificate?: PeerCertificate;
}

/** A request to the edge's published port on 127.0.0.1, for a host by its name, as a browser would send it. */
export function ask(options: Ask): Promise<Answer> {
  const { port, host, path = "/", method = "GET", body } = options;
  const headers = {
    host: `${host}:${port}`,
    ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    ...options.headers,
  };
  const common = { host: "127.0.0.1", port, path, method, headers };
  return new Promise((resolve, reject) => {
    const finish = (response: http.IncomingMessage): void => {
      const certificate = options.plain === true ? undefined : (response.socket as TLSSocket).getPeerCertificate(true);
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
          ...(certificate === undefined ? {} : { certificate }),
        }),
      );
    };
    const request =
      options.plain === true
        ? http.request({ ...common, agent: false }, finish)
        : https.request(
            {
              ...common,
              servername: isIP(host) === 0 ? host : "",
              rejectUnauthorized: false,
              agent: options.agent ?? false,
            },
            finish,
          );
    request.setTimeout(options.timeoutMs ?? 10_000, () =>
      request.destroy(new Error(`no answer within ${(options.timeoutMs ?? 10_000) / 1000} s`)),
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** Only a handshake: the protocol that was agreed on, or the reason why there was none. */
export function handshake(
  port: number,
  servername: string,
  options: tls.ConnectionOptions,
): Promise<{
  readonly protocol?: string;
  readonly authorized?: boolean;
  readonly error?: string;
  readonly certificate?: PeerCertificate;
}> {
  return new Promise((resolve) => {
    const socket = tls.connect({ host: "127.0.0.1", port, servername, rejectUnauthorized: false, ...options }, () => {
      // Typed as an Error, and really a code such as SELF_SIGNED_CERT_IN_CHAIN.
      const error = socket.authorizationError as Error | string | null;
      resolve({
        protocol: socket.getProtocol() ?? "",
        authorized: socket.authorized,
        certificate: socket.getPeerCertificate(true),
        ...(error === null ? {} : { error: String(error) }),
      });
      socket.destroy();
    });
    socket.setTimeout(5000, () => socket.destroy(new Error("no answer within 5 s")));
    socket.on("error", (error: Error) => resolve({ error: error.message }));
  });
}
