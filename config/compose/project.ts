/** A compose file, read, with all that its conversion looks at. */
import { isOneShot } from "./one-shot";
import { dockerfileFacts, type ImageFacts } from "./dockerfile";
import type { DataServer } from "./data";
import { Hidden } from "./hidden";
import { interpolateAll, type LookUp } from "./interpolate";
import { assignNames, assignServiceNames } from "./names";
import { caddyRoutes, nginxRoutes, type ProxyRoute } from "./nginx";
import { isNginx, repositoryOf, roleOf, type Role } from "./roles";
import { readService, type ComposeService } from "./service";
import { tree, type Tree } from "../../hardening/tree";
import { text } from "./tree";
import { identifierCheck } from "../values/database";

/** Files beside the compose file. */
export interface ComposeFiles {
  /** A file's text; undefined where there is no such file. */
  readonly read: (path: string) => string | undefined;
  /** The names in a directory; empty where there is none. */
  readonly list: (path: string) => readonly string[];
}

/** What the engine knows of an image. */
export interface EngineFacts extends ImageFacts {
  /** `sha256:…` */
  readonly digest?: string;
}

export interface ProjectArgs {
  /** The model of all files together, its variables as they are. */
  readonly model: Tree;
  readonly lookUp: LookUp;
  readonly files: ComposeFiles;
  /** Profiles whose services are taken over. */
  readonly profiles: readonly string[];
}

export interface Member {
  readonly service: ComposeService;
  /** In the stack. */
  readonly name: string;
  readonly role: Role;
  readonly oneShot: boolean;
  /** Of the image that the compose file builds. */
  readonly built: ImageFacts;
}

export interface ComposeProject {
  readonly hidden: Hidden;
  readonly members: readonly Member[];
  /** Left out, because no chosen profile has them. */
  readonly unchosen: readonly ComposeService[];
  readonly servers: readonly DataServer[];
  /** From the proxies of the compose file to its services. */
  readonly proxyRoutes: readonly ProxyRoute[];
  /** Services with an application behind a proxy whose configuration could not be read. */
  readonly frontedBy: ReadonlyMap<string, string>;
  readonly volumeNames: ReadonlyMap<string, string>;
  readonly secrets: Tree;
  readonly configs: Tree;
}

export function readProject({ model, lookUp, files, profiles }: ProjectArgs): ComposeProject {
  const hidden = new Hidden();
  const whole = tree(interpolateAll(model, lookUp, hidden));
  const raw = tree(model["services"]);
  const read = Object.keys(raw)
    .sort()
    .map((name) =>
      readService({ name, service: tree(tree(whole["services"])[name]), lookUp, hidden, read: files.read }),
    );
  hidden.addPublicWords(publicWords(read));
  const chosen = read.filter(
    (service) =>
      service.profiles.length === 0 ||
      service.profiles.some((profile) => profiles.includes(profile) || profiles.includes("*")),
  );
  const facts = new Map(chosen.map((service) => [service.name, builtFacts(service, files)]));
  const names = assignServiceNames(chosen.map(({ name }) => name));
  const routesOf = new Map(chosen.map((service) => [service.name, proxyConfig(service, files)]));
  const members = chosen.map((service): Member => {
    const built = facts.get(service.name) ?? {};
    const routes = routesOf.get(service.name) ?? [];
    return {
      service,
      name: names.get(service.name) ?? service.name,
      role: roleOf(service, frontsOthers({ service, built, routes, chosen })),
      oneShot: isOneShot(service, chosen),
      built,
    };
  });
  const edges = members.filter(({ role }) => role.kind === "edge").map(({ service }) => service);
  const proxyRoutes = edges.flatMap((service) => routesOf.get(service.name) ?? []);
  return {
    hidden,
    members,
    unchosen: read.filter((service) => !chosen.includes(service)),
    servers: dataServers(members),
    proxyRoutes,
    frontedBy: fronted(members, edges, proxyRoutes),
    volumeNames: assignNames([
      ...new Set(
        chosen.flatMap(({ mounts }) => mounts.flatMap(({ kind, source }) => (kind === "volume" ? [source] : []))),
      ),
    ]),
    secrets: tree(whole["secrets"]),
    configs: tree(whole["configs"]),
  };
}

const publicWords = (services: readonly ComposeService[]): string[] =>
  services.flatMap(({ name, image, aliases, environment }) => [
    name,
    ...aliases,
    ...(image === undefined ? [] : [repositoryOf(image), ...repositoryOf(image).split("/")]),
    ...[...environment].flatMap(([key, value]) => (/(?:USER(?:NAME)?|_DB|DATABASE|NAME)$/.test(key) ? [value] : [])),
  ]);

function builtFacts({ build }: ComposeService, files: ComposeFiles): ImageFacts {
  if (build === undefined || build.context === "") return {};
  const path = build.dockerfile.startsWith("/") ? build.dockerfile : `${build.context}/${build.dockerfile}`;
  const source = files.read(path);
  return source === undefined ? {} : dockerfileFacts(source, build.target);
}

/** The proxy configuration that a service mounts, or that its image is built from. */
function proxyConfig(service: ComposeService, { read, list }: ComposeFiles): ProxyRoute[] {
  const mounted = service.mounts
    .filter(({ kind, target }) => kind === "host" && /nginx|conf\.d|templates|Caddyfile|caddy/i.test(target))
    .map(({ source }) => source);
  const built =
    service.build === undefined || !/nginx|proxy|caddy|gateway/i.test(`${service.name} ${service.build.context}`)
      ? []
      : [service.build.context];
  const paths = [...mounted, ...built].flatMap((path) => [
    path,
    ...list(path).map((name) => `${path}/${name}`),
    ...list(`${path}/conf.d`).map((name) => `${path}/conf.d/${name}`),
  ]);
  return paths.flatMap((path) => {
    const caddy = /Caddyfile$/.test(path);
    if (!caddy && !/\.(?:conf|template|tmpl|tpl)$|nginx\.conf/.test(path)) return [];
    const source = read(path);
    return source === undefined ? [] : caddy ? caddyRoutes(source) : nginxRoutes(source);
  });
}

interface FrontArgs {
  readonly service: ComposeService;
  readonly built: ImageFacts;
  readonly routes: readonly ProxyRoute[];
  readonly chosen: readonly ComposeService[];
}

/**
 * An nginx passes on where its configuration says so,
 * or where it stands at port 80 before services and mounts no pages.
 */
function frontsOthers({ service, built, routes, chosen }: FrontArgs): boolean {
  const aliases = chosen.filter((other) => other !== service).flatMap((other) => other.aliases);
  const passes = routes.some(({ target }) => aliases.includes(target));
  const pages = service.mounts.some(({ target }) =>
    /\/(?:html|www|htdocs|public|static|dist|build)(?:\/|$)/.test(target),
  );
  const whole = routes.some(({ path, target }) => path === "/" && aliases.includes(target));
  if (service.build !== undefined) return passes && built.onlyConfiguration === true;
  if (!isNginx(service)) return false;
  if (passes) return !pages || whole;
  const front = service.ports.some(({ published }) => published === 80 || published === 443);
  return front && !pages && service.dependsOn.size > 0 && !phpBehind(service, chosen);
}

/** PHP-FPM speaks FastCGI: the nginx before it is part of the application. */
const phpBehind = (service: ComposeService, chosen: readonly ComposeService[]): boolean =>
  chosen.some(
    (other) =>
      service.dependsOn.has(other.name) &&
      (/php|fpm/i.test(`${other.name} ${other.image ?? ""}`) || other.exposed.includes(9000)),
  );

function fronted(
  members: readonly Member[],
  edges: readonly ComposeService[],
  routes: readonly ProxyRoute[],
): Map<string, string> {
  if (routes.length > 0) return new Map();
  const behind = edges.flatMap((edge) =>
    edge.ports.length === 0 ? [] : [...edge.dependsOn.keys()].map((name) => [name, edge.name] as const),
  );
  return new Map(
    behind.filter(([name]) =>
      members.some(({ service, role }) => service.name === name && role.kind === "application"),
    ),
  );
}

/** The databases of the compose file's Postgres servers become databases of the stack's one Postgres. */
function dataServers(members: readonly Member[]): DataServer[] {
  const taken = new Set<string>();
  return members.flatMap(({ service, role, name }): DataServer[] => {
    if (role.kind === "redis") return [{ kind: "redis", service, database: "" }];
    if (role.kind !== "postgres") return [];
    const given = [
      service.environment.get("POSTGRES_DB"),
      service.environment.get("POSTGRESQL_DATABASE"),
      service.environment.get("POSTGRES_USER"),
    ];
    const candidates = [
      ...given.flatMap((one) => (one === undefined ? [] : [one.toLowerCase().replaceAll("-", "_")])),
      taken.size === 0 ? "app" : name.replaceAll("-", "_"),
    ];
    const database =
      candidates.find((one) => identifierCheck(one) === undefined && !taken.has(one)) ?? `app${taken.size}`;
    taken.add(database);
    return [{ kind: "postgres", service, database }];
  });
}

/** The text of a top-level secret's or config's key, such as `file`. */
export const grantField = (block: Tree, name: string, field: string): string | undefined =>
  text(tree(block[name])[field]);
