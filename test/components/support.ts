import * as pulumi from "@pulumi/pulumi";
import {
  Authority,
  createContext,
  Images,
  loadConfig,
  Networks,
  Secrets,
  type LoadedConfig,
  type NetworkNames,
  type StackContext,
} from "../../components";
import { planNetworks, type NetworkPlan } from "../../hardening/container/networks";
import { recordResources, type RecordedResource } from "../../plan";

/** A resource as the engine is told of it: what it is, what it waits for, and how it is replaced and deleted. */
export interface Registered extends RecordedResource {
  /** `Type name` of each resource that it depends on, explicitly or through an input. */
  readonly dependsOn: readonly string[];
  readonly deleteBeforeReplace: boolean;
  readonly replaceOnChanges: readonly string[];
  readonly retainOnDelete: boolean;
  /** `Type name`, or empty. */
  readonly deletedWith: string;
  readonly provider: string;
  /** Names of hooks by the event that they are bound to. */
  readonly hooks: Readonly<Record<string, readonly string[]>>;
}

/** The part of a registration that these tests read; the SDK leaves it untyped. */
interface Request {
  getType(): string;
  getName(): string;
  getDependenciesList(): string[];
  getDeletebeforereplace(): boolean;
  getReplaceonchangesList(): string[];
  getRetainondelete(): boolean;
  getDeletedwith(): string;
  getProvider(): string;
  getHooks(): { toObject(): Record<string, string[]> } | undefined;
}

interface Monitor {
  registerResource(request: Request, callback: (error: unknown, response: unknown) => void): Promise<void>;
}

export const shortName = (type: string): string => type.split(":").at(-1) ?? type;

/** `urn:pulumi:dev::rampart::a:b:C$docker:index/container:Container::name` to `Container name`. */
const shortUrn = (urn: string): string => {
  const [, , types = "", name = ""] = urn.split("::");
  return urn === "" ? "" : `${shortName(types)} ${name}`;
};

/** The resources of one recording, and how tests ask for them. */
export class Recording {
  constructor(readonly resources: readonly Registered[]) {}

  /** `Type name` of everything, sorted. */
  get names(): string[] {
    return this.resources.map(({ type, name }) => `${shortName(type)} ${name}`).sort();
  }

  /** The one resource that is called `Type name`. */
  get(label: string): Registered {
    const found = this.resources.filter(({ type, name }) => `${shortName(type)} ${name}` === label);
    const [one] = found;
    if (one === undefined || found.length > 1)
      throw new Error(`${found.length} resources are called ${label}; there are ${this.names.join(", ")}`);
    return one;
  }

  inputs(label: string): Readonly<Record<string, unknown>> {
    return this.get(label).inputs;
  }

  ofType(type: string): readonly Registered[] {
    return this.resources.filter((resource) => shortName(resource.type) === type);
  }

  /** Whether `label` is created only after `other`, however many resources lie between. */
  waitsFor(label: string, other: string): boolean {
    const seen = new Set<string>();
    const pending = [label];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (const dependency of this.get(next).dependsOn) {
        if (dependency === other) return true;
        if (!seen.has(dependency)) pending.push(dependency);
        seen.add(dependency);
      }
    }
    return false;
  }
}

/** Runs a program against the recording monitor, which supports hooks, and waits until all is registered. */
export async function record(program: () => unknown, stack = "dev"): Promise<Recording> {
  const recorded = await recordResources("rampart", stack);
  const { getMonitor } = pulumi.runtime as unknown as { readonly getMonitor: () => Monitor };
  const monitor = getMonitor();
  const requests: Request[] = [];
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    requests.push(request);
    return register(request, callback);
  };
  await run(program);
  return new Recording(recorded.map((resource, index) => ({ ...resource, ...registration(requests[index]) })));
}

/**
 * Pulumi takes a stack trace for each promise, and Jest maps each back to its source:
 * most of the time, if they are let.
 */
async function run(program: () => unknown): Promise<void> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    await program();
    await pulumi.runtime.disconnect();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function registration(request: Request | undefined): Omit<Registered, keyof RecordedResource> {
  if (request === undefined) throw new Error("a registration was recorded without its request");
  return {
    dependsOn: request.getDependenciesList().map(shortUrn).sort(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    replaceOnChanges: request.getReplaceonchangesList(),
    retainOnDelete: request.getRetainondelete(),
    deletedWith: shortUrn(request.getDeletedwith()),
    provider: shortUrn(request.getProvider().split("::").slice(0, -1).join("::")),
    hooks: boundHooks(request.getHooks()?.toObject() ?? {}),
  };
}

function boundHooks(hooks: Readonly<Record<string, readonly string[]>>): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.entries(hooks).flatMap(([event, names]) =>
      names.length === 0 ? [] : [[event.replace(/List$/, ""), names]],
    ),
  );
}

/** The stack's authority, as a component that needs certificates is given it. */
export const authority = (): Authority => new Authority("rampart-dev-authority", { stackName: "rampart-dev" });

export const DIGEST = `sha256:${"a1".repeat(32)}`;
export const IMAGE = `registry.example.com/app:1.0@${DIGEST}`;

/** A service that is right and as small as one can be: tests add one thing to it. */
export const SERVICE = { image: IMAGE, port: 3000 };

/** A stack whose one service has two routes. */
export const ROUTED = {
  services: {
    api: {
      ...SERVICE,
      routes: [{ host: "app.example.com", pathPrefix: "/api", maxBodyMiB: 2.5 }, { host: "api.example.com" }],
    },
  },
};

/** Loads a configuration from plain values, as Pulumi.<stack>.yaml would hold them. */
export function configOf(
  values: Readonly<Record<string, unknown>>,
  stack = "dev",
  secrets: Readonly<Record<string, string>> = {},
): LoadedConfig {
  const text = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
  return loadConfig({ stack, values: { ...text, ...secrets }, secretKeys: Object.keys(secrets) });
}

/** Production's least configuration. */
export const PROD = { certificates: "letsencrypt", acmeEmail: "ops@example.com" };

export interface Surroundings {
  readonly context: StackContext;
  readonly networks: NetworkNames;
  readonly plan: readonly NetworkPlan[];
}

/** What a single component needs around it; call it inside of a recording. */
export function surroundings(config: LoadedConfig): Surroundings {
  const consumers = Object.entries(config.services).flatMap(([name, service]) =>
    service.dockerApi === undefined ? [] : [name],
  );
  const pool = config.network.pool === undefined ? {} : { pool: config.network.pool };
  const plan = planNetworks({
    stackName: config.name,
    ...pool,
    dockerApiConsumers: consumers,
    acme: true,
    egress: true,
    databaseAccess: true,
  });
  const networks = new Networks(config.name, { stack: config.stack, plan }).names;
  const images = new Images(`${config.name}-images`, config);
  const secrets = new Secrets(`${config.name}-secrets`);
  return { context: createContext(config, { images, secrets }), networks, plan };
}

/** A container's labels by their names. */
export function labelsOf(resource: Registered): Record<string, unknown> {
  const labels = (Array.isArray(resource.inputs["labels"]) ? resource.inputs["labels"] : []) as {
    readonly label: string;
    readonly value: unknown;
  }[];
  return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}

/** The networks of a container by name, with the aliases that it has there. */
export function networksOf(resource: Registered): Record<string, readonly unknown[]> {
  const attached = (Array.isArray(resource.inputs["networksAdvanced"]) ? resource.inputs["networksAdvanced"] : []) as {
    readonly name: string;
    readonly aliases?: unknown[];
  }[];
  return Object.fromEntries(attached.map(({ name, aliases }) => [name, aliases ?? []]));
}

/** The contents of the files that a carrier brings, by their paths. */
export function uploadsOf(recording: Recording, carrier: string): Record<string, string> {
  const uploads = recording.inputs(`Container ${carrier}-carrier`)["uploads"] as { file: string; content: string }[];
  return Object.fromEntries(uploads.map(({ file, content }) => [file, content]));
}

/** The local Linux engine, whatever this machine's environment says. */
export function withLocalEngine(): void {
  const before = process.env["DOCKER_HOST"];
  beforeAll(() => {
    delete process.env["DOCKER_HOST"];
    pulumi.runtime.setAllConfig({}, []);
  });
  afterAll(() => {
    if (before !== undefined) process.env["DOCKER_HOST"] = before;
  });
}

/** Runs a program under Pulumi's own mocks, as a team's tests would, and keeps each resource's plain inputs. */
export async function recordPlain(
  program: () => unknown,
): Promise<{ readonly name: string; readonly type: string; readonly inputs: Readonly<Record<string, unknown>> }[]> {
  const recorded: { name: string; type: string; inputs: Record<string, unknown> }[] = [];
  const newResource = ({ name, type, inputs }: pulumi.runtime.MockResourceArgs): pulumi.runtime.MockResourceResult => {
    const given = inputs as Record<string, unknown>;
    recorded.push({ name, type, inputs: given });
    return {
      id: `${name}-id`,
      state: { name, imageId: given["name"], result: "p".repeat(32), base64: "cGVwcGVyLi4uc2FsdC4uLg==", ...given },
    };
  };
  await pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "rampart", "dev");
  await run(program);
  return recorded;
}

/**
 * Makes something at its first use, and hands the same out from then on: recordings are the slow part of these tests.
 */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
