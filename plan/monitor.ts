import * as pulumi from "@pulumi/pulumi";
import { isSecretValue, SECRET_MARKER } from "../hardening/rules";

/** A resource as the program declared it. */
export interface RecordedResource {
  readonly type: string;
  readonly name: string;
  /** The logical name of its parent; empty at the top. */
  readonly parent: string;
  readonly parentType: string;
  readonly custom: boolean;
  readonly protect: boolean;
  /** Inputs with every secret replaced by "[secret]". */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** The part of a registration that the plan reads; the SDK leaves it untyped. */
interface RegisterRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom(): boolean;
  getProtect(): boolean;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
}

type Callback = (error: unknown, response: unknown) => void;

/**
 * The part of Pulumi's mock monitor that is watched; `getMonitor` is exported at run time and left out of the types.
 */
interface Monitor {
  registerResource(request: RegisterRequest, callback: Callback): Promise<void>;
  registerResourceHook?: (request: unknown, callback: Callback) => void;
  registerErrorHook?: (request: unknown, callback: Callback) => void;
}

/**
 * Puts Pulumi's mocks in place and keeps what they are told: the mocks' callback knows neither a resource's parent nor
 * which inputs are secret, and the mock monitor knows no hooks.
 */
export async function recordResources(
  project: string,
  stack: string,
  options: { readonly hooks?: boolean } = {},
): Promise<readonly RecordedResource[]> {
  await pulumi.runtime.setMocks(
    { newResource: plannedState, call: (args) => args.inputs as Record<string, unknown> },
    project,
    stack,
    true,
  );
  const monitor = (pulumi.runtime as unknown as { readonly getMonitor: () => Monitor }).getMonitor();
  const recorded: RecordedResource[] = [];
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    recorded.push(recordedResource(request));
    return register(request, callback);
  };
  if (options.hooks ?? true) {
    monitor.registerResourceHook = (_request, callback) => callback(null, {});
    monitor.registerErrorHook = (_request, callback) => callback(null, {});
  }
  return recorded;
}

function recordedResource(request: RegisterRequest): RecordedResource {
  const [, , parentTypes = "", parent = ""] = request.getParent().split("::");
  return {
    type: request.getType(),
    name: request.getName(),
    // The SDK makes every resource a child of the stack itself.
    parent: parentTypes === "pulumi:pulumi:Stack" ? "" : parent,
    parentType: parentTypes.split("$").at(-1) ?? "",
    custom: request.getCustom(),
    protect: request.getProtect(),
    inputs: hideSecrets(request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>,
  };
}

function hideSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideSecrets);
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  if (isSecretValue(fields)) return SECRET_MARKER;
  return Object.fromEntries(Object.entries(fields).map(([key, child]) => [key, hideSecrets(child)]));
}

/** What a resource looks like after its creation, as far as the program looks at it. */
function plannedState(args: pulumi.runtime.MockResourceArgs): pulumi.runtime.MockResourceResult {
  const inputs = args.inputs as Record<string, unknown>;
  const id = args.custom === false ? undefined : `${args.name}-id`;
  return { id, state: { ...inputs, ...computed(args.type, args.name, inputs) } };
}

function computed(type: string, name: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (type) {
    case "random:index/randomPassword:RandomPassword":
      return { result: "generated".padEnd(Number(inputs["length"] ?? 32), "0") };
    case "random:index/randomBytes:RandomBytes":
      return { base64: Buffer.alloc(Number(inputs["length"] ?? 16)).toString("base64") };
    case "docker:index/remoteImage:RemoteImage":
      return { imageId: inputs["name"], repoDigest: inputs["name"] };
    default:
      return "name" in inputs ? {} : { name };
  }
}
