/** Which services the edge serves, under which names. */
import type { Environment } from "../environment";
import { hostCheck, isOriginName } from "../values/edge";
import { isExampleHost } from "../values/examples";
import { isPublicHost } from "../values/hosts";
import { fillIn } from "../places";
import { isMarked, unsetNames } from "./hidden";
import { labelRoutes, variableRoutes } from "./labels";
import { foreignProtocol, isDataPort } from "./ports";
import type { ComposeProject, Member } from "./project";
import { knownImage } from "./roles";

export interface RouteDraft {
  readonly host: string;
  readonly pathPrefix: string;
  readonly maxBodyMiB: number | undefined;
}

export interface ServiceRoutes {
  readonly routes: readonly RouteDraft[];
  /** The port that a label or a proxy names. */
  readonly port: number | undefined;
  /** Prefixes that the proxy took away, and Rampart does not. */
  readonly stripped: readonly string[];
  /** Whether the host was made up. */
  readonly guessed: boolean;
}

const NO_ROUTES: ServiceRoutes = { routes: [], port: undefined, stripped: [], guessed: false };

interface Found {
  readonly host: string | undefined;
  readonly path: string;
  readonly port: number | undefined;
  readonly strips: boolean;
  readonly maxBodyMiB?: number | undefined;
}

export function routesByService(project: ComposeProject, environment: Environment): ReadonlyMap<string, ServiceRoutes> {
  const applications = project.members.filter(({ role, oneShot }) => role.kind === "application" && !oneShot);
  const found = new Map(applications.map((member) => [member, declared(member, project)]));
  const shared = sharedHost(
    applications.filter((member) => (found.get(member) ?? []).some(({ host }) => host === undefined)),
  );
  const published = applications.filter(
    (member) => (found.get(member) ?? []).length === 0 && isServed(member, project),
  );
  const claimed = new Set<string>();
  return new Map(
    applications.map((member): [string, ServiceRoutes] => {
      const all = found.get(member) ?? [];
      // Of two services, nobody knows whose address a variable is.
      const only = published.length === 1 && environment !== "dev";
      const own =
        all.length > 0
          ? all
          : isServed(member, project)
            ? [{ host: only ? publicHost(member) : undefined, path: "/", port: undefined, strips: false }]
            : [];
      if (own.length === 0) return [member.service.name, NO_ROUTES];
      const routes = own.flatMap((one): RouteDraft[] => {
        const path = cleanPath(one.path);
        const host = hostOf(one.host, { member, environment, shared: all.length > 0 ? shared : undefined });
        const claim = `${host} ${path ?? ""}`;
        if (path === undefined || claimed.has(claim)) return [];
        claimed.add(claim);
        return [{ host, pathPrefix: path, maxBodyMiB: one.maxBodyMiB }];
      });
      return [
        member.service.name,
        {
          routes,
          port: own.find(({ port }) => port !== undefined)?.port,
          stripped: own.flatMap(({ strips, path }) => (strips ? [path] : [])),
          guessed: own.some(({ host }) => host === undefined),
        },
      ];
    }),
  );
}

const isServed = (member: Member, project: ComposeProject): boolean =>
  publishes(member) || project.frontedBy.has(member.service.name);

/** The one host that a service's own variables give as the application's address: `APP_URL=https://shop.acme.com`. */
function publicHost({ service }: Member): string | undefined {
  const hosts = [...service.environment].flatMap(([name, value]) => {
    if (!isOriginName(name) || isMarked(value) || !/^https:\/\//.test(value) || !URL.canParse(value)) return [];
    const { hostname } = new URL(value);
    return isPublicHost(hostname) && !isExampleHost(hostname) ? [hostname] : [];
  });
  const [host, ...others] = new Set(hosts);
  return others.length === 0 ? host : undefined;
}

/** By labels, by nginx-proxy's variables, or by a proxy's own configuration. */
function declared({ service }: Member, { proxyRoutes }: ComposeProject): Found[] {
  const routes = proxyRoutes.filter(({ target }) => service.aliases.includes(target));
  const named = new Set(routes.flatMap(({ host, path }) => (host === undefined ? [] : [path])));
  return [
    ...labelRoutes(service.labels),
    ...variableRoutes(service.environment),
    // A server block for any host beside one for a host of that name redirects to it.
    ...routes.filter(({ host, path }) => host !== undefined || !named.has(path)),
  ];
}

/** Services behind one proxy without a host name share the host. */
const sharedHost = (members: readonly Member[]): string | undefined => (members.length > 1 ? "app" : members[0]?.name);

/** Whether the host publishes a port of the service that a browser may speak to. */
export function publishes({ service }: Member): boolean {
  if (knownImage(service.image).internalOnly === true) return false;
  return service.ports.some(isWeb) || (service.networkMode === "host" && service.exposed.length > 0);
}

const isWeb = ({ target, protocol }: { readonly target: number; readonly protocol: string }): boolean =>
  protocol === "tcp" && foreignProtocol(target) === undefined && !isDataPort(target);

/** The container's port that the edge speaks to: the first published one that is HTTP. */
export const webPort = ({ service }: Member): number | undefined => service.ports.find(isWeb)?.target;

interface HostArgs {
  readonly member: Member;
  readonly environment: Environment;
  readonly shared: string | undefined;
}

function hostOf(given: string | undefined, { member, environment, shared }: HostArgs): string {
  const name = given?.toLowerCase();
  if (environment === "dev") {
    const label =
      name === undefined || name === "" || isMarked(name)
        ? given === undefined
          ? (shared ?? member.name)
          : member.name
        : name;
    if (/(?:^|\.)localhost$/.test(label) && hostCheck(label, environment) === undefined) return label;
    const first = (label.replace(/^www\./, "").split(".")[0] ?? "").replace(/[^a-z0-9-]/g, "");
    return `${/^[a-z0-9]/.test(first) ? first : member.name}.localhost`;
  }
  if (name !== undefined && !isMarked(name) && hostCheck(name, environment) === undefined) return name;
  const unset = given === undefined ? [] : unsetNames(given);
  const names = unset.map((one) => `$${one}`).join(", ");
  return fillIn(
    `the host name of ${shared ?? member.name}, such as ${shared ?? member.name}.example.com` +
      (unset.length === 0 ? "" : ` (in the compose file ${names}, which is not set)`),
  );
}

/** A path as Rampart takes it; undefined for a pattern. */
function cleanPath(path: string): string | undefined {
  const plain = path.replace(/\/+$/, "") || "/";
  return /^\/[A-Za-z0-9\-._~/]*$/.test(plain) && !/(?:^|\/)\.{1,2}(?:\/|$)/.test(plain) ? plain : undefined;
}
