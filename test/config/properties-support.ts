/** Random configurations, mostly valid, and what a stack of one of them registers. */
import fc from "fast-check";
import * as pulumi from "@pulumi/pulumi";
import { HardenedStack } from "../../components/stack";
import type { LoadedConfig } from "../../config";
import { change, GOOD_SECRET, image, type Tree } from "./support";

const word = fc.stringMatching(/^[a-z][a-z0-9]{2,6}$/);
const choice = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const why = "the program cannot do without";

const route = fc.record({
  host: choice("app.acme.com", "api.acme.com", "www.acme.com"),
  pathPrefix: fc.oneof(
    fc.constant("/"),
    word.map((name) => `/${name}`),
  ),
  streaming: fc.boolean(),
});
const volume = fc.oneof(
  fc.record({ name: word, path: word.map((name) => `/data/${name}`) }),
  fc.record({
    hostPath: word.map((name) => `/srv/${name}`),
    path: word.map((name) => `/host/${name}`),
    reason: fc.constant(why),
  }),
);

const service = fc.record(
  {
    image: word.map(image),
    port: fc.integer({ min: 1024, max: 65_535 }),
    routes: fc.array(route, { maxLength: 2 }),
    data: choice("none", "read-only", "read-write"),
    cache: fc.oneof(
      fc.boolean(),
      word.map((prefix) => ({ keyPrefixes: [`${prefix}:`] })),
    ),
    egress: fc.boolean(),
    user: choice<unknown>("1000:1000", "101:101", { root: why }),
    dockerApi: choice({ allow: ["GET /version"] }, { presets: ["CONTAINERS", "POST"], reason: why }),
    secrets: choice(
      { JWT_SECRET: { config: "jwtSecret" } },
      { SESSION_SECRET: "generated" },
      { API_TOKEN: { generated: 40 }, JWT_SECRET: { config: "jwtSecret" } },
    ),
    secretsInEnvironment: fc.constant({ names: ["JWT_SECRET"], reason: why }),
    environment: fc.dictionary(
      word.map((name) => name.toUpperCase()),
      fc.oneof(fc.string({ maxLength: 20 }), fc.integer(), fc.boolean()),
      { maxKeys: 3 },
    ),
    volumes: fc.array(volume, { maxLength: 2 }),
    canary: fc.record({ image: word.map(image), weight: fc.nat(100), replicas: choice(1, 2) }),
    confinement: choice<unknown>(
      { seccomp: "worker" },
      { seccomp: { unconfined: why } },
      { appArmor: { unconfined: why } },
      { writableRoot: { reason: why } },
      { capabilities: [{ add: "CAP_CHOWN", reason: why }] },
    ),
    resources: fc.record({
      memoryMiB: fc.integer({ min: 16, max: 4096 }),
      cpus: choice(0.25, 1, 2.5),
      pids: fc.integer({ min: 4, max: 512 }),
    }),
  },
  { requiredKeys: ["image", "port"] },
);

/** Names that begin, or end, as a name of Rampart's own does, or as another service's. */
const serviceName = fc.oneof(
  word,
  choice("data", "worker", "worker-admin", "worker-data", "secrets", "roles", "internal", "edge-config", "a", "a-b"),
);

const stack = fc.record(
  {
    services: fc.dictionary(serviceName, service, { minKeys: 1, maxKeys: 3 }),
    migration: fc.record({ image: word.map(image) }),
    certificates: choice<unknown>("letsencrypt", { directory: "https://ca.acme.com/acme" }),
    database: fc.record({
      access: choice("direct", "forwarder"),
      resources: fc.record({ memoryMiB: fc.integer({ min: 256, max: 1024 }) }),
    }),
    edge: fc.record({
      httpPort: choice<unknown>(80, 8080, false),
      listenAddress: choice("0.0.0.0", "127.0.0.1"),
      // Behind a load balancer, ports and addresses are its own business.
      trustedProxies: fc.constant(["10.0.0.0/24"]),
    }),
    dockerSocketGroup: fc.integer({ min: 1, max: 65_535 }),
  },
  { requiredKeys: ["services"] },
);

/** Every one names the secret; most are valid, and the few that are not collide by chance. */
export const configurations: fc.Arbitrary<Tree> = stack.map((values) => {
  const services: Record<string, Tree> = Object.fromEntries(
    Object.entries(values.services).map(([name, one]) => [
      name,
      {
        ...one,
        // Only requests of a route can be shared out, and only with another version.
        canary: (one.routes ?? []).length === 0 || one.canary?.image === one.image ? undefined : one.canary,
        ...(one.secretsInEnvironment === undefined ? {} : { secrets: { JWT_SECRET: { config: "jwtSecret" } } }),
      },
    ]),
  );
  services["zed"] = {
    image: image("zed"),
    port: 8080,
    data: "read-only",
    secrets: { JWT_SECRET: { config: "jwtSecret" } },
  };
  // Without plain http, http-01 proves nothing.
  const certificates =
    values.edge?.httpPort === false
      ? { certificates: { directory: "https://ca.acme.com/acme", challenge: "tls-alpn-01" } }
      : {};
  return { acmeEmail: "ops@acme.com", jwtSecret: GOOD_SECRET, ...values, ...certificates, services };
});

/** What an attacker or a tired person writes, anywhere. */
const HOSTILE: readonly unknown[] = [
  "*",
  "latest",
  "app:latest",
  "/",
  "/etc",
  "/home/x",
  "/var/run/docker.sock",
  "/srv/../etc",
  "0:0",
  "root",
  "unconfined",
  "host",
  "null",
  "http://a.example",
  "a\r\nb",
  "`",
  "${HOME}",
  "",
  " ",
  -1,
  0,
  1.5,
  1e308,
  5432,
  2375,
  null,
  true,
  false,
  [],
  {},
  ["ALL"],
  { hostPath: "/var/run/docker.sock", path: "/var/run/docker.sock", reason: why },
  [{ hostPath: "/home/me", path: "/x", reason: why }],
  ["5432:5432"],
  { unconfined: why },
  { root: why },
  { config: "services" },
];
const KEYS = [
  "ports",
  "privileged",
  "image",
  "volumes",
  "user",
  "environment",
  "secrets",
  "confinement",
  "cache",
  "data",
  "dockerApi",
  "routes",
  "host",
  "hostPath",
  "path",
  "name",
  "edge",
  "network",
  "pool",
  "images",
  "traefik",
  "database",
  "schema",
  "capabilities",
  "constructor",
  "httpsPort",
  "listenAddress",
  "default",
  "health",
  "resources",
  "memoryMiB",
];

/**
 * The refusals that matter most, aimed at a service that every configuration has:
 * with one of its checks gone, these validate.
 */
const AIMED: readonly Tree[] = [
  { "services.zed.image": "app" },
  { "services.zed.image": `app:latest@sha256:${"a1".repeat(32)}` },
  { "images.redis": "redis:7", "services.zed.cache": true },
  { "services.zed.volumes": [{ hostPath: "/home/me", path: "/x", reason: why }] },
  { "services.zed.volumes": [{ hostPath: "/srv/../etc", path: "/x", reason: why }] },
  { "services.zed.volumes": [{ hostPath: "/var/run/docker.sock", path: "/x", reason: why }] },
  { "services.zed.environment": { STRIPE_API_KEY: GOOD_SECRET } },
  { "services.zed.user": "0:0" },
  { "services.zed.confinement": { seccomp: "unconfined" } },
  { "services.zed.confinement": { appArmor: "unconfined" } },
  { "edge.httpsPort": 5432 },
];

/** All paths of a tree, for a mutation to strike anywhere. */
function paths(value: unknown, prefix: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [[...prefix]];
  return [[...prefix], ...Object.entries(value).flatMap(([key, child]) => paths(child, [...prefix, key]))];
}

export const aimed: fc.Arbitrary<Tree> = fc.tuple(configurations, fc.constantFrom(...AIMED)).map(([values, strike]) => {
  const mutant = structuredClone(values);
  for (const [path, value] of Object.entries(strike)) change(mutant, path, value);
  return mutant;
});

/** A configuration with one or two values replaced, keys added or removed. */
export const mutations: fc.Arbitrary<Tree> = fc
  .tuple(
    configurations,
    fc.array(
      fc.record({
        at: fc.nat(),
        hostile: fc.constantFrom(...HOSTILE),
        key: fc.constantFrom(...KEYS),
        how: choice("replace", "add", "remove"),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  )
  .map(([values, strikes]) => {
    const mutant = structuredClone(values);
    for (const { at, hostile, key, how } of strikes) {
      const all = paths(mutant).filter((path) => path.length > 0);
      const path = all[at % all.length] ?? ["services"];
      change(
        mutant,
        (how === "add" ? [...path, key] : path).join("."),
        how === "remove" ? undefined : structuredClone(hostile),
      );
    }
    return mutant;
  });

export interface Registered {
  readonly type: string;
  readonly name: string;
  /** The inputs as they cross the wire: a secret is an object that carries Pulumi's signature. */
  readonly inputs: unknown;
}

interface Request {
  getType(): string;
  getName(): string;
  getObject(): { toJavaScript(): unknown } | undefined;
}
interface Monitor {
  registerResource(request: Request, callback: unknown): Promise<void>;
}

/** The passwords that the mocks make: recognisable, and as alphanumeric as real ones. */
export const MOCK_PASSWORD = "MOCKPASSWORD";
const EXTRA_OUTPUTS: Readonly<Record<string, (name: string, inputs: Tree) => Tree>> = {
  "random:index/randomPassword:RandomPassword": (name) => ({
    result: `${MOCK_PASSWORD}${name.replace(/[^a-z0-9]/g, "")}`,
  }),
  "random:index/randomBytes:RandomBytes": (_name, inputs) => ({
    base64: Buffer.alloc(Number(inputs["length"]), "0123456789abcdef").toString("base64"),
  }),
  "docker:index/remoteImage:RemoteImage": (name) => ({ imageId: `sha256:id-${name}` }),
};

/**
 * Registers a stack's resources in this process, with no engine and no Pulumi CLI. Pulumi keeps a stack trace for each
 * of its thousands of promises; without them this takes a third of the time.
 */
export async function register(config: LoadedConfig): Promise<Registered[]> {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return await registerAll(config);
  } finally {
    Error.stackTraceLimit = limit;
  }
}

async function registerAll(config: LoadedConfig): Promise<Registered[]> {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => ({
        id: `id-${name}`,
        state: { ...(inputs as Tree), ...EXTRA_OUTPUTS[type]?.(name, inputs as Tree) },
      }),
      call: () => ({}),
    },
    "rampart",
    config.stack,
  );
  pulumi.runtime.setAllConfig({ "rampart:jwtSecret": GOOD_SECRET }, ["rampart:jwtSecret"]);
  const monitor = (pulumi.runtime as unknown as { getMonitor(): Monitor }).getMonitor();
  const original = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    registered.push({ type: request.getType(), name: request.getName(), inputs: request.getObject()?.toJavaScript() });
    return original(request, callback);
  };
  const created = new HardenedStack(config);
  await new Promise((resolve) => pulumi.output(created.urn).apply(resolve));
  await pulumi.runtime.disconnect();
  return registered;
}
