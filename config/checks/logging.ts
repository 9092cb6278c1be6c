/** The logs' sink: each secret is set and encrypted, and what is asked for is the sink's own. */
import type { Fault } from "../faults";
import { correction } from "../nearest";
import { UNREADABLE } from "../raw";
import type { StackConfig } from "../schema";
import { sinkOf, surfaceRoute } from "../sinks";
import type { LookUp, ShowPath } from "./check";
import { SURFACE } from "./hosts";
import { howToSet, secretFault, shownReference } from "./secrets";

export function loggingFaults(config: StackConfig, show: ShowPath, lookUp: LookUp): Fault[] {
  const sink = sinkOf(config);
  const { retentionDays } = config.logging;
  const retention: Fault[] =
    retentionDays === undefined || sink?.kind === "builtin"
      ? []
      : [
          {
            path: show(["logging", "retentionDays"]),
            given: String(retentionDays),
            allowed:
              sink === undefined
                ? "days only with logging.sink: builtin; an engine rotates its files by size"
                : "days only with logging.sink: builtin; how long another sink keeps lines is its own matter",
            fix:
              sink === undefined
                ? "add sink: builtin, or remove it and set maxSizeMiB and maxFiles"
                : "remove it, and set the days where the lines are kept",
          },
        ];
  if (sink?.kind === "builtin") return [...retention, ...surfaceFaults(config, show)];
  if (sink === undefined || !("headers" in sink)) return retention;
  const headers = Object.entries(sink.headers).flatMap(([header, secret]): Fault[] => {
    const path = show(["logging", "sink", sink.kind, "headers", header]);
    const found = lookUp(secret);
    // A receiver issues its tokens itself: their form is not for Rampart to judge.
    const fault = found.kind === "secret" ? undefined : secretFault("LOG_SINK", secret, found);
    if (fault !== undefined) return [{ path, given: shownReference(secret), ...fault }];
    if (found.kind !== "secret" || found.value === UNREADABLE || /^[\x20-\x7e]{1,4096}$/.test(found.value)) return [];
    return [
      {
        path,
        given: `${shownReference(secret)}, whose value (hidden) is no header's`,
        allowed: "one line of printable ASCII",
        fix: `${howToSet(secret)} with the value alone, such as \`Bearer <token>\``,
      },
    ];
  });
  return [...retention, ...headers];
}

/** The pages have a host of their own, and who is asked before them has to be there. */
function surfaceFaults(config: StackConfig, show: ShowPath): Fault[] {
  const surface = surfaceRoute(config);
  if (surface === undefined) return [];
  const services = Object.entries(config.services);
  const owner = services.find(([, { routes }]) => routes.some(({ host }) => host === surface.host));
  const host: Fault[] =
    owner === undefined
      ? []
      : [
          {
            path: show([...SURFACE, "host"]),
            given: JSON.stringify(surface.host),
            allowed: `a host of its own; ${owner[0]} has a route of this one, whose pages could read the logs`,
            fix: "use another host, such as logs.your-company.com",
          },
        ];
  const asked = surface.access?.forwardAuth?.service;
  const service = asked === undefined ? undefined : config.services[asked];
  if (asked === undefined || (service?.port !== undefined && service.routes.length > 0)) return host;
  return [
    ...host,
    {
      path: show([...SURFACE, "access", "forwardAuth", "service"]),
      given: JSON.stringify(asked),
      allowed: "a service of this stack that has a port and a route of its own, such as /oauth2",
      fix:
        service === undefined
          ? correction(asked, Object.keys(config.services), "add it under services, or correct the name")
          : "give it a route",
    },
  ];
}
