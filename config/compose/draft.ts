/** One service, or the migration, of the stack's file, as far as a compose file tells it. */
import { fillIn } from "../places";
import { userCheck } from "../values/program";
import { GRANTABLE_CAPABILITIES } from "../schema";
import { insertDefined } from "./insert";
import { draftEnvironment, type SecretKey } from "./environment";
import { draftHealth } from "./health";
import { draftImage, factsOf } from "./image";
import { isMarked } from "./hidden";
import { draftMounts } from "./mounts";
import type { DraftContext, Remarks } from "./draft-types";
import { foreignProtocol } from "./ports";
import type { EngineFacts, Member } from "./project";
import { knownImage, isNginx } from "./roles";
import { webPort, type ServiceRoutes } from "./routes";
import { clamp } from "./words";

export interface Draft extends Remarks {
  readonly member: Member;
  readonly name: string;
  readonly path: readonly string[];
  readonly config: Record<string, unknown>;
  readonly secretKeys: readonly SecretKey[];
  /** Of its routes, as a person opens them. */
  readonly urls: readonly string[];
}

export interface DraftArgs {
  readonly member: Member;
  readonly context: DraftContext;
  readonly kind: "service" | "migration";
}

export function serviceDraft({ member, context, kind }: DraftArgs): Draft {
  const { service, name } = member;
  const remarks: Remarks = { comments: [], instead: [], weaker: [], check: [], copies: [] };
  const parts = { member, context, remarks, services: [service.name] };
  const facts = factsOf(member, context.images);
  const routes = kind === "service" ? context.routes.get(service.name) : undefined;
  const port = kind === "service" ? portOf(member, routes, facts) : undefined;
  const variables = draftEnvironment({
    ...parts,
    facts,
    port: typeof port === "number" ? port : undefined,
    job: kind === "migration",
  });
  const mounts = draftMounts(parts);
  const health =
    kind === "service" ? draftHealth({ ...parts, port }) : { config: undefined, startTimeoutSeconds: undefined };
  const config: Record<string, unknown> = {};
  insertDefined(config, {
    image: draftImage(parts),
    ...variables.program,
    user: userOf(member, facts, remarks),
    port,
    routes:
      routes === undefined || routes.routes.length === 0
        ? undefined
        : routes.routes.map(({ host, pathPrefix, maxBodyMiB }) =>
            insertDefined({}, { host, pathPrefix: pathPrefix === "/" ? undefined : pathPrefix, maxBodyMiB }),
          ),
    replicas: kind === "service" ? replicasOf(service.replicas) : undefined,
    healthCheck: health.config,
    startTimeoutSeconds: health.startTimeoutSeconds,
    stopGraceSeconds:
      service.stopGraceSeconds === undefined || Math.round(service.stopGraceSeconds) === 10
        ? undefined
        : clamp(Math.round(service.stopGraceSeconds), 1, 600),
    ...(kind === "service"
      ? { data: variables.data, database: variables.database, cache: variables.cache, dockerApi: mounts.dockerApi }
      : {}),
    environment: variables.environment,
    secrets: variables.secrets,
    secretsInEnvironment: variables.secretsInEnvironment,
    volumes: mounts.volumes,
    tmpfs: mounts.tmpfs,
    confinement: confinementOf(member, remarks),
    resources: resourcesOf(member),
  });
  remarkPorts(member, port, remarks);
  if (name !== service.name && kind === "service")
    remarks.check.push({
      services: parts.services,
      about: `the name ${name}`,
      text:
        "other services reach it by this name; variables say so already, " +
        "configuration files and defaults of programs do not",
    });
  remarkRoutes(member, routes, remarks);
  if (kind === "service" && (service.replicas ?? 1) > MOST_REPLICAS)
    remarks.instead.push({
      services: [service.name],
      about: `replicas ${service.replicas}`,
      text: `a service has at most ${MOST_REPLICAS} containers`,
    });
  if (service.networkMode !== undefined && service.networkMode !== "bridge")
    remarks.instead.push({
      services: [service.name],
      about: `network_mode ${service.networkMode.split(":")[0] ?? ""}`,
      text: "no container shares a network namespace; networks follow from routes, data, cache and egress",
    });
  const urls = (routes?.routes ?? [])
    .filter(({ host }) => !host.includes("FILL IN"))
    .map(
      ({ host, pathPrefix }) =>
        `https://${host}${context.environment === "dev" ? ":8443" : ""}${pathPrefix === "/" ? "" : pathPrefix}`,
    );
  return {
    ...remarks,
    member,
    name,
    path: kind === "service" ? ["services", name] : ["migration"],
    config,
    secretKeys: variables.secretKeys,
    urls,
  };
}

/** Containers of a service; source: config/schema/service.ts. */
const MOST_REPLICAS = 16;

/** Where there is more than one container. */
const replicasOf = (given = 1): number | undefined => (given > 1 ? Math.min(given, MOST_REPLICAS) : undefined);

/** The port that the program listens on; a text that says what to fill in where it is a privileged one. */
function portOf(member: Member, routes: ServiceRoutes | undefined, facts: EngineFacts): number | string | undefined {
  const { service } = member;
  const known = knownImage(service.image);
  const routed = (routes?.routes.length ?? 0) > 0;
  if (known.environment !== undefined && known.port !== undefined) return known.port;
  const [exposed] = service.exposed;
  const given =
    routes?.port ??
    webPort(member) ??
    exposed ??
    known.port ??
    healthPort(member) ??
    (routed || service.health === undefined
      ? facts.ports?.find((port) => foreignProtocol(port) === undefined)
      : undefined);
  if (given === undefined) return routed ? fillIn("the port of 1024 or above on which the program listens") : undefined;
  if (given >= 1024) return given;
  if (isNginx(service) && service.build === undefined && /nginx/.test(service.image ?? "")) return 8080;
  return fillIn(
    "the port of 1024 or above on which the program listens; " +
      `in the compose file it is ${given}, which a program without capabilities cannot open`,
  );
}

/** A health check that asks a port of the container names the port. */
function healthPort({ service }: Member): number | undefined {
  const line = (service.health?.test ?? []).join(" ");
  const port = Number(/(?:localhost|127\.0\.0\.1|0\.0\.0\.0):(\d{2,5})\b/.exec(line)?.[1] ?? 0);
  return port >= 1 && port <= 65_535 && foreignProtocol(port) === undefined ? port : undefined;
}

function userOf({ service }: Member, facts: EngineFacts, { comments, weaker, check }: Remarks): unknown {
  const services = [service.name];
  const given = service.user === undefined || service.user === "" ? undefined : service.user;
  const numeric = /^(\d+)(?::(\d+))?$/.exec(given ?? facts.user ?? "");
  if (given !== undefined && isMarked(given))
    return fillIn("uid:gid of the program, both numeric and neither 0, such as 1000:1000");
  if (given !== undefined && /^(?:root|0)(?::|$)/.test(given)) {
    weaker.push({
      services,
      about: "user root",
      text: "runs as root without capabilities, as `user` of the compose file says",
    });
    return { root: "the compose file runs it as root: see whether another user will do" };
  }
  if (numeric !== null) {
    const [, uid = "", gid] = numeric;
    const user = `${uid}:${gid === undefined || gid === "0" ? uid : gid}`;
    if (userCheck(user) === undefined) return user === "1000:1000" ? undefined : user;
  }
  if (given !== undefined) {
    const named = NAMED_USERS[given.split(":")[0] ?? ""];
    return (
      named ??
      fillIn(
        "uid:gid of the image's user " +
          `${/^[\w.-]+$/.test(given.split(":")[0] ?? "") ? (given.split(":")[0] ?? "") : ""}, both numeric`,
      )
    );
  }
  const known =
    knownImage(service.image).user ??
    (isNginx(service) && service.build === undefined ? "101:101" : undefined) ??
    NAMED_USERS[facts.user?.split(":")[0] ?? ""];
  if (known !== undefined) return known === "1000:1000" ? undefined : known;
  if (facts.user === undefined) {
    comments.push({ path: [], text: "Runs as 1000:1000: give `user` if the image has another one." });
    check.push({
      services,
      about: "user",
      text:
        "runs as 1000:1000, with a read-only root file system and no capabilities; " +
        "the image may want another `user`, a `tmpfs`, or `confinement.writableRoot`",
    });
  }
  return undefined;
}

/** Users of common base images by their names. */
const NAMED_USERS: Readonly<Record<string, string>> = {
  node: "1000:1000",
  nobody: "65534:65534",
  "www-data": "33:33",
  nginx: "101:101",
  nonroot: "65532:65532",
};

function confinementOf({ service }: Member, { weaker, instead }: Remarks): Record<string, unknown> | undefined {
  const services = [service.name];
  const capabilities: { add: string; reason: string }[] = [];
  for (const given of service.capAdd) {
    const add = `CAP_${given.toUpperCase().replace(/^CAP_/, "")}`;
    if (!(GRANTABLE_CAPABILITIES as readonly string[]).includes(add)) {
      instead.push({
        services,
        about: `cap_add ${/^\w+$/.test(given) ? given : ""}`,
        text: "no container is given it: it amounts to root on the host, or reaches into other containers",
      });
      continue;
    }
    if (capabilities.some((one) => one.add === add)) continue;
    capabilities.push({ add, reason: "cap_add of the compose file: see whether it is still needed" });
    weaker.push({ services, about: `cap_add ${given}`, text: "keeps the capability" });
  }
  return capabilities.length === 0 ? undefined : { capabilities };
}

function resourcesOf({ service }: Member): Record<string, unknown> | undefined {
  const known = knownImage(service.image);
  const memory = service.memoryMiB ?? known.memoryMiB;
  const resources = insertDefined(
    {},
    {
      memoryMiB: memory === undefined ? undefined : clamp(memory, 16, 1_048_576),
      cpus: service.cpus === undefined ? undefined : clamp(Math.round(service.cpus * 100) / 100, 0.05, 512),
      pids: service.pids === undefined ? undefined : clamp(Math.round(service.pids), 4, 32_768),
    },
  );
  return Object.keys(resources).length === 0 ? undefined : resources;
}

function remarkPorts({ service }: Member, port: number | string | undefined, { instead }: Remarks): void {
  for (const { target, published, protocol } of service.ports) {
    if (
      target === port ||
      (typeof port !== "number" &&
        foreignProtocol(target) === undefined &&
        protocol === "tcp" &&
        service.ports.length === 1)
    )
      continue;
    if (port === 8080 && (target === 80 || target === 443)) continue;
    const what = foreignProtocol(target);
    const text =
      protocol === "udp"
        ? "the edge serves HTTP over TCP only"
        : what === undefined
          ? "a service has one port; give the other one a service of its own where it has to be reached"
          : /^(?:SSH|FTP|SMTP|IMAP|POP3|DNS|MQTT|LDAP|a game)$/.test(what)
            ? `the edge serves HTTP only, not ${what}`
            : `data ports are never published (${what})`;
    instead.push({
      services: [service.name],
      about: `ports ${published ?? target}${protocol === "udp" ? "/udp" : ""}`,
      text,
    });
  }
}

function remarkRoutes(
  { service }: Member,
  routes: ServiceRoutes | undefined,
  { instead, check, comments }: Remarks,
): void {
  const services = [service.name];
  for (const path of new Set(routes?.stripped ?? [])) {
    comments.push({
      path: ["routes"],
      text: `The proxy took ${path} away; Rampart passes the whole path on: see that the program takes it.`,
    });
    check.push({
      services,
      about: `path ${path}`,
      text: "the proxy took the prefix away, Rampart passes the whole path on: tell the program its base path",
    });
  }
  const proxy = [...service.labels.keys()].some((name) => /^traefik\.http\.middlewares\./i.test(name));
  if (proxy)
    instead.push({
      services,
      about: "Traefik's middlewares",
      text: "limits, headers and CORS are keys of the route (docs/edge.md); there is no basic authentication",
    });
  const other = [...service.labels.keys()].some((name) => !/^(?:traefik|caddy)/i.test(name));
  if (other) instead.push({ services, about: "labels", text: "labels are Rampart's own" });
  if ((routes?.routes.length ?? 0) > 0)
    check.push({
      services,
      about: "uploads",
      text: "a request body may have 1 MiB: raise `maxBodyMiB` of the route for uploads",
    });
}
