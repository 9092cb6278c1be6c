/**
 * Maintenance: the gateway answers for a host by itself, whatever the path, while its application is being worked
 * on.
 */
import { MAINTENANCE, refuse } from "./refusals";
import { formatted, quoted } from "./text";

/** Seconds after which a client may ask again. */
export const MAINTENANCE_RETRY_SECONDS = 300;

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => HTML_ENTITIES[character] ?? "");

/** The page has neither style nor script, which the content security policy would not let it have. */
const page = (host: string, message: string): string =>
  '<!doctype html><html><head><meta charset="utf-8">' +
  `<meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(host)}</title></head>` +
  `<body><h1>${escapeHtml(message)}</h1></body></html>`;

/** A text of several lines as an argument of `string`. */
const line = (text: string): string => formatted(text).replace(/"$/, '\\n"');

/** Which of the answers a client gets: the first whose condition on Accept holds. */
const ANSWERS: readonly {
  readonly accepts: string;
  readonly type: string;
  readonly body: (host: string, message: string) => string;
}[] = [
  { accepts: " { req.hdr(accept) -m sub -i text/html }", type: "text/html; charset=utf-8", body: page },
  {
    accepts: ` { req.hdr(accept) -m reg -i ${quoted("application/(?:[a-z0-9.+-]+[+])?json")} }`,
    type: "application/json",
    body: (_, message) => JSON.stringify({ error: MAINTENANCE, message }),
  },
  { accepts: "", type: "text/plain; charset=utf-8", body: (_, message) => message },
];

/**
 * Rules of a frontend: what refuses the requests of hosts in maintenance, and what answers them.
 * @param messages by host; one line each
 */
export function maintenanceRules(messages: Readonly<Record<string, string>>): {
  readonly refuse: readonly string[];
  readonly answer: readonly string[];
} {
  const hosts = Object.entries(messages).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    refuse: hosts.map(([host]) => refuse(MAINTENANCE, `{ var(txn.host) -m str ${host} }`)),
    answer: hosts.flatMap(([host, message]) =>
      ANSWERS.map(
        ({ accepts, type, body }) =>
          `http-request return status 503 content-type "${type}" hdr Retry-After ${MAINTENANCE_RETRY_SECONDS} ` +
          `hdr Cache-Control no-store string ${line(body(host, message))} ` +
          `if { var(txn.refusal) -m str ${MAINTENANCE} } { var(txn.host) -m str ${host} }${accepts}`,
      ),
    ),
  };
}
