import { BACKUP_WORK_OWNER } from "../backup/workloads";
import { SCHEDULER_WORK_OWNER } from "../jobs/workload";
import { LOGGING_WORK_OWNER } from "../logging/parts";
import { MONITORING_WORK_OWNER } from "../monitoring/parts";
import { LABEL_ACCEPTED, LABEL_COMPONENT, LABEL_NAME, LABEL_PIDS } from "../container/labels";
import type { ContainerView, NetworkView, StackView, VolumeView } from "./view";
import { tree } from "../tree";

/** A resource of a plan or a preview, with secrets replaced by a marker. */
export interface PlannedResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect?: boolean;
}

/** Marks a secret, between a program and the engine and in a state. Source: pulumi, sdk/nodejs/runtime/rpc.ts */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** Whether a value is Pulumi's form of a secret. */
export const isSecretValue = (value: Readonly<Record<string, unknown>>): boolean =>
  value[SIGNATURE] === SECRET_SIGNATURE;

/** What a plan shows in place of a secret. */
export const SECRET_MARKER = "[secret]";

export type StackFacts = Pick<
  StackView,
  | "stack"
  | "environment"
  | "certificates"
  | "ownCertificates"
  | "registries"
  | "edge"
  | "databaseAccess"
  | "data"
  | "declared"
  | "settings"
  | "exceptions"
>;

/** The view of a stack from its planned resources. */
export function viewOfResources(facts: StackFacts, resources: readonly PlannedResource[]): StackView {
  const ofType = (type: string): readonly PlannedResource[] => resources.filter((resource) => resource.type === type);
  return {
    ...facts,
    containers: ofType("docker:index/container:Container").map(containerView),
    networks: ofType("docker:index/network:Network").map(networkView),
    volumes: ofType("docker:index/volume:Volume").map(volumeView),
    images: ofType("docker:index/remoteImage:RemoteImage").map(({ name, inputs }) => ({
      resource: name,
      reference: text(inputs["name"]),
    })),
  };
}

function containerView({ name, inputs }: PlannedResource): ContainerView {
  const labels = labelMap(inputs["labels"]);
  const capabilities = tree(inputs["capabilities"]);
  return {
    resource: name,
    component: labels[LABEL_COMPONENT] ?? "",
    name: labels[LABEL_NAME] ?? "",
    runs: labels[LABEL_COMPONENT] !== "carrier" || inputs["start"] !== false,
    image: text(inputs["image"]),
    user: text(inputs["user"]),
    privileged: inputs["privileged"] === true,
    readOnlyRoot: inputs["readOnly"] === true,
    capabilitiesAdded: list(capabilities["adds"]).map(text),
    capabilitiesDropped: list(capabilities["drops"]).map(text),
    securityOpts: list(inputs["securityOpts"]).map(text),
    memoryMiB: number(inputs["memory"]),
    memorySwapMiB: number(inputs["memorySwap"]),
    cpus: Number(inputs["cpus"] ?? 0),
    pids: Number(labels[LABEL_PIDS] ?? 0),
    restart: { policy: text(inputs["restart"]) || "no", maxRetries: number(inputs["maxRetryCount"]) },
    healthCheck: list(tree(inputs["healthcheck"])["tests"]).map(text),
    namespaces: {
      ipc: text(inputs["ipcMode"]),
      pid: text(inputs["pidMode"]),
      network: text(inputs["networkMode"]),
      userns: text(inputs["usernsMode"]),
      uts: text(inputs["utsMode"]),
      cgroupParent: text(inputs["cgroupParent"]),
    },
    devices: list(inputs["devices"]).length + list(inputs["deviceRequests"]).length,
    ports: list(inputs["ports"])
      .map(tree)
      .map((port) => ({ ip: text(port["ip"]), external: number(port["external"]) })),
    mounts: list(inputs["volumes"])
      .map(tree)
      .map((mount) => {
        const host = text(mount["hostPath"]);
        return {
          source: host === "" ? text(mount["volumeName"]) : host,
          target: text(mount["containerPath"]),
          readOnly: mount["readOnly"] === true,
          host: host !== "",
        };
      }),
    tmpfs: Object.fromEntries(Object.entries(tree(inputs["tmpfs"])).map(([path, options]) => [path, text(options)])),
    ulimits: list(inputs["ulimits"]).map((ulimit) => text(tree(ulimit)["name"])),
    logOptions: Object.fromEntries(Object.entries(tree(inputs["logOpts"])).map(([key, value]) => [key, text(value)])),
    networks: list(inputs["networksAdvanced"]).map((network) => text(tree(network)["name"])),
    environment: environment(inputs["envs"]),
    stopGraceSeconds: number(inputs["destroyGraceSeconds"]),
    accepted: Object.fromEntries(
      Object.entries(labels).flatMap(([label, value]) =>
        label.startsWith(LABEL_ACCEPTED) ? [[label.slice(LABEL_ACCEPTED.length), value]] : [],
      ),
    ),
  };
}

/** One secret entry makes the whole list secret to the engine; in the plan each entry is told apart. */
function environment(envs: unknown): ContainerView["environment"] {
  if (envs === SECRET_MARKER) return [{ name: "(all)", secret: true }];
  return list(envs).map((entry) => {
    const [name = ""] = text(entry).split("=");
    return { name: entry === SECRET_MARKER ? "(hidden)" : name, secret: entry === SECRET_MARKER };
  });
}

function networkView({ name, inputs }: PlannedResource): NetworkView {
  const subnet = text(tree(list(inputs["ipamConfigs"])[0])["subnet"]);
  return {
    resource: name,
    name: labelMap(inputs["labels"])[LABEL_NAME] ?? name,
    engineName: text(inputs["name"]),
    internal: inputs["internal"] === true,
    subnet,
  };
}

/** Owners of volumes that are made again from nothing: certificates, routes, what a backup works in, metrics. */
const TRANSIENT_OWNERS: readonly string[] = [
  "edge",
  "gateway",
  BACKUP_WORK_OWNER,
  LOGGING_WORK_OWNER,
  MONITORING_WORK_OWNER,
  SCHEDULER_WORK_OWNER,
];

function volumeView({ name, inputs, protect }: PlannedResource): VolumeView {
  const engineName = text(inputs["name"]);
  // A volume of files carries a hash of its contents in its name; one of data has the same name in every run.
  const data = engineName === name && !TRANSIENT_OWNERS.includes(labelMap(inputs["labels"])[LABEL_NAME] ?? "");
  return { resource: name, name: engineName, data, protected: protect === true };
}

const text = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : "";
const number = (value: unknown): number => (typeof value === "number" ? value : 0);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

function labelMap(labels: unknown): Record<string, string> {
  return Object.fromEntries(
    list(labels)
      .map(tree)
      .map((label) => [text(label["label"]), text(label["value"])]),
  );
}
