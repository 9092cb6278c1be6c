import { SECRET_MARKER } from "../../hardening/rules";
import type { RecordedResource } from "../monitor";
import { fill } from "./page";

/** Every resource under its component. @param width in columns */
export function treeLines(resources: readonly RecordedResource[], width: number): string[] {
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
      const below = `${indent}${last ? "   " : "│  "}`;
      const [first = "", ...more] = fill(describe(resource), width - indent.length - 5);
      return [
        `${indent}${last ? "└─ " : "├─ "}${first}`,
        ...more.map((line) => `${below}  ${line}`),
        ...(resource.custom ? [] : walk(selfKey(resource), below)),
      ];
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
      return textOf(field(first(inputs["ipamConfigs"]), "subnet")) + (inputs["internal"] === true ? ", internal" : "");
    case "RemoteImage":
      return textOf(inputs["name"]).replace(/@sha256:([0-9a-f]{12})[0-9a-f]*/, "@sha256:$1…");
    case "Role":
      return (
        `at most ${textOf(inputs["connectionLimit"])} connections, ` +
        `statements ${textOf(inputs["statementTimeout"])} ms`
      );
    case "Grant":
    case "DefaultPrivileges":
      return grantDetails(inputs);
    case "RandomPassword":
      return `${textOf(inputs["length"])} characters, generated`;
    default:
      return "";
  }
}

function containerDetails(inputs: Readonly<Record<string, unknown>>): string {
  if (inputs["start"] === false && inputs["networkMode"] === "none") {
    const files = entries(inputs["uploads"]).map((upload) => textOf(field(upload, "file")).split("/").at(-1));
    const count = inputs["uploads"] === SECRET_MARKER ? "secret files" : files.join(", ");
    return count === "" ? "" : `writes ${count}`;
  }
  const networks = entries(inputs["networksAdvanced"]).map((network) => textOf(field(network, "name")));
  const ports = entries(inputs["ports"]).map(
    (port) => `${textOf(field(port, "ip"))}:${textOf(field(port, "external"))}`,
  );
  return [
    `user ${textOf(inputs["user"])}`,
    `${textOf(inputs["memory"])} MiB, ${textOf(inputs["cpus"])} CPU`,
    networks.length === 0 ? "" : `on ${networks.join(", ")}`,
    ports.length === 0 ? "" : `publishes ${ports.join(", ")}`,
  ]
    .filter((part) => part !== "")
    .join("; ");
}

function grantDetails(inputs: Readonly<Record<string, unknown>>): string {
  const privileges = entries(inputs["privileges"]).map(textOf);
  const target = [textOf(inputs["objectType"]), textOf(inputs["schema"] ?? inputs["database"])].join(" ");
  return privileges.length === 0
    ? `${textOf(inputs["role"])}: nothing on ${target}`
    : `${textOf(inputs["role"])}: ${privileges.join(", ")} on ${target}`;
}

const entries = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
const first = (value: unknown): unknown => entries(value)[0];
const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
/** A plain value as text; nothing for a structure. */
export const textOf = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";

/** What grants give to one role, those of the same rights together: `SELECT on new tables of app`. */
export function grantTexts(grants: readonly Pick<RecordedResource, "type" | "inputs">[]): string[] {
  const targets = new Map<string, Set<string>>();
  for (const { type, inputs } of grants) {
    const rights = entries(inputs["privileges"]).map(textOf).join(", ") || "nothing";
    const kind = textOf(inputs["objectType"]);
    const place = textOf(inputs["schema"] ?? inputs["database"]);
    const target = shortType(type) === "DefaultPrivileges" ? `new ${kind}s of ${place}` : `${kind} ${place}`;
    targets.set(rights, (targets.get(rights) ?? new Set()).add(target));
  }
  return [...targets].map(([rights, of]) => `${rights} on ${[...of].sort().join(", ")}`).sort();
}
