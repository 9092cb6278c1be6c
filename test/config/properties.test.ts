import { posix } from "node:path";
import fc from "fast-check";
import { imageFault, loadConfig, ConfigError, type LoadedConfig } from "../../config";
import { redisPasswordHash } from "../../hardening/redis";
import { aimed, configurations, MOCK_PASSWORD, mutations, register, type Registered } from "./properties-support";
import { GOOD_SECRET, image, rawConfig, type Tree } from "./support";

const CONTAINER = "docker:index/container:Container";
const SECRET_SIGNATURE = ["4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"] as const;
/** The issue's own words, independent of the check's table. */
const FORBIDDEN = /^\/(?:$|etc\/|root\/|home\/|users\/|var\/(?:$|run\/)|run\/|proc\/|sys\/|dev\/)|docker\.sock/i;
const LABEL = "io.rampart.component";

/** undefined for what is refused; anything but a ConfigError is a bug, and fails the property. */
function loadOrRefuse(values: Tree): LoadedConfig | undefined {
  try {
    return loadConfig(rawConfig(values, { stack: "staging" }));
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** The inputs with every secret replaced by a mark: what a state file holds in clear. */
function inClear(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inClear);
  if (typeof value !== "object" || value === null) return value;
  const tree = value as Tree;
  if (tree[SECRET_SIGNATURE[0]] === SECRET_SIGNATURE[1]) return "[secret]";
  return Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, inClear(child)]));
}

function listOf(value: unknown): Tree[] {
  return Array.isArray(value) ? (value as Tree[]) : [];
}

const labelsOf = (inputs: Tree): Record<string, unknown> =>
  Object.fromEntries(listOf(inputs["labels"]).map(({ label, value }) => [String(label), value]));

/** Everything that must hold of a stack, whatever its configuration. */
function judge(config: LoadedConfig, resources: readonly Registered[]): void {
  const text = JSON.stringify(resources.map(({ inputs }) => inClear(inputs)));
  expect(text).not.toContain(MOCK_PASSWORD);
  expect(text).not.toContain(GOOD_SECRET);
  expect(text).not.toContain(redisPasswordHash(GOOD_SECRET));
  expect(JSON.stringify(resources)).toContain(MOCK_PASSWORD);

  judgeNames(resources);
  for (const { type, name, inputs } of resources) {
    if (type === "docker:index/remoteImage:RemoteImage")
      expect(imageFault(String((inputs as Tree)["name"]))).toBeUndefined();
    if (type === CONTAINER) judgeContainer(config, name, inClear(inputs) as Tree);
  }
}

/**
 * What a consumer of the Docker API may mount, join, create and delete is never Rampart's,
 * another service's or another consumer's.
 */
function judgeNames(resources: readonly Registered[]): void {
  const named = (type: string): string[] =>
    resources.flatMap((one) => (one.type === type ? [String((inClear(one.inputs) as Tree)["name"])] : []));
  const names = [...named("docker:index/volume:Volume"), ...named("docker:index/network:Network")];
  expect(names.length).toBeGreaterThan(2);
  const containers = resources.filter(({ type }) => type === CONTAINER).map(({ inputs }) => inClear(inputs) as Tree);
  const told = containers
    .flatMap((inputs) => (Array.isArray(inputs["envs"]) ? inputs["envs"] : []) as string[])
    .flatMap((entry) => /^DOCKER_NAME_PREFIX=(.*)$/.exec(entry)?.[1] ?? []);
  // A canary is the same consumer as its service.
  const prefixes = [...new Set(told)];
  const proxies = containers.filter((inputs) => labelsOf(inputs)[LABEL] === "socket-proxy");
  expect(prefixes.length).toBe(proxies.length);
  for (const prefix of prefixes) {
    const reached = [...names, ...prefixes.filter((other) => other !== prefix)].filter((name) =>
      name.startsWith(prefix),
    );
    if (reached.length > 0) throw new Error(`the consumer with the prefix ${prefix} reaches ${reached.join(", ")}`);
  }
}

function judgeContainer(config: LoadedConfig, name: string, inputs: Tree): void {
  const labels = labelsOf(inputs);
  const kind = labels[LABEL];
  const accepted = (rule: string): boolean => typeof labels[`io.rampart.accepted.${rule}`] === "string";
  const where = `${name} (${String(kind)})`;
  const holds = (what: string, condition: boolean): void => {
    if (!condition) throw new Error(`${where}: ${what}\n${JSON.stringify(inputs)}`);
  };

  const ports = listOf(inputs["ports"]);
  const loopback = ports.every(({ ip }) => ip === "127.0.0.1");
  holds("publishes a port", ports.length === 0 || kind === "gateway" || (kind === "forwarder" && loopback));
  if (kind === "gateway") {
    const published = ports.map(({ external }) => external);
    holds(
      "publishes a data port",
      published.every(
        (port) =>
          (port === config.edge.httpPort || port === config.edge.httpsPort) &&
          ![2375, 5432, 6379].includes(Number(port)),
      ),
    );
  }

  for (const volume of listOf(inputs["volumes"])) {
    const source = volume["hostPath"];
    if (typeof source !== "string") continue;
    const socket = source === "/var/run/docker.sock" && kind === "socket-proxy" && volume["readOnly"] === true;
    holds(
      `mounts ${source}`,
      socket || (!FORBIDDEN.test(posix.normalize(`${source}/`)) && accepted("rampart-host-mount")),
    );
  }

  const capabilities = (inputs["capabilities"] ?? {}) as Tree;
  holds(
    "keeps capabilities",
    JSON.stringify(capabilities["drops"]) === '["ALL"]' && (capabilities["adds"] === undefined || accepted("cis-5.4")),
  );
  const options = (inputs["securityOpts"] ?? []) as string[];
  holds("may gain privileges", options.includes("no-new-privileges:true"));
  holds("is unconfined without a reason", !options.includes("seccomp=unconfined") || accepted("cis-5.22"));
  holds("is unconfined without a reason", !options.includes("apparmor=unconfined") || accepted("cis-5.2"));
  const user = String(inputs["user"]);
  holds(`runs as ${user}`, (/^[1-9]\d*:[1-9]\d*$/.test(user) && user !== "0:0") || accepted("cis-4.1"));
  holds("is privileged", inputs["privileged"] !== true);
  holds(
    "shares the host's namespaces",
    inputs["networkMode"] !== "host" &&
      inputs["pidMode"] === undefined &&
      inputs["ipcMode"] !== "host" &&
      inputs["usernsMode"] === undefined,
  );
  holds("is given a device", inputs["devices"] === undefined);
  if (kind === "carrier") {
    holds("is a carrier that runs or has a network", inputs["start"] === false && inputs["networkMode"] === "none");
    return;
  }
  holds("has a writable root", inputs["readOnly"] === true || accepted("cis-5.13"));
  holds(
    "has no memory limit, or swap",
    typeof inputs["memory"] === "number" && inputs["memorySwap"] === inputs["memory"],
  );
  holds("has no PIDs limit", Number(labels["io.rampart.pids-limit"]) > 0);
  holds(
    "restarts for ever",
    inputs["restart"] === "no" || (inputs["restart"] === "on-failure" && inputs["maxRetryCount"] === 5),
  );
  holds("has no health check", kind === "job" || inputs["healthcheck"] !== undefined);
  holds(
    "has an executable tmpfs",
    Object.values((inputs["tmpfs"] ?? {}) as Tree).every((mount) => String(mount).includes("noexec")) ||
      accepted("rampart-tmpfs-noexec"),
  );
}

test("most random configurations are valid, so that the properties below say something", () => {
  const valid = fc
    .sample(configurations, { numRuns: 200, seed: 1 })
    .filter((values) => loadOrRefuse(values) !== undefined);
  expect(valid.length).toBeGreaterThan(150);
  const mutants = fc
    .sample(mutations, { numRuns: 200, seed: 1 })
    .filter((values) => loadOrRefuse(values) !== undefined);
  expect(mutants.length).toBeGreaterThan(20);
});

test("whatever is written, the answer is a configuration or a list of faults", () => {
  fc.assert(
    fc.property(mutations, (values) => {
      try {
        loadConfig(rawConfig(values, { stack: "prod" }));
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        expect(error.message).not.toContain(GOOD_SECRET);
        for (const fault of error.faults)
          expect(Object.values(fault).every((part) => typeof part === "string" && part !== "")).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test("whatever JSON stands under a key, the answer is a list of faults", () => {
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 4 }),
      fc.constantFrom("services", "edge", "certificates", "images", "migration", "network"),
      (text, key) => {
        expect(() => {
          try {
            loadConfig({ stack: "dev", values: { [key]: text }, secretKeys: [] });
          } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
          }
        }).not.toThrow();
      },
    ),
    { numRuns: 200 },
  );
});

describe("what validates is hardened", () => {
  const check = async (values: Tree): Promise<void> => {
    const config = loadOrRefuse(values);
    if (config !== undefined) judge(config, await register(config));
  };
  test("every pair of service names that could collide", async () => {
    const consumer = {
      image: image("app"),
      port: 8080,
      dockerApi: { allow: ["POST /containers/create"], reason: "each job runs in a container" },
      secrets: { SESSION_SECRET: "generated" },
      volumes: [{ name: "admin", path: "/data" }],
    };
    const names = [
      "worker",
      "worker-admin",
      "worker-secrets",
      "data",
      "data-admin",
      "docker-x",
      "backups-x",
      "network",
      "volume",
      "edge-x",
      "postgres-x",
      "a",
      "a-b",
      "a-b-c",
    ];
    const config = loadOrRefuse({
      services: Object.fromEntries(names.map((name) => [name, { ...consumer, data: "read-write" }])),
      acmeEmail: "ops@acme.com",
    });
    if (config === undefined) throw new Error("the names are refused, so this says nothing");
    judgeNames(await register(config));
  });
  test("random configurations", async () =>
    fc.assert(fc.asyncProperty(configurations, check), { numRuns: 12, endOnFailure: true }));
  test("and what is left of them after hostile changes", async () =>
    fc.assert(fc.asyncProperty(mutations, check), { numRuns: 40, endOnFailure: true }));
  // All of these are refused, so this costs nothing; a check that is lost lets one through, and then the stack tells.
  test("and after aimed ones", async () =>
    fc.assert(fc.asyncProperty(aimed, check), { numRuns: 100, endOnFailure: true }));
});
