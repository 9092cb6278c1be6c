/** Rules over the edge's way in, the images of Rampart's own servers, registries, logs and alerts. */
import { isLoopback, parseImage } from "../container/image";
import { addressesOf, inProduction } from "./bounds";
import type { Rule, Verdict } from "./rule";
import type { SettingFacts } from "./settings";
import { baseline, cisDocker, nist, page } from "./sources";
import type { StackView } from "./view";

type Finding = Pick<Verdict, "status" | "message">;

const about = (view: StackView, findings: readonly Finding[]): Verdict[] =>
  findings.map(({ status, message }) => ({ resource: view.stack, ...inProduction(status, message, view) }));

const over = (rule: Omit<Rule, "check">, findings: (settings: SettingFacts) => readonly Finding[]): Rule => ({
  ...rule,
  check: (view) => (view.settings === undefined ? [] : about(view, findings(view.settings))),
});

/** More than a data centre's network of load balancers. */
const MOST_PROXIES = 256;

/** A container's logs in MiB: less tells of hours only, more fills the disk. */
const LEAST_LOG_MIB = 20;
const MOST_LOG_MIB = 2048;

/** The first numbers of a tag: 3.7.13 as [3, 7, 13]. */
const versionOf = (tag: string): readonly number[] =>
  (/\d+(?:\.\d+)*/.exec(tag)?.[0] ?? "").split(".").flatMap((part) => (part === "" ? [] : [Number(part)]));

/** Whether a version is older than another of the same major version. */
function isOlder(tag: string, than: string): boolean {
  const [mine, pinned] = [versionOf(tag), versionOf(than)];
  if (mine.length === 0 || mine[0] !== pinned[0]) return false;
  const at = pinned.findIndex((number, index) => mine[index] !== undefined && mine[index] !== number);
  return at >= 0 && (mine[at] ?? 0) < (pinned[at] ?? 0);
}

function imageFinding({ role, reference, pin }: SettingFacts["images"][number]): Finding {
  const [own, pinned] = [parseImage(reference), parseImage(pin)];
  const name = reference.split("@")[0] ?? reference;
  if (own !== undefined && own.digest === pinned?.digest)
    return { status: "pass", message: `${role} runs the image that Rampart is tested with, as ${name}` };
  if (own !== undefined && pinned !== undefined && isOlder(own.tag, pinned.tag))
    return {
      status: "fail",
      message: `${role} runs ${name}, older than Rampart's own ${pinned.tag}: fixes are missing`,
    };
  return {
    status: "skip",
    message: `${role} runs ${name} in place of Rampart's own: whether it has every fix, only its maker can tell`,
  };
}

function registryFindings({ registries }: SettingFacts): Finding[] {
  const [near, far] = [registries.filter(isLoopback), registries.filter((registry) => !isLoopback(registry))];
  return [
    ...near.map((registry): Finding => ({ status: "pass", message: `${registry} is on the engine's own host` })),
    ...(far.length === 0
      ? []
      : [
          {
            status: "skip" as const,
            message:
              `${far.join(", ")}: the engine asks over TLS unless its own configuration says otherwise, which only ` +
              "the engine can tell (docker info, Insecure Registries)",
          },
        ]),
  ];
}

const ALERTS: Readonly<Record<SettingFacts["alerts"], Finding>> = {
  none: {
    status: "open",
    message: "nothing measures the stack, and nobody is told when something breaks (monitoring)",
  },
  shown: { status: "open", message: "alerts are only shown: nobody is told (monitoring has no receiver)" },
  sent: { status: "pass", message: "alerts are sent to a receiver" },
};

export const UPKEEP_RULES: readonly Rule[] = [
  over(
    {
      id: "rampart-connection-limits",
      severity: "medium",
      title: "no client can take half of the edge's connections",
      why: "two machines of an attacker would then keep everybody else out",
      source: baseline("AMO portal", "Stricter per-IP limits on upload and stream endpoints"),
      alsoIn: [page("docs/edge.md")],
      judged: "the stack: more than half of `edge.connections.total` for one client is open",
      remedy: "Lower the one or raise the other: `edge: { connections: { perClient: 256, total: 1500 } }`.",
      keys: ["edge.connections.perClient", "edge.connections.total"],
    },
    ({ connections: { perClient, total } }) => [
      perClient * 2 > total
        ? {
            status: "open",
            message: `one client may take ${perClient} of ${total} connections: see that all clients come by one proxy`,
          }
        : { status: "pass", message: `one client may take ${perClient} of ${total} connections` },
    ],
  ),
  over(
    {
      id: "rampart-trusted-proxies",
      severity: "medium",
      title: "only listed load balancers name the address of a client",
      why: "whoever is believed names any address: limits, lists of addresses and the log count on it",
      source: nist("4.3.2"),
      alsoIn: [page("docs/edge.md")],
      judged: "the stack: a subnet of more than 256 addresses under `edge.trustedProxies` is open",
      remedy: "List the load balancers' own addresses: `edge: { trustedProxies: [10.0.0.5, 10.0.0.6] }`.",
      keys: ["edge.trustedProxies"],
    },
    ({ trustedProxies }) =>
      trustedProxies.length === 0
        ? [{ status: "pass", message: "nobody but the client names its address" }]
        : trustedProxies.map((proxy) =>
            addressesOf(proxy) > MOST_PROXIES
              ? {
                  status: "open",
                  message:
                    `each of the ${addressesOf(proxy)} addresses of ${proxy} is believed: ` +
                    "see that they are all load balancers",
                }
              : { status: "pass", message: `${proxy} is believed` },
          ),
  ),
  over(
    {
      id: "rampart-server-images",
      severity: "high",
      title: "Rampart's own servers run images with every fix that Rampart knows of",
      why: "the edge, the databases and the socket proxies stand in front of everything else",
      source: nist("4.1.1"),
      alsoIn: [cisDocker("4.4"), cisDocker("5.28"), page("docs/upgrades.md")],
      judged:
        "each entry under `images`: older than Rampart's own of the same major version fails; another digest is not " +
        "judged, as only its maker knows what is in it",
      remedy:
        "Remove the entry under `images`, or write the newest version: `images: { redis: " +
        '"redis:7.4.11-alpine@sha256:…" }`.',
      keys: ["images"],
    },
    ({ images }) => images.map(imageFinding),
  ),
  over(
    {
      id: "rampart-registry-connection",
      severity: "medium",
      title: "images come from registries over TLS",
      why: "whoever is on the way reads the login, and sees what the stack runs",
      source: nist("4.2.1"),
      alsoIn: [cisDocker("2.5"), page("docs/registries.md")],
      judged:
        "the stack: registries on the engine's own host pass; of the others only the engine knows how it asks them",
      remedy: "Remove the registry from the engine's `insecure-registries`, and give it a certificate.",
      keys: ["services.image", "services.canary.image", "images", "registries"],
      // It never fails and is never open.
      exceptable: false,
    },
    registryFindings,
  ),
  over(
    {
      id: "rampart-log-size",
      severity: "low",
      title: "logs of a container reach back far enough, and fit on the disk",
      why: "after a breach the log is what tells; without a bound that fits, it fills the disk of the database",
      source: baseline("AMO portal", "EDGE access logs with request ID and upstream status"),
      alsoIn: [baseline("kitiumai/docker", "Logs monitored for anomalies")],
      judged: "the stack: less than 20 MiB or more than 2048 MiB for a container are open",
      remedy: "Set the size and number of files: `logging: { maxSizeMiB: 50, maxFiles: 5 }`.",
      keys: ["logging.maxFiles", "logging.maxSizeMiB"],
    },
    ({ logMiB }) => [
      logMiB < LEAST_LOG_MIB
        ? {
            status: "open",
            message: `the last ${logMiB} MiB of each container's log are kept: see that they tell enough`,
          }
        : logMiB > MOST_LOG_MIB
          ? { status: "open", message: `each container keeps ${logMiB} MiB of log: see that the disk holds them all` }
          : { status: "pass", message: `each container keeps ${logMiB} MiB of log` },
    ],
  ),
  {
    id: "rampart-alerts",
    severity: "medium",
    title: "somebody is told when something breaks",
    why: "failed logins, a full disk and a missing backup are noticed by nobody",
    source: baseline("kitiumai/docker", "Monitoring enabled"),
    alsoIn: [baseline("Helvetia Cloud", "Monitoring is in place"), page("docs/monitoring.md")],
    judged: "the stack: no monitoring, or monitoring without a receiver, is open in production and accepted elsewhere",
    remedy: "Measure the stack and name a receiver: `monitoring: { webhook: { config: alertUrl } }`.",
    keys: ["monitoring", "monitoring.webhook", "monitoring.ntfy", "monitoring.email"],
    check: ({ stack: resource, environment, settings }) => {
      if (settings === undefined) return [];
      const { status, message } = ALERTS[settings.alerts];
      return status === "open" && environment !== "prod"
        ? [{ status: "accepted", resource, message: `${message}, as this is ${environment}` }]
        : [{ status, resource, message }];
    },
  },
];
