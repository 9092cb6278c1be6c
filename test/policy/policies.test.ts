import type { ResourceValidationArgs } from "@pulumi/policy";
import { CONTAINER_RULES } from "../../hardening/rules";
import { policies } from "../../policy/policies";
import { knownProperties } from "../../policy/known";
import { withLocalEngine } from "../components/support";
import { happyResources } from "../hardening/rules/support";

withLocalEngine();

const CONTAINER = "docker:index/container:Container";
const IMAGE = `nginx:1.29@sha256:${"a1".repeat(32)}`;

/** What nobody would write by chance: a container that passes every policy. */
const HARDENED = {
  image: IMAGE,
  user: "101:101",
  readOnly: true,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true"],
  memory: 64,
  memorySwap: 64,
  cpus: "0.5",
  restart: "on-failure",
  maxRetryCount: 5,
  ulimits: [{ name: "nofile" }, { name: "core" }],
  logOpts: { "max-size": "10m", "max-file": "3" },
  healthcheck: { tests: ["CMD", "healthy"] },
  destroyGraceSeconds: 10,
  labels: [{ label: "io.rampart.pids-limit", value: "64" }],
};

/** `<policy> <level>: <message>` of each policy that a resource violates. */
function violations(props: object, type = CONTAINER): string[] {
  const found: string[] = [];
  for (const { name, enforcementLevel, validateResource } of policies()) {
    const args = { type, name: "web", props } as ResourceValidationArgs;
    if (typeof validateResource !== "function") throw new Error(`${name} validates nothing`);
    void validateResource(args, (message) => found.push(`${name} ${String(enforcementLevel)}: ${message}`));
  }
  return found;
}

test("a hardened container of any program violates nothing", () => {
  expect(violations(HARDENED)).toEqual([]);
});

test("there is a policy for each rule over containers, and for the pins of images", () => {
  expect(policies().map(({ name }) => name)).toEqual([...CONTAINER_RULES.map(({ id }) => id), "rampart-image-pinned"]);
});

test.each<[string, object, string]>([
  ["privileged", { privileged: true }, "cis-5.5 mandatory: is privileged (cis-5.5, critical)"],
  ["root", { user: "0" }, "cis-4.1 mandatory: runs as 0 (cis-4.1, high)"],
  [
    "a capability",
    { capabilities: { drops: ["ALL"], adds: ["SYS_ADMIN"] } },
    "cis-5.4 mandatory: adds SYS_ADMIN (cis-5.4, high)",
  ],
  ["no memory limit", { memory: 0 }, "cis-5.11 advisory: has no memory limit (cis-5.11, medium)"],
  ["no PIDs limit", { labels: [] }, "cis-5.29 advisory: has no PIDs limit (cis-5.29, medium)"],
  [
    "an image by its tag",
    { image: "nginx:latest" },
    "rampart-image-pinned mandatory: nginx:latest: it is not pinned as repo:tag@sha256:<64 hex digits> " +
      "(rampart-image-pinned, high)",
  ],
])("%s violates one policy, with the rule's id", (_, change, told) => {
  expect(violations({ ...HARDENED, ...change })).toEqual([told]);
});

test("a bare container is blocked by the same rules as a plan", () => {
  const found = violations({ image: "nginx:latest", privileged: true });
  expect(found.filter((line) => line.includes(" mandatory:")).map((line) => line.split(" ")[0])).toEqual([
    "cis-4.1",
    "cis-5.4",
    "cis-5.5",
    "cis-5.26",
    "rampart-image-pinned",
  ]);
});

test("an image that nothing pins is blocked where it is pulled, too", () => {
  const [told = "", ...rest] = violations({ name: "redis" }, "docker:index/remoteImage:RemoteImage");
  expect([told.split(" ")[0], rest]).toEqual(["rampart-image-pinned", []]);
  expect(violations({ name: IMAGE }, "docker:index/remoteImage:RemoteImage")).toEqual([]);
});

test("a reason in the rule's own label is an exception to that rule only", () => {
  const label = { label: "io.rampart.accepted.cis-5.5", value: "the node agent" };
  const labels = [...HARDENED.labels, label];
  expect(violations({ ...HARDENED, privileged: true, labels })).toEqual([]);
  expect(violations({ ...HARDENED, privileged: true, user: "0", labels })).toHaveLength(1);
});

test("resources of other kinds are nobody's business", () => {
  expect(violations({ image: "nginx:latest", privileged: true }, "aws:ec2/instance:Instance")).toEqual([]);
});

test("Rampart's own stack violates nothing", async () => {
  const containers = (await happyResources()).filter(({ type }) => type === CONTAINER);
  expect(containers.length).toBeGreaterThan(10);
  expect(containers.flatMap(({ inputs, name }) => violations(inputs).map((line) => `${name}: ${line}`))).toEqual([]);
});

describe("properties that a preview does not know yet", () => {
  class UnknownValueError extends Error {}
  const unknown = (value: object, keys: readonly string[]): object =>
    new Proxy(value, {
      get: (target, key) => {
        if (keys.includes(String(key))) throw new UnknownValueError(String(key));
        return Reflect.get(target, key) as unknown;
      },
    });

  test("are left out, so that the others are judged", () => {
    expect(violations(unknown({ ...HARDENED, privileged: true }, ["image"])).map((line) => line.split(" ")[0])).toEqual(
      ["cis-5.5"],
    );
    expect(knownProperties({ a: [1, unknown({ b: 2, c: 3 }, ["b"])] })).toEqual({ a: [1, { c: 3 }] });
  });

  test("another error is not hidden", () => {
    const broken = Object.defineProperty({}, "image", {
      enumerable: true,
      get: () => {
        throw new TypeError("a fault");
      },
    });
    expect(() => knownProperties(broken)).toThrow("a fault");
  });
});
