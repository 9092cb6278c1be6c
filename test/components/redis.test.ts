import * as pulumi from "@pulumi/pulumi";
import { Redis } from "../../components";
import { keyPrefixes } from "../../config";
import {
  configOf,
  labelsOf,
  networksOf,
  once,
  PROD,
  record,
  recordPlain,
  SERVICE,
  surroundings,
  withLocalEngine,
  type Recording,
} from "./support";

withLocalEngine();

const SERVICES = {
  api: { ...SERVICE, cache: { keyPrefixes: ["bull:", "api:"] } },
  web: { ...SERVICE, cache: true },
  other: SERVICE,
};

function build(values: Record<string, unknown>, stack = "dev"): Redis {
  const { context, networks } = surroundings(configOf(values, stack));
  return new Redis("rampart-dev-redis", context, { networks, secrets: context.secrets });
}

const redis = (values: Record<string, unknown> = { services: SERVICES }, stack = "dev"): Promise<Recording> =>
  record(() => build(values, stack), stack);

const plain = once(() => redis());

describe("Redis", () => {
  test("is only on the internal network, publishes nothing and is confined", async () => {
    const container = (await plain()).get("Container rampart-dev-redis");
    expect(networksOf(container)).toEqual({ "rampart-dev-internal": ["redis"] });
    expect(container.inputs).toMatchObject({
      ports: [],
      user: "999:1000",
      readOnly: true,
      entrypoints: ["/bin/sh", "/etc/rampart/start.sh"],
      envs: [],
      memory: 256,
      memorySwap: 256,
    });
    expect(container).toMatchObject({ deleteBeforeReplace: true });
    expect(container.dependsOn).toEqual(
      expect.arrayContaining([
        "Container rampart-dev-redis-config-carrier",
        "Container rampart-dev-redis-live-carrier",
        "Volume rampart-dev-redis-data",
        "Volume rampart-dev-redis-live-volume",
      ]),
    );
  });

  test("has a user and a password for each service that uses it, and for no other", async () => {
    const recording = await plain();
    expect(
      recording
        .ofType("RandomPassword")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["rampart-dev-secrets-redis-api", "rampart-dev-secrets-redis-web", "rampart-dev-secrets-salt"]);
  });

  test("knows hashes of the passwords, in a file that is secret all the same", async () => {
    const uploads = async (carrier: string): Promise<unknown> =>
      (await plain()).inputs(`Container rampart-dev-redis-${carrier}-carrier`)["uploads"];
    expect(await uploads("live")).toEqual([{ content: "[secret]", file: "/files/users.acl", permissions: "0444" }]);
    expect(await uploads("config")).toEqual(
      ["redis.conf", "start.sh", "users.sh"].map((file) => ({
        content: "[secret]",
        file: `/files/${file}`,
        permissions: "0444",
      })),
    );
    const inClear = await recordPlain(() => build({ services: SERVICES }));
    const files = JSON.stringify(
      inClear.find(({ name }) => name === "rampart-dev-redis-live-carrier")?.inputs["uploads"],
    );
    expect(files).toContain("user web ");
    expect(files).toMatch(/user api [^"]*~bull:\*/);
    expect(files).not.toContain("user other");
    expect(files).not.toContain("p".repeat(32));
  });

  test("stays as it is when a user or a password changes", async () => {
    const container = async (values: Record<string, unknown>): Promise<unknown> =>
      (await redis(values)).inputs("Container rampart-dev-redis");
    const before = await container({ services: SERVICES });
    expect(
      await container({ services: { ...SERVICES, more: { ...SERVICE, cache: true } }, rotation: { everything: "2" } }),
    ).toEqual(before);
    expect(await container({ services: SERVICES, redis: { resources: { memoryMiB: 512 } } })).not.toEqual(before);
  });

  test("is ready once its users are staged, after it runs; they are settled after all that is given", async () => {
    const recording = await record(() => {
      const made = build({ services: SERVICES });
      made.settle([new pulumi.ComponentResource("test:test:Service", "api")]);
    });
    const staged = "RandomId rampart-dev-redis-users-staged";
    const settled = "RandomId rampart-dev-redis-users-settled";
    expect([
      recording.waitsFor(staged, "Container rampart-dev-redis"),
      recording.waitsFor(staged, "Container rampart-dev-redis-live-carrier"),
      recording.waitsFor(settled, staged),
    ]).toEqual([true, true, true]);
    expect([recording.get(staged).hooks, recording.get(settled).hooks]).toEqual([
      { beforeCreate: ["rampart-dev-redis-users-stage"] },
      { beforeCreate: ["rampart-dev-redis-users-settle"] },
    ]);
    expect(Object.keys(recording.inputs(settled)["keepers"] as object)).toEqual(["staged"]);
  });

  test("makes another password only for the service whose text under rotation changes", async () => {
    const keepers = async (rotation: object): Promise<Record<string, unknown>> =>
      Object.fromEntries(
        (await redis({ services: SERVICES, rotation }))
          .ofType("RandomPassword")
          .map(({ name, inputs }) => [name.replace("rampart-dev-secrets-", ""), inputs["keepers"]]),
      );
    expect(await keepers({})).toEqual({ "redis-api": undefined, "redis-web": undefined, salt: undefined });
    expect(await keepers({ redis: { api: "2" } })).toEqual({
      "redis-api": { rotation: "/2" },
      "redis-web": undefined,
      salt: undefined,
    });
    expect(await keepers({ everything: "a", redis: { api: "2" } })).toEqual({
      "redis-api": { rotation: "a/2" },
      "redis-web": { rotation: "a/" },
      salt: undefined,
    });
  });

  describe("with TLS", () => {
    const values = { services: SERVICES, redis: { tls: true } };
    const secured = (certificate: string): Promise<Recording> =>
      record(() => {
        const { context, networks } = surroundings(configOf(values));
        return new Redis("rampart-dev-redis", context, {
          networks,
          secrets: context.secrets,
          tls: { certificate, key: "KEY", ca: "CA", end: "2027-10-06T00:00:00.000Z" },
        });
      });

    test("has its certificate beside the users, so that a renewed one replaces nothing", async () => {
      const [first, second] = [await secured("ONE"), await secured("TWO")];
      expect(first.inputs("Container rampart-dev-redis-live-carrier")["uploads"]).toEqual(
        ["ca.crt", "tls.crt", "tls.key", "users.acl"].map((file) => ({
          content: "[secret]",
          file: `/files/${file}`,
          permissions: "0444",
        })),
      );
      expect(first.inputs("Container rampart-dev-redis")).toEqual(second.inputs("Container rampart-dev-redis"));
      expect(labelsOf(first.get("Container rampart-dev-redis-live-carrier"))).toMatchObject({
        "io.rampart.certificate-end": "2027-10-06T00:00:00.000Z",
      });
      expect(JSON.stringify(first.inputs("Container rampart-dev-redis")["healthcheck"])).toContain(
        '"--tls","--cacert","/etc/rampart-live/ca.crt"',
      );
    });

    test("is refused without a certificate", async () => {
      await record(() =>
        expect(() => build(values)).toThrow(
          "redis.tls: true is given, but no certificate; give args.tls: { certificate, key, ca }",
        ),
      );
    });
  });

  test("keeps its data in production", async () => {
    expect((await redis({ ...PROD, services: SERVICES }, "prod")).get("Volume rampart-dev-redis-data")).toMatchObject({
      protect: true,
      retainOnDelete: true,
    });
    expect((await plain()).get("Volume rampart-dev-redis-data")).toMatchObject({
      protect: false,
      retainOnDelete: false,
    });
  });

  test("gives a service its own name as prefix unless it says others", () => {
    expect(keyPrefixes("web", true)).toEqual(["web:"]);
    expect(keyPrefixes("web", { keyPrefixes: ["bull:"] })).toEqual(["bull:"]);
  });
});
