/** What somebody has yet to fill in: example hosts and addresses in production. */
import { acmeOf } from "../certificates";
import { sinkOf, surfaceRoute } from "../sinks";
import { SURFACE } from "./hosts";
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import { isOriginName } from "../values/edge";
import { isExampleAddress, isExampleHost } from "../values/examples";
import type { ShowPath } from "./check";
import { canaries, programs } from "./programs";

export interface Placeholder {
  readonly path: readonly PropertyKey[];
  /** The host or the address, as it stands there. */
  readonly value: string;
  /** What of it is an example's. */
  readonly kind: "address" | "host";
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname : "");

/** The host of a repository of restic's. */
const repositoryHost = (repository: string): string =>
  /^sftp:(?:\/\/)?[^@]*@([^:/]+)/.exec(repository)?.[1] ?? hostOf(repository.replace(/^(?:s3|rest):/, ""));

/** Hosts and addresses of examples, in the order of the configuration. */
export function placeholders(config: StackConfig): Placeholder[] {
  const { acmeEmail, certificates, database } = config;
  const found: Placeholder[] = [];
  const note = (path: readonly PropertyKey[], value: string, host: string): void => {
    if (isExampleAddress(host)) found.push({ path, value, kind: "address" });
    else if (isExampleHost(host)) found.push({ path, value, kind: "host" });
  };
  if (acmeEmail !== undefined) note(["acmeEmail"], acmeEmail, acmeEmail.split("@").at(-1) ?? "");
  if (typeof certificates === "object" && "directory" in certificates && certificates.directory !== undefined)
    note(["certificates", "directory"], certificates.directory, hostOf(certificates.directory));
  note(["edge", "listenAddress"], config.edge.listenAddress, config.edge.listenAddress);
  for (const [index, proxy] of config.edge.trustedProxies.entries())
    note(["edge", "trustedProxies", index], proxy, proxy);
  for (const [name, { routes }] of Object.entries(config.services))
    for (const [index, { host, cors, access }] of routes.entries()) {
      const at = ["services", name, "routes", index];
      note([...at, "host"], host, host);
      for (const [place, origin] of (cors?.allowedOrigins ?? []).entries())
        note([...at, "cors", "allowedOrigins", place], origin, hostOf(origin));
      for (const [place, source] of (access?.sources ?? []).entries())
        note([...at, "access", "sources", place], source, source);
    }
  for (const [path, host] of receivers(config)) note(path, host, host.split("@").at(-1) ?? "");
  const surface = surfaceRoute(config);
  if (surface !== undefined) {
    note([...SURFACE, "host"], surface.host, surface.host);
    for (const [place, source] of (surface.access?.sources ?? []).entries())
      note([...SURFACE, "access", "sources", place], source, source);
  }
  for (const [at, { environment }] of [...programs(config), ...canaries(config)])
    for (const [name, value] of Object.entries(environment))
      if (isOriginName(name))
        for (const url of value.split(/[\s,;]+/)) note([...at, "environment", name], url, hostOf(url));
  if (database.backups !== false) {
    const { repository } = database.backups;
    note(["database", "backups", "repository"], repository, repositoryHost(repository));
  }
  return found;
}

/** Hosts to which alerts and logs go, and name servers that are asked. */
function receivers(config: StackConfig): (readonly [path: readonly PropertyKey[], host: string])[] {
  const email = typeof config.monitoring === "object" ? config.monitoring.email : undefined;
  const sink = sinkOf(config);
  const at = ["logging", "sink", sink?.kind ?? ""];
  const resolvers = acmeOf(config.certificates)?.dns?.resolvers ?? [];
  return [
    ...resolvers.map((one, index) => [["certificates", "dns", "resolvers", index], hostPart(one)] as const),
    ...(email === undefined
      ? []
      : ([
          ...email.to.map((one, index) => [["monitoring", "email", "to", index], one] as const),
          [["monitoring", "email", "from"], email.from],
          [["monitoring", "email", "server"], hostPart(email.server)],
        ] as const)),
    ...(sink !== undefined && "server" in sink ? [[[...at, "server"], hostPart(sink.server)] as const] : []),
    ...(sink !== undefined && "url" in sink ? [[[...at, "url"], hostOf(sink.url)] as const] : []),
  ];
}

/** Of `host:port`, `[address]:port`, or an address. */
const hostPart = (text: string): string => /^\[([^\]]*)\]/.exec(text)?.[1] ?? text.replace(/:\d+$/, "");

/**
 * Faults of a production stack that has placeholders. A sample (`rampart:sample: true`) may have them until it is
 * deployed.
 * @param deploys Whether the stack is about to be deployed, and not only looked at.
 */
export function placeholderFaults(config: StackConfig, show: ShowPath, deploys: boolean): Fault[] {
  if (config.environment !== "prod" || (config.sample && !deploys)) return [];
  const fix = config.sample ? "replace it by your own, and remove rampart:sample" : "replace it by your own";
  return placeholders(config).map(({ path, value, kind }) => ({
    path: show(path),
    given: `${JSON.stringify(value)}, which is ${kind === "host" ? "a host" : "an address"} of examples`,
    allowed: kind === "host" ? "a name of your own in production" : "an address of your own in production",
    fix,
  }));
}
