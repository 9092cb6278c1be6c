/** A configuration as a flat list of values, each under a path that stays the same when a list's order changes. */
import { caNames } from "../../config";
import type { DataUser, LoadedConfig, RouteConfig, SecretSpec, ServiceConfig } from "../../config";
import { appArmorText, cacheText, canaryText, dangerText, seccompText, secretSource } from "../summary/programs";
import { headerStates, headerText, type HeaderState } from "../summary/headers";
import { rateText, routeName } from "../summary/routes";
import { commandLine, imageName, shown } from "../summary/show";
import { certificatesText, clientsText } from "../summary/stack";
import { isTree } from "../../hardening/tree";

export interface Leaf {
  /** As a person finds it in the stack's file: `services.api.routes[app.example.com/api].rateLimit`. */
  readonly path: string;
  /** What it is, whatever its name: `route.rateLimit`. */
  readonly kind: string;
  /** The last part of the path. */
  readonly key: string;
  /** The thing that it is a part of and that may be there or not, as a path; empty at the top. */
  readonly group: string;
  readonly value: unknown;
  /** Never a secret's value. */
  readonly text: string;
}

/** Where a value is: its path, what it is, the last part of its path, and the thing that it belongs to. */
type Place = Pick<Leaf, "path" | "kind" | "key" | "group">;

/** Another name for a route, by service and name: a route that has moved is still the same. */
export type RouteAlias = (service: string, route: string) => string;

type Fields = Readonly<Record<string, unknown>>;

/** Objects whose keys are names, and not fields. */
const RECORDS = [
  "database.backups.credentials",
  "database.databases",
  "edge.clientCertificates",
  "edge.maintenance",
  "images",
  "logging.sink.loki.headers",
  "logging.sink.otlp.headers",
  "jobs",
  "program.canary.environment",
  "program.environment",
  "program.secrets",
  "registries",
  "rotation.redis",
  "rotation.roles",
  "services",
];

/** Lists of things that have a name, and which of their fields make it. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  "database.elevations": ["who"],
  "database.tenancy.exceptions": ["object"],
  "database.databases.*.tenancy.exceptions": ["object"],
  exceptions: ["rule", "scope"],
  signatures: ["match"],
  "program.confinement.capabilities": ["add"],
  "program.tmpfs": ["path"],
  "program.volumes": ["path"],
};

/** Lists whose order counts: one value each. */
const SEQUENCES = ["program.command", "program.entrypoint", "program.healthCheck.command"];

/** Things that may be there or not. Where one comes or goes, its fields are not listed one by one. */
const GROUPS = [
  "database.backups",
  "database.databases.*",
  "database.elevations.*",
  "database.tenancy",
  "exceptions.*",
  "signatures.*",
  "logging.sink",
  "logging.sink.builtin.surface",
  "logging.sink.builtin.surface.access",
  "logging.sink.builtin.surface.access.basicAuth",
  "logging.sink.builtin.surface.access.forwardAuth",
  "monitoring",
  "monitoring.email",
  "monitoring.ntfy",
  "monitoring.webhook",
  "program",
  "program.canary",
  "program.confinement.capabilities.*",
  "program.confinement.writableRoot",
  "program.secretsInEnvironment",
  "program.tmpfs.*",
  "program.tmpfs.*.exec",
  "program.volumes.*",
  "route",
  "route.access",
  "route.access.basicAuth",
  "route.access.forwardAuth",
  "route.cors",
];

/** Values that are judged and shown as one, by what they are. */
const WHOLE: Readonly<Record<string, (value: unknown, place: Place) => string>> = {
  certificates: (value) => certificatesText(value as LoadedConfig["certificates"]),
  "edge.clientCertificates.*": (value) => clientsText(value as LoadedConfig["edge"]["clientCertificates"][string]),
  "logging.sink.fluentd.ca": (value) => caNames(String(value)).join(" and "),
  "logging.sink.loki.ca": (value) => caNames(String(value)).join(" and "),
  "logging.sink.otlp.ca": (value) => caNames(String(value)).join(" and "),
  "logging.sink.syslog.ca": (value) => caNames(String(value)).join(" and "),
  "program.cache": (value, { path }) => cacheText(value as DataUser["cache"], path.split(".")[1] ?? ""),
  "program.confinement.appArmor": (value) =>
    withReason(appArmorText(value as ServiceConfig["confinement"]["appArmor"]), value),
  "program.confinement.seccomp": (value) =>
    withReason(seccompText(value as ServiceConfig["confinement"]["seccomp"]), value),
  "program.secrets.*": (value) => secretSource(value as SecretSpec),
  "program.user": (value) => (typeof value === "string" ? value : withReason("root", value)),
  "route.contentTypes": (value) => (value as readonly string[]).join(", "),
  "route.methods": (value) => (value as readonly string[]).join(", "),
  "route.rateLimit": (value) => rateText(value as RouteConfig["rateLimit"]),
};

/** A weakening that carries its reason by itself. */
function withReason(text: string, value: unknown): string {
  const reason = isTree(value) ? (value["unconfined"] ?? value["root"]) : undefined;
  return typeof reason === "string" ? `${text}: ${shown(reason)}` : text;
}

/** A profile that is written in full is the same as by its name. */
const normal = (value: unknown, { kind }: Place): unknown =>
  kind === "program.confinement.seccomp" && isTree(value) && value["complain"] === false ? value["profile"] : value;

/** Every value of a configuration, defaults included. */
export function leavesOf(config: LoadedConfig, alias: RouteAlias = (_service, route) => route): Leaf[] {
  // What the command line names, and no change of the stack's.
  const { stack, ...rest } = config;
  void stack;
  return fieldsOf(rest, { path: "", kind: "", key: "", group: "" }, alias);
}

type DockerApiConfig = NonNullable<ServiceConfig["dockerApi"]>;

function fieldsOf(fields: Fields, place: Place, alias: RouteAlias): Leaf[] {
  return Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : leavesAt(value, below(place, key), alias),
  );
}

/** The values of one route, under paths of its own. */
export const routeLeaves = (route: RouteConfig): Leaf[] =>
  fieldsOf(route, { path: "", kind: "route", key: "", group: "" }, (_service, name) => name);

/** A service, a job and the migration are programs. */
function below({ path, kind, group }: Place, key: string): Place {
  const joined = kind === "" ? key : `${kind}.${RECORDS.includes(kind) ? "*" : key}`;
  const named = joined === "services.*" || joined === "jobs.*" || joined === "migration" ? "program" : joined;
  return { path: path === "" ? key : `${path}.${key}`, kind: named, key, group };
}

const member = ({ path, kind, group }: Place, key: string): Place => ({
  path: `${path}[${key}]`,
  kind: kind === "program.routes" ? "route" : `${kind}.*`,
  key,
  group,
});

function leavesAt(value: unknown, place: Place, alias: RouteAlias): Leaf[] {
  const whole = WHOLE[place.kind];
  if (whole !== undefined) return [{ ...place, value: normal(value, place), text: whole(value, place) }];
  if (Array.isArray(value)) return listLeaves(value as unknown[], place, alias);
  if (!isTree(value)) return [{ ...place, value, text: scalarText(value, place) }];
  if (place.kind === "route.headers") return headerLeaves(value as RouteConfig["headers"], place);
  if (place.kind === "program.dockerApi") return grantLeaves(value as unknown as DockerApiConfig, place, alias);
  if (!GROUPS.includes(place.kind)) return fieldsOf(value, place, alias);
  return [
    { ...place, value: true, text: groupText(value, place.kind) },
    ...fieldsOf(value, { ...place, group: place.path }, alias),
  ];
}

function listLeaves(list: readonly unknown[], place: Place, alias: RouteAlias): Leaf[] {
  if (SEQUENCES.includes(place.kind)) return [{ ...place, value: list, text: commandLine(list.map(String)) }];
  if (place.kind === "program.routes") {
    const service = place.path.split(".")[1] ?? "";
    return (list as RouteConfig[]).flatMap((route) =>
      leavesAt(route, member(place, alias(service, routeName(route))), alias),
    );
  }
  const name = NAMED[place.kind];
  return list.flatMap((item) => {
    if (name !== undefined && isTree(item))
      return leavesAt(item, member(place, name.map((field) => String(item[field])).join(" for ")), alias);
    const text = String(item);
    const permission = place.kind === "program.dockerApi";
    return [
      {
        ...member(place, permission ? text : shown(text)),
        value: item,
        text: permission ? dangerText(item as DockerApiConfig["permissions"][number]) : shown(text),
      },
    ];
  });
}

/** A permission stands right under `dockerApi`, whichever of the lists grants it. */
const grantLeaves = ({ permissions, ...rest }: DockerApiConfig, place: Place, alias: RouteAlias): Leaf[] => [
  ...listLeaves(permissions, place, alias),
  ...fieldsOf(rest, place, alias),
];

const headerLeaves = (headers: RouteConfig["headers"], place: Place): Leaf[] =>
  Object.entries(headerStates(headers)).map(([name, state]: [string, HeaderState]) => ({
    ...member(place, name),
    value: state,
    text: headerText(state),
  }));

function scalarText(value: unknown, { kind, key }: Place): string {
  const text = String(value);
  if (["program.image", "program.canary.image", "images.*"].includes(kind)) return imageName(text);
  return shown(text, /^program\.(?:canary\.)?environment/.test(kind) ? key : undefined);
}

/** What stands for a whole thing that comes or goes. */
function groupText(value: Fields, kind: string): string {
  if (kind === "program") return imageName(String(value["image"]));
  if (kind === "program.canary") {
    const canary = value as unknown as NonNullable<ServiceConfig["canary"]>;
    return `${imageName(canary.image)}, ${canaryText(canary)}`;
  }
  if (kind === "logging.sink") return Object.keys(value).find((key) => value[key] !== undefined) ?? "none";
  if (kind === "program.volumes.*" && "hostPath" in value) return `${String(value["hostPath"])} of the host`;
  const reason = value["reason"];
  return typeof reason === "string" ? shown(reason) : "there";
}
