import { RULES, SECRET_MARKER, type PostureEntry, type Status } from "../hardening/rules";
import type { Plan } from "./evaluate";
import type { RecordedResource } from "./monitor";

/** The contract of `plan --json`: other tools rely on these names. */
export interface PlanJson {
  readonly stack: string;
  readonly resources: readonly {
    readonly type: string;
    readonly name: string;
    readonly parent: string;
    readonly inputs: Readonly<Record<string, unknown>>;
  }[];
  readonly posture: readonly PostureEntry[];
}

export function planJson(plan: Plan): PlanJson {
  return {
    stack: plan.stack,
    resources: plan.resources.map(({ type, name, parent, inputs }) => ({ type, name, parent, inputs })),
    posture: plan.posture,
  };
}

/** The plan as a person reads it: a tree by component, and under it the posture, a line a control. */
export function renderPlan(plan: Plan): string {
  const custom = plan.resources.filter((resource) => resource.custom).length;
  return [
    `Plan of stack "${plan.stack}": ${custom} resources in ${plan.resources.length - custom} components. Nothing was contacted or changed.`,
    "",
    ...tree(plan.resources),
    "",
    ...posture(plan),
    "",
  ].join("\n");
}

function tree(resources: readonly RecordedResource[]): string[] {
  const children = new Map<string, RecordedResource[]>();
  for (const resource of resources) {
    const key = parentKey(resource);
    children.set(key, [...(children.get(key) ?? []), resource]);
  }
  const walk = (key: string, indent: string): string[] => {
    const own = [...(children.get(key) ?? [])].sort(
      (a, b) => Number(b.custom) - Number(a.custom) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    );
    return own.flatMap((resource, index) => {
      const last = index === own.length - 1;
      const line = `${indent}${last ? "└─ " : "├─ "}${describe(resource)}`;
      return [line, ...(resource.custom ? [] : walk(selfKey(resource), `${indent}${last ? "   " : "│  "}`))];
    });
  };
  const roots = [...children.keys()].filter(
    (key) => !resources.some((resource) => !resource.custom && selfKey(resource) === key),
  );
  return roots.flatMap((root) => walk(root, ""));
}

const selfKey = (resource: RecordedResource): string => `${resource.type}::${resource.name}`;
const parentKey = (resource: RecordedResource): string =>
  resource.parent === "" ? "" : `${resource.parentType}::${resource.parent}`;

/** `docker:index/container:Container` to `Container`; the last part is what a reader knows. */
const shortType = (type: string): string => type.split(":").at(-1) ?? type;

function describe(resource: RecordedResource): string {
  const head = `${shortType(resource.type)} ${resource.name}`;
  const detail = details(resource);
  const guard = resource.protect ? "protected" : "";
  const all = [detail, guard].filter((part) => part !== "").join("; ");
  return all === "" ? head : `${head}  ${all}`;
}

function details({ type, inputs }: RecordedResource): string {
  switch (shortType(type)) {
    case "Container":
      return containerDetails(inputs);
    case "Network":
      return `${show(field(first(inputs["ipamConfigs"]), "subnet"))}${inputs["internal"] === true ? ", internal" : ""}`;
    case "RemoteImage":
      return show(inputs["name"]).replace(/@sha256:([0-9a-f]{12})[0-9a-f]*/, "@sha256:$1…");
    case "Role":
      return `at most ${show(inputs["connectionLimit"])} connections, statements ${show(inputs["statementTimeout"])} ms`;
    case "Grant":
    case "DefaultPrivileges":
      return grantDetails(inputs);
    case "RandomPassword":
      return `${show(inputs["length"])} characters, generated`;
    default:
      return "";
  }
}

function containerDetails(inputs: Readonly<Record<string, unknown>>): string {
  if (inputs["start"] === false && inputs["networkMode"] === "none") {
    const files = entries(inputs["uploads"]).map((upload) => show(field(upload, "file")).split("/").at(-1));
    const count = inputs["uploads"] === SECRET_MARKER ? "secret files" : files.join(", ");
    return count === "" ? "" : `writes ${count}`;
  }
  const networks = entries(inputs["networksAdvanced"]).map((network) => show(field(network, "name")));
  const ports = entries(inputs["ports"]).map((port) => `${show(field(port, "ip"))}:${show(field(port, "external"))}`);
  return [
    `user ${show(inputs["user"])}`,
    `${show(inputs["memory"])} MiB, ${show(inputs["cpus"])} CPU`,
    networks.length === 0 ? "" : `on ${networks.join(", ")}`,
    ports.length === 0 ? "" : `publishes ${ports.join(", ")}`,
  ]
    .filter((part) => part !== "")
    .join("; ");
}

function grantDetails(inputs: Readonly<Record<string, unknown>>): string {
  const privileges = entries(inputs["privileges"]).map(show);
  const target = [show(inputs["objectType"]), show(inputs["schema"] ?? inputs["database"])].join(" ");
  return privileges.length === 0
    ? `${show(inputs["role"])}: nothing on ${target}`
    : `${show(inputs["role"])}: ${privileges.join(", ")} on ${target}`;
}

const ORDER: readonly Status[] = ["fail", "accepted", "skip", "pass"];

/** A line a rule where all agree; a line a finding where something is not simply held. */
function posture(plan: Plan): string[] {
  const counts = ORDER.map(
    (status) => `${plan.posture.filter((entry) => entry.status === status).length} ${status}`,
  ).join(", ");
  const lines = RULES.flatMap((rule) => {
    const entries = plan.posture.filter((entry) => entry.id === rule.id);
    if (entries.length === 0) return [];
    const passed = entries.filter((entry) => entry.status === "pass").length;
    const others = grouped(entries.filter((entry) => entry.status !== "pass" || rule.listsHeld === true));
    const summary =
      passed === 0 || rule.listsHeld === true
        ? []
        : [`  pass      ${rule.id.padEnd(28)} ${rule.title} (${passed} of ${entries.length})`];
    return [
      ...summary,
      ...others.map(
        ({ status, message, resources }) => `  ${status.padEnd(9)} ${rule.id.padEnd(28)} ${resources}: ${message}`,
      ),
    ];
  });
  return [`Posture: ${counts}`, ...lines];
}

/** Findings that say the same of several resources stand on one line. */
function grouped(entries: readonly PostureEntry[]): { status: Status; message: string; resources: string }[] {
  const groups = new Map<string, { status: Status; message: string; names: string[] }>();
  for (const entry of entries) {
    const key = `${entry.status}\n${entry.message}`;
    const group = groups.get(key) ?? { status: entry.status, message: entry.message, names: [] };
    group.names.push(entry.resource);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ status, message, names }) => ({
    status,
    message,
    resources: names.length > 3 ? `${names.length} resources` : names.join(", "),
  }));
}

const entries = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
const first = (value: unknown): unknown => entries(value)[0];
const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
const show = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
