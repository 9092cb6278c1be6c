/**
 * Rules over what a configuration declares and no container shows. Each speaks only where there is something to say.
 */
import type { Rule, Verdict } from "./rule";
import type { StackView } from "./view";

/** More than one line should list. */
const MOST_NAMED = 6;

const named = (names: readonly string[]): string =>
  names.length > MOST_NAMED
    ? `${names.slice(0, MOST_NAMED).join(", ")} and ${names.length - MOST_NAMED} more`
    : names.join(", ");

export const DECLARED_RULES: readonly Rule[] = [
  {
    id: "rampart-docker-api",
    severity: "critical",
    title: "no service can run, stop or read containers of others",
    why: "a permission of the Docker API holds for every container of the engine, Rampart's too",
    source: "docs/docker-api.md",
    check: ({ declared }: StackView): readonly Verdict[] =>
      (declared?.dockerApi ?? []).map(({ resource, permissions, reason }) => ({
        status: "accepted",
        resource,
        message: `may ask the engine for ${named(permissions)}: ${reason}`,
      })),
  },
  {
    id: "rampart-response-headers",
    severity: "medium",
    title: "pages have the edge's own security headers",
    why: "a header that is weaker lets a page be framed, its scripts be injected or its transport be in clear",
    source: "HTTP Observatory; docs/edge.md",
    check: ({ declared }: StackView): readonly Verdict[] =>
      (declared?.headers ?? []).flatMap(({ resource, route, weak, changed, fromApplication, reason }) => {
        const say = (status: Verdict["status"], names: readonly string[], message: string): Verdict[] =>
          names.length === 0 ? [] : [{ status, resource, message }];
        const weaker = `${route}: ${weak.map(({ name, why }) => `${name} is weaker (${why})`).join("; ")}`;
        return [
          ...say(
            reason === undefined ? "fail" : "accepted",
            weak.map(({ name }) => name),
            reason === undefined ? weaker : `${weaker}: ${reason}`,
          ),
          ...say(
            "open",
            fromApplication,
            `${route}: what the application sends as ${named(fromApplication)} stands: see that it is as strict`,
          ),
          ...say("pass", changed, `${route}: the route has its own ${named(changed)}`),
        ];
      }),
  },
  {
    id: "rampart-log-sink",
    severity: "medium",
    title: "logs are kept where a container cannot lose them, and reach that place unread",
    why: "whoever breaks into a container, or removes it, takes its log with it; lines tell of people and secrets",
    source: "AMO portal, Logging and audit; docs/logging.md",
    listsHeld: true,
    check: ({ declared }: StackView): readonly Verdict[] => {
      const sink = declared?.logSink;
      if (sink === undefined) return [];
      const { resource, place, kept, inClear, reason } = sink;
      const message = `the logs of all containers go to ${place}${kept === undefined ? "" : `, kept ${kept}`}`;
      if (!inClear) return [{ status: "pass", resource, message }];
      return [{ status: reason === undefined ? "fail" : "accepted", resource, message: `${message}: ${reason ?? ""}` }];
    },
  },
  {
    id: "rampart-maintenance",
    severity: "low",
    title: "every host serves its application",
    why: "a host that stays in maintenance by mistake serves nobody",
    source: "docs/edge.md",
    check: ({ stack, declared }: StackView): readonly Verdict[] =>
      declared === undefined || declared.maintenance.length === 0
        ? []
        : [
            {
              status: "open",
              resource: stack,
              message:
                `in maintenance: ${named(declared.maintenance)}: every request there gets 503 until ` +
                `edge.maintenance is removed`,
            },
          ],
  },
  {
    id: "rampart-placeholders",
    severity: "high",
    title: "no host or address is an example's",
    why: "nobody reaches it, and no CA certifies it",
    source: "docs/configuration.md",
    check: ({ stack, declared }: StackView): readonly Verdict[] =>
      declared === undefined || declared.placeholders.length === 0
        ? []
        : [
            {
              status: "open",
              resource: stack,
              message:
                `this is a sample with ${named(declared.placeholders)}: replace them by your own; ` +
                "until then a deployment is refused",
            },
          ],
  },
  {
    id: "rampart-engine-connection",
    severity: "critical",
    title: "the engine is reached over a socket, ssh or TLS",
    why: "whoever speaks to the engine is root on its host",
    source: "CIS Docker Benchmark 2.7",
    check: ({ stack, declared }: StackView): readonly Verdict[] =>
      declared?.plainEngine === undefined
        ? []
        : [
            {
              status: "open",
              resource: stack,
              message:
                `the engine is reached at ${declared.plainEngine} in clear: ` +
                "whoever is on the way is root on its host (use ssh://, or tcp:// with docker:certPath)",
            },
          ],
  },
];
