/** Requests as bytes, and what an answer says. */
import { fileText } from "../../hardening/files";
import type { ApiRequest } from "./requests";

/** A request of HTTP/1.1, after which the connection is closed. */
export function bytesOf({ method, target, body, headers = {} }: ApiRequest): string {
  const length = body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": size(body) };
  const lines = Object.entries({ Host: "docker-api", Connection: "close", ...length, ...headers });
  return [`${method} ${target} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`), "", body ?? ""].join(
    "\r\n",
  );
}

const size = (text: string): string => String(Buffer.byteLength(text));

/** A text on one line, as `printf %b` of a shell gives it back. */
export const escapedLine = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) =>
      byte > 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\0${byte.toString(8).padStart(3, "0")}`,
    )
    .join("");

/** Sends each line of its input; BusyBox has to be there. */
export const sendEachScript = (): string => fileText(__dirname, "send-each.sh");

/** What an answer came to: the proxy itself refused, somebody else answered, or nobody did. */
export type Verdict =
  | { readonly kind: "refused" }
  | { readonly kind: "answered"; readonly status: number }
  | { readonly kind: "silent" };

/** The engine, too, answers 400 and 403; the proxy's answers have these words. */
const REFUSAL = "rampart: docker API request refused";
/** The proxy's, where there is no engine behind it. */
const NO_ENGINE = /"rampart: the Docker engine/;

/** @param answer the beginning, without line breaks */
export function verdictOf({ method }: Pick<ApiRequest, "method">, answer: string): Verdict {
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1] ?? 0);
  if (status === 0 || NO_ENGINE.test(answer)) return { kind: "silent" };
  const refuses = status === 403 || status === 400;
  // The answer to a HEAD has no words.
  return refuses && (method === "HEAD" || answer.includes(REFUSAL))
    ? { kind: "refused" }
    : { kind: "answered", status };
}

/** What send-each.sh printed, in the order of the requests; empty for one that had none. */
export function answersOf(stdout: string, count: number): readonly string[] {
  const byNumber = new Map(
    stdout.split("\n").flatMap((line): [number, string][] => {
      const [, number, answer = ""] = /^(\d+) (.*)$/.exec(line) ?? [];
      return number === undefined ? [] : [[Number(number), answer]];
    }),
  );
  return Array.from({ length: count }, (_, index) => byNumber.get(index) ?? "");
}
