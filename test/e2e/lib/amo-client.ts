/** Requests to the AMO portal's edge, as its users' programs send them. */
import https from "node:https";
import { AMO } from "./amo-portal";
import { ask, type Answer, type Ask } from "./http";

export const MIB = 1_048_576;
export const portal = { host: AMO.host, port: AMO.httpsPort } as const;

export const to = (path: string, more: Partial<Ask> = {}): Promise<Answer> => ask({ ...portal, path, ...more });
export const post = (path: string, type: string, body: string | Buffer): Promise<Answer> =>
  to(path, { method: "POST", body, headers: { "Content-Type": type } });
export const signIn = (path = "/auth/login"): Promise<Answer> =>
  post(path, "application/json", JSON.stringify({ user: "anna", password: "wrong" }));

/** A form with one file of that size. */
export const form = (bytes: number): string =>
  `--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n${"x".repeat(bytes)}\r\n--b--\r\n`;
export const FORM = "multipart/form-data; boundary=b";

/** What an answer has to have, whoever made it. */
export function headerFaults(what: string, { headers }: Answer): string[] {
  const wanted: Readonly<Record<string, RegExp>> = {
    "content-security-policy": /^default-src 'none'/,
    "referrer-policy": /^no-referrer$/,
    "strict-transport-security": /^max-age=63072000; includeSubDomains$/,
    "x-content-type-options": /^nosniff$/,
    "x-frame-options": /^DENY$/,
  };
  return [
    ...Object.entries(wanted).flatMap(([name, pattern]) =>
      pattern.test(String(headers[name] ?? "")) ? [] : [`${what}: ${name} is ${JSON.stringify(headers[name])}`],
    ),
    ...["server", "x-powered-by"].flatMap((name) => (headers[name] === undefined ? [] : [`${what}: ${name} is sent`])),
  ];
}

export interface Stream {
  readonly status: number;
  /** Until the first event was here, or the refusal. */
  readonly firstMs: number;
  readonly close: () => void;
}

/** Opens an event stream, and leaves it open. */
export function listen(): Promise<Stream> {
  const started = Date.now();
  const target = { host: "127.0.0.1", port: AMO.httpsPort, servername: AMO.host, rejectUnauthorized: false };
  const headers = { host: `${AMO.host}:${AMO.httpsPort}`, accept: "text/event-stream" };
  return new Promise((resolve, reject) => {
    const request = https.get({ ...target, path: "/api/events", headers, agent: false }, (response) => {
      response.on("error", () => undefined);
      response.once("data", () =>
        resolve({
          status: response.statusCode ?? 0,
          firstMs: Date.now() - started,
          close: () => request.destroy(),
        }),
      );
    });
    request.setTimeout(10_000, () => request.destroy(new Error("no event within 10 s")));
    request.on("error", reject);
  });
}
