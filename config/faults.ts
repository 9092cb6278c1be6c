import type { z } from "zod";

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

export function formatFaults(stack: string, faults: readonly Fault[]): string {
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  const blocks = faults.map((fault, index) =>
    [
      `  ${index + 1}. ${fault.path}`,
      `     given:   ${fault.given}`,
      `     allowed: ${fault.allowed}`,
      `     fix:     ${fault.fix}`,
    ].join("\n"),
  );
  return [`${count} in the configuration of stack "${stack}"; nothing was changed.`, ...blocks].join("\n\n");
}

// Names whose values are secrets wherever they stand: in an error as much as in an environment.
const SECRET_NAME =
  /(^|[_.-])(PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|API_?KEY|APIKEY|PRIVATE_?KEY|SECRET_?KEY|ACCESS_?KEY|SIGNING_?KEY|ENCRYPTION_?KEY|CREDENTIALS?|JWT|JWT_?SECRET)$/i;

/** Whether a variable of this name holds a secret. `<NAME>_FILE` holds a path and `…_EXPIRE_MINUTES` a figure, so neither does. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) || /^(DATABASE|REDIS|POSTGRES|AMQP|MONGO)_?(URL|URI|DSN)$/i.test(name);
}

/** A URL that carries a password: `scheme://user:password@host`. */
export function hasUrlCredentials(value: string): boolean {
  return /[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:[^\s/@]+@/i.test(value);
}

/** Shows a value in an error: short, quoted, and hidden where it could be a secret. */
export function showGiven(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) return "nothing";
  const hidden = path.some((part) => part === "secrets" || (typeof part === "string" && isSecretName(part)));
  if (hidden) return typeof value === "string" ? `a value of ${value.length} characters (hidden)` : "a value (hidden)";
  if (typeof value === "string" && hasUrlCredentials(value)) return "a URL with a password in it (hidden)";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return `an object with the keys ${Object.keys(value).join(", ") || "(none)"}`;
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** `["services", "api", "routes", 0, "host"]` to `rampart:services.api.routes[0].host`. */
export function keyPath(path: readonly PropertyKey[]): string {
  const [head, ...rest] = path;
  const tail = rest.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return `rampart:${head === undefined ? "*" : String(head)}${tail}`;
}

/** What people write out of Compose's or Kubernetes' habit, and what to write here. */
const KEY_HINTS: Readonly<Record<string, string>> = {
  ports: "a service publishes no port; give it `port` and a route, and the edge serves it",
  publish: "nothing but the edge publishes a port; use `npm run plan` to see how to reach a service, or docs/database.md for database access",
  publishedPort: "data ports are never published; see docs/database.md for operator access",
  expose: "containers on one network reach each other's ports; leave it out",
  privileged: "no container is privileged; name the capability that is needed under confinement.capabilities, with a reason",
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

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

type Issue = z.core.$ZodIssue;

/** One zod issue to one or more faults. Unknown keys become a fault each, so that each gets its own hint. */
export function issueToFaults(issue: Issue, root: unknown): Fault[] {
  const path = issue.path;
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
        fix: KEY_HINTS[key] ?? `remove "${key}", or check its spelling`,
      }));
    case "invalid_type":
      return [
        base.given === "nothing"
          ? { ...base, allowed: PRIMITIVES[issue.expected] ?? issue.expected, fix: "add the key" }
          : { ...base, allowed: PRIMITIVES[issue.expected] ?? issue.expected, fix: "change the value's type" },
      ];
    case "invalid_value":
      return [{ ...base, allowed: issue.values.map((value) => String(value)).join(", "), fix: "use one of the allowed values" }];
    case "too_small":
      return [{ ...base, allowed: `at least ${issue.minimum}`, fix: "use a larger value" }];
    case "too_big":
      return [{ ...base, allowed: `at most ${issue.maximum}`, fix: "use a smaller value" }];
    case "invalid_key":
      return [{ ...base, given: JSON.stringify(String(path.at(-1))), allowed: issue.issues[0]?.message ?? "another name", fix: "rename it" }];
    case "invalid_union":
      return unionFaults(issue, root, base);
    default:
      return [{ ...base, allowed: issue.message, fix: "change the value" }];
  }
}

/** Of a union's branches, the one that matched best tells the user most: the one whose first issue lies deepest. */
function unionFaults(issue: Extract<Issue, { code: "invalid_union" }>, root: unknown, base: Pick<Fault, "path" | "given">): Fault[] {
  const depth = (branch: readonly Issue[]): number => {
    const [first] = branch;
    if (first === undefined) return -1;
    return first.code === "custom" ? 100 : first.code === "invalid_type" || first.code === "invalid_value" ? first.path.length : first.path.length + 1;
  };
  const best = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0];
  const whole = best?.length === 1 && best[0]?.path.length === 0 && best[0].code !== "custom" && best[0].code !== "unrecognized_keys";
  if (best === undefined || best.length === 0 || whole) {
    const forms = issue.errors.map((branch) => branch[0]).map((first) => {
      if (first === undefined) return "another form";
      if (first.code === "invalid_value") return first.values.map((value) => String(value)).join(", ");
      if (first.code === "invalid_type") return PRIMITIVES[first.expected] ?? first.expected;
      return first.message;
    });
    return [{ ...base, allowed: [...new Set(forms)].join(", or "), fix: "use one of the allowed forms (docs/configuration.md)" }];
  }
  return best.flatMap((inner) => issueToFaults({ ...inner, path: [...issue.path, ...inner.path] }, root));
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
