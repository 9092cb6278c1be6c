/**
 * Rules over what a configuration declares and no container shows. Each speaks only where there is something to say.
 */
import type { Rule, Verdict } from "./rule";
import { baseline, cisDocker, nist, page } from "./sources";
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
    why: "a permission may reach every container of the engine (`scope: engine`), or run code of any image",
    source: nist("4.3.1"),
    alsoIn: [baseline("Helvetia Cloud", "Only whitelisted Docker operations allowed"), page("docs/docker-api.md")],
    judged:
      "each service with permissions whose danger is high or critical: accepted with `dockerApi.reason`. With " +
      "`scope: own` only those count that are not about one container. The schema " +
      "refuses such a permission without a reason",
    remedy:
      "Leave `scope` at `own`, and remove the permissions that the service does not call; `plan --verbose` lists " +
      "each with its danger: " +
      '`dockerApi: { allow: ["GET /containers/json"] }`.',
    keys: [
      "services.dockerApi",
      "services.dockerApi.allow",
      "services.dockerApi.presets",
      "services.dockerApi.reason",
      "services.dockerApi.scope",
    ],
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
    source: baseline("AMO portal", "CSP baseline, tuned per frontend assets"),
    alsoIn: [baseline("DragDropDeploy", "Helmet"), page("docs/edge.md")],
    judged:
      "each route: a weaker header is accepted with `headers.reason`; a header that the application sends itself is " +
      "open. The schema refuses a weaker header without a reason",
    remedy:
      "Remove the header under the route's `headers`, or write one that protects as much: " +
      "`headers: { contentSecurityPolicy: \"default-src 'self'\" }`.",
    keys: [
      "services.routes.headers",
      "services.routes.headers.preset",
      "services.routes.headers.contentSecurityPolicy",
      "services.routes.headers.response",
      "services.routes.headers.fromApplication",
      "services.routes.headers.reason",
    ],
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
    source: page("docs/logging.md"),
    alsoIn: [baseline("AMO portal", "Forward logs to central sink `UNKNOWN`")],
    judged: "a stack with a sink: lines in clear, and pages without a login, are accepted with their reason",
    remedy:
      "Send lines over TLS: an https URL, or a server without `tls: false`; give a receiver with a CA of its own " +
      "that CA's roots as `ca`.",
    keys: [
      "logging.sink",
      ...["fluentd", "syslog"].flatMap((kind) => [`logging.sink.${kind}.tls`, `logging.sink.${kind}.reason`]),
      "logging.sink.builtin.surface.access.reason",
      ...["loki", "otlp"].flatMap((kind) => [`logging.sink.${kind}.url`, `logging.sink.${kind}.reason`]),
    ],
    exceptable: false,
    listsHeld: true,
    check: ({ declared }: StackView): readonly Verdict[] => {
      const sink = declared?.logSink;
      if (sink === undefined) return [];
      const { resource, place, kept, inClear, reason, oneProof } = sink;
      const message = `the logs of all containers go to ${place}${kept === undefined ? "" : `, kept ${kept}`}`;
      if (oneProof !== undefined)
        return [{ status: "accepted", resource, message: `${message}; its pages ask for no login: ${oneProof}` }];
      if (!inClear) return [{ status: "pass", resource, message }];
      return [{ status: reason === undefined ? "fail" : "accepted", resource, message: `${message}: ${reason ?? ""}` }];
    },
  },
  {
    id: "rampart-secret-sources",
    severity: "low",
    title: "no program of the stack's own choice is run for a secret",
    why: "whoever may change the stack's file then says what runs on the machine that deploys, with its logins",
    source: nist("4.1.4"),
    alsoIn: [page("docs/secrets.md")],
    judged:
      "each secret with `from`: a `command` is accepted, and shown with its words; sops, vault, infisical and op pass",
    remedy:
      "Read the secret with one of the programs that Rampart calls itself: `secrets: { STRIPE_KEY: { from: " +
      "{ sops: secrets/prod.enc.yaml, key: stripe.key } } }`.",
    keys: ["services.secrets.from.command"],
    exceptable: false,
    listsHeld: true,
    check: ({ declared }: StackView): readonly Verdict[] =>
      (declared?.secretSources ?? []).map(({ resource, name, source, command }) => ({
        status: command ? "accepted" : "pass",
        resource,
        message: command
          ? `${name} is ${source}: a deployment and a preview run this program on the machine that they run on`
          : `${name} is ${source}, on the machine that deploys`,
      })),
  },
  {
    id: "rampart-maintenance",
    severity: "low",
    title: "every host serves its application",
    why: "a host that stays in maintenance by mistake serves nobody",
    source: page("docs/edge.md"),
    judged: "the stack: hosts in maintenance are open",
    remedy: "Remove the host from `edge.maintenance`, then `pulumi up`.",
    keys: ["edge.maintenance"],
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
    source: page("docs/decisions/0013-refusals.md"),
    judged: "the stack, in production: example hosts and addresses are open",
    remedy: "Write your own hosts and addresses, and remove `rampart:sample`.",
    keys: ["sample"],
    // A deployment of them is refused all the same.
    exceptable: false,
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
    source: cisDocker("2.7"),
    alsoIn: [nist("4.3.2")],
    judged:
      "the stack: an engine over plain TCP on another machine fails. Outside of dev, `docker:host` of this form " +
      "is refused",
    remedy:
      "Reach the engine over ssh, `docker:host: ssh://deploy@host` in the stack's file, or over TLS with " +
      "`docker:certPath`.",
    keys: ["docker:host"],
    check: ({ stack, declared }: StackView): readonly Verdict[] =>
      declared?.plainEngine === undefined
        ? []
        : [
            {
              status: "fail",
              resource: stack,
              message:
                `the engine is reached at ${declared.plainEngine} in clear: ` +
                "whoever is on the way is root on its host (use ssh://, or tcp:// with docker:certPath)",
            },
          ],
  },
];
