import type { z } from "zod";
import { hasCredentials, isSecretName } from "./secret-shapes";

/** One thing that is wrong with the configuration, as a person needs it to mend it. */
export interface Fault {
  /** The full key path, for example `rampart:services.api.image`. */
  readonly path: string;
  /** What was given; never a secret's value. */
  readonly given: string;
  /** What would have been accepted. */
  readonly allowed: string;
  /** What to do. */
  readonly fix: string;
}

/** What a custom zod issue carries in `params`, so that every fault has the same three parts. */
export interface FaultParams {
  readonly given?: string;
  readonly allowed: string;
  readonly fix: string;
}

/**
 * All faults of a stack's configuration in one error. It is thrown before any resource is registered, so nothing
 * has been touched when a user reads it.
 */
export class ConfigError extends Error {
  constructor(
    readonly stackName: string,
    readonly faults: readonly Fault[],
  ) {
    super(formatFaults(stackName, faults));
    this.name = "ConfigError";
  }
}

/** More than a person mends in one go. */
const MAX_SHOWN = 100;

export function formatFaults(stack: string, faults: readonly Fault[]): string {
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  const rest = faults.length > MAX_SHOWN ? [`  ... and ${faults.length - MAX_SHOWN} more`] : [];
  const blocks = faults
    .slice(0, MAX_SHOWN)
    .map((fault, index) =>
      [
        `  ${index + 1}. ${fault.path}`,
        `     given:   ${fault.given}`,
        `     allowed: ${fault.allowed}`,
        `     fix:     ${fault.fix}`,
      ].join("\n"),
    );
  return [`${count} in the configuration of stack "${stack}"; nothing was changed.`, ...blocks, ...rest].join("\n\n");
}

/** Shows a value in an error: short, quoted, and hidden where it could be a secret. */
export function showGiven(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) return "nothing";
  const hidden = path.some((part) => part === "secrets" || (typeof part === "string" && isSecretName(part)));
  if (hidden) return typeof value === "string" ? `a value of ${value.length} characters (hidden)` : "a value (hidden)";
  if (typeof value === "string" && hasCredentials(value)) return "a value with credentials in it (hidden)";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object" && value !== null)
    return shorten(`an object with the keys ${Object.keys(value).map(keyName).join(", ") || "(none)"}`);
  return shorten(JSON.stringify(value) ?? typeof value);
}

/** `["services", "api", "routes", 0, "host"]` to `rampart:services.api.routes[0].host`. */
export function keyPath(path: readonly PropertyKey[]): string {
  const [head, ...rest] = path;
  const tail = rest
    .map((part) =>
      typeof part === "number"
        ? `[${part}]`
        : isPlainKey(String(part))
          ? `.${String(part)}`
          : `[${keyName(String(part))}]`,
    )
    .join("");
  return `rampart:${head === undefined ? "*" : keyName(String(head))}${tail}`;
}

const isPlainKey = (key: string): boolean => /^[\w-]{1,80}$/.test(key);
/** A key as a person may read it: what could move a terminal's cursor or fill its screen is quoted and cut. */
const keyName = (key: string): string => (isPlainKey(key) ? key : shorten(JSON.stringify(key)));
const shorten = (text: string): string => (text.length > 120 ? `${text.slice(0, 117)}...` : text);

/** What people write out of Compose's or Kubernetes' habit, and what to write here. */
const KEY_HINTS: Readonly<Record<string, string>> = {
  ports: "a service publishes no port; give it `port` and a route, and the edge serves it",
  publish:
    "nothing but the edge publishes a port; use `npm run plan` to see how to reach a service, or docs/database.md for database access",
  publishedPort: "data ports are never published; see docs/database.md for operator access",
  expose: "containers on one network reach each other's ports; leave it out",
  publishedPorts: "data ports are never published; see docs/database.md for operator access",
  extra_hosts: "services find each other by their names; leave it out",
  group_add: "a container has the one group of its `user`; leave it out",
  container_name: "the container's name follows from the stack; the service is found under its own name",
  hostNetwork: "no container shares a host namespace; leave it out",
  hostPID: "no container shares a host namespace; leave it out",
  hostIPC: "no container shares a host namespace; leave it out",
  cgroup_parent: "limits are set under resources; leave it out",
  cgroupns_mode: "no container shares a host namespace; leave it out",
  userns_mode: "no container shares a host namespace; leave it out",
  uts: "no container shares a host namespace; leave it out",
  runtime: "the engine's own runtime is used; leave it out",
  sysctls: "kernel settings are the engine's; leave it out",
  device_cgroup_rules: "no container is given a device; leave it out",
  gpus: "no container is given a device; leave it out",
  readOnly: "the root file system is read-only; to change that use confinement.writableRoot with a reason",
  read_only: "the root file system is read-only; to change that use confinement.writableRoot with a reason",
  restart: "containers restart at most five times on failure; leave it out",
  labels: "labels are Rampart's own; leave it out",
  build: "build and push the image first, and give its digest under `image`",
  cpus: "write it as resources.cpus",
  pids_limit: "write it as resources.pids",
  hostPath: "a volume has `name` or `hostPath`, not both",
  privileged:
    "no container is privileged; name the capability that is needed under confinement.capabilities, with a reason",
  networkMode: "networks follow from routes, data, cache and egress; leave it out",
  network_mode: "networks follow from routes, data, cache and egress; leave it out",
  networks: "networks follow from routes, data, cache and egress; leave it out",
  pid: "no container shares a host namespace; leave it out",
  ipc: "no container shares a host namespace; leave it out",
  devices: "no container is given a device; leave it out",
  capAdd: "name the capability under confinement.capabilities, with a reason",
  cap_add: "name the capability under confinement.capabilities, with a reason",
  securityOpt: "use confinement.seccomp and confinement.appArmor",
  security_opt: "use confinement.seccomp and confinement.appArmor",
  env: "write it as `environment`",
  env_file: "write plain values under `environment` and secrets under `secrets`",
  healthcheck: "write it as `healthCheck`",
  health: "write it as `healthCheck`",
  mem_limit: "write it as resources.memoryMiB",
  memory: "write it as resources.memoryMiB",
  depends_on: "services start after the migration job by themselves; leave it out",
  docker: "write it as `dockerApi` with the exact permissions; the socket itself is never given to a service",
  password: "passwords are generated; leave it out",
};

/** What to do about a key that does not exist where it stands. */
function keyHint(key: string): string {
  const hint = Object.hasOwn(KEY_HINTS, key) ? KEY_HINTS[key] : undefined;
  return hint ?? `remove ${isPlainKey(key) ? `"${key}"` : "it"}, or check its spelling`;
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};
const primitive = (expected: string): string =>
  Object.hasOwn(PRIMITIVES, expected) ? (PRIMITIVES[expected] ?? expected) : expected;

type Issue = z.core.$ZodIssue;

/** One zod issue to one or more faults. Unknown keys become a fault each, so that each gets its own hint. */
export function issueToFaults(
  issue: Issue,
  root: unknown,
  origin: (path: readonly PropertyKey[]) => readonly PropertyKey[] = (path) => path,
): Fault[] {
  const path = origin(issue.path);
  const base = { path: keyPath(path), given: showGiven(valueAt(root, path), path) };
  switch (issue.code) {
    case "custom": {
      const params = issue.params as Partial<FaultParams> | undefined;
      return [
        {
          path: base.path,
          given: params?.given ?? base.given,
          allowed: params?.allowed ?? issue.message,
          fix: params?.fix ?? "change the value",
        },
      ];
    }
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: keyPath([...path, key]),
        given: "a key that does not exist here",
        allowed: "the keys in docs/configuration.md",
        fix: keyHint(key),
      }));
    case "invalid_type":
      return [
        base.given === "nothing"
          ? { ...base, allowed: primitive(issue.expected), fix: "add the key" }
          : { ...base, allowed: primitive(issue.expected), fix: "change the value's type" },
      ];
    case "invalid_value":
      return [
        {
          ...base,
          allowed: issue.values.map((value) => String(value)).join(", "),
          fix: "use one of the allowed values",
        },
      ];
    case "too_small":
      return [{ ...base, allowed: `at least ${issue.minimum}`, fix: "use a larger value" }];
    case "too_big":
      return [{ ...base, allowed: `at most ${issue.maximum}`, fix: "use a smaller value" }];
    case "invalid_key":
      return [
        {
          ...base,
          given: JSON.stringify(String(path.at(-1))),
          allowed: issue.issues[0]?.message ?? "another name",
          fix: "rename it",
        },
      ];
    case "invalid_union":
      return unionFaults(issue, root, base, origin);
    default:
      return [{ ...base, allowed: issue.message, fix: "change the value" }];
  }
}

/** Of a union's branches, the one that was meant: the one to whose shape the value comes closest. */
function unionFaults(
  issue: Extract<Issue, { code: "invalid_union" }>,
  root: unknown,
  base: Pick<Fault, "path" | "given">,
  origin: (path: readonly PropertyKey[]) => readonly PropertyKey[],
): Fault[] {
  const distance = (branch: readonly Issue[]): number =>
    branch.reduce((sum, one) => {
      if (one.code === "custom") return sum;
      if (one.code === "unrecognized_keys") return sum + one.keys.length;
      return sum + (one.path.length === 0 && (one.code === "invalid_type" || one.code === "invalid_value") ? 100 : 1);
    }, 0);
  const best = [...issue.errors].sort((a, b) => distance(a) - distance(b))[0];
  const whole =
    best?.length === 1 &&
    best[0]?.path.length === 0 &&
    best[0].code !== "custom" &&
    best[0].code !== "unrecognized_keys";
  if (best === undefined || best.length === 0 || whole) {
    const forms = issue.errors
      .map((branch) => branch[0])
      .map((first) => {
        if (first === undefined) return "another form";
        if (first.code === "invalid_value") return first.values.map((value) => String(value)).join(", ");
        if (first.code === "invalid_type") return primitive(first.expected);
        return first.message;
      });
    const allowed = issue.message === "Invalid input" ? [...new Set(forms)].join(", or ") : issue.message;
    return [{ ...base, allowed, fix: "use one of the allowed forms (docs/configuration.md)" }];
  }
  return best.flatMap((inner) => issueToFaults({ ...inner, path: [...issue.path, ...inner.path] }, root, origin));
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
