import { Redis } from "../../components";
import { keyPrefixes } from "../../components/redis";
import { configOf, networksOf, once, PROD, record, recordPlain, SERVICE, surroundings, withLocalEngine, type Recording } from "./support";

withLocalEngine();

const SERVICES = { api: { ...SERVICE, cache: { keyPrefixes: ["bull:", "api:"] } }, web: { ...SERVICE, cache: true }, other: SERVICE };

function build(values: Record<string, unknown>, stack = "dev"): Redis {
  const { context, networks } = surroundings(configOf(values, stack));
  return new Redis("rampart-dev-redis", context, { networks, secrets: context.secrets });
}

const redis = (values: Record<string, unknown> = { services: SERVICES }, stack = "dev"): Promise<Recording> => record(() => build(values, stack), stack);

const plain = once(() => redis());

describe("Redis", () => {
  test("is on the internal network alone, publishes nothing and is confined", async () => {
    const container = (await plain()).get("Container rampart-dev-redis");
    expect(networksOf(container)).toEqual({ "rampart-dev-internal": ["redis"] });
    expect(container.inputs).toMatchObject({ ports: [], user: "999:1000", readOnly: true, command: ["redis-server", "/etc/rampart/redis.conf"], envs: [], memory: 256, memorySwap: 256 });
    expect(container).toMatchObject({ deleteBeforeReplace: true });
    expect(container.dependsOn).toEqual(expect.arrayContaining(["Container rampart-dev-redis-config-carrier", "Volume rampart-dev-redis-data"]));
  });

  test("has a user and a password for each service that uses it, and for no other", async () => {
    const recording = await plain();
    expect(recording.ofType("RandomPassword").map(({ name }) => name).sort()).toEqual(["rampart-dev-secrets-redis-api", "rampart-dev-secrets-redis-web", "rampart-dev-secrets-salt"]);
  });

  test("knows hashes of the passwords, in a file that is secret all the same", async () => {
    const uploads = (await plain()).inputs("Container rampart-dev-redis-config-carrier")["uploads"];
    expect(uploads).toEqual([
      { content: "[secret]", file: "/files/redis.conf", permissions: "0444" },
      { content: "[secret]", file: "/files/users.acl", permissions: "0444" },
    ]);
    const inClear = await recordPlain(() => build({ services: SERVICES }));
    const files = JSON.stringify(inClear.find(({ name }) => name === "rampart-dev-redis-config-carrier")?.inputs["uploads"]);
    expect(files).toContain("user web ");
    expect(files).toMatch(/user api [^"]*~bull:\*/);
    expect(files).not.toContain("user other");
    expect(files).not.toContain("p".repeat(32));
  });

  test("keeps its data in production", async () => {
    expect((await redis({ ...PROD, services: SERVICES }, "prod")).get("Volume rampart-dev-redis-data")).toMatchObject({ protect: true, retainOnDelete: true });
    expect((await plain()).get("Volume rampart-dev-redis-data")).toMatchObject({ protect: false, retainOnDelete: false });
  });

  test("gives a service its own name as prefix unless it says others", () => {
    expect(keyPrefixes("web", true)).toEqual(["web:"]);
    expect(keyPrefixes("web", { keyPrefixes: ["bull:"] })).toEqual(["bull:"]);
  });
});
