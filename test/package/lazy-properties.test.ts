import { createRequire } from "node:module";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as rpc from "@pulumi/pulumi/runtime/rpc";

type Resolver = (...facts: unknown[]) => void;
type Transfer = (onto: object, label: string, props: object) => Readonly<Record<string, Resolver>>;
interface Rpc {
  readonly transferProperties: Transfer;
}

const { lazyProperties } = createRequire(__filename)(join(__dirname, "../../bin/lazy-properties.cjs")) as {
  readonly lazyProperties: <T>(module: T) => T;
};

/** The SDK's own function, and one that makes outputs later; `made` are the properties for which it was called. */
function patched(): { readonly transfer: Transfer; readonly made: string[] } {
  const made: string[] = [];
  // What a property's output is made of here: its value, as soon as that is known.
  const own: Transfer = (onto, _label, props) =>
    Object.fromEntries(
      Object.keys(props).map((key) => {
        made.push(key);
        let resolve: (value: unknown) => void = () => undefined;
        let reject: (error: unknown) => void = () => undefined;
        const known = new Promise((one, other) => ([resolve, reject] = [one, other]));
        Object.assign(onto, { [key]: known });
        const resolver: Resolver = (...facts) => (facts[4] === undefined ? resolve(facts[0]) : reject(facts[4]));
        return [key, resolver];
      }),
    );
  return { transfer: lazyProperties<Rpc>({ transferProperties: own }).transferProperties, made };
}

const isMade = (resource: object, key: string): boolean =>
  "value" in (Object.getOwnPropertyDescriptor(resource, key) ?? {});

describe("a property of a resource", () => {
  test("is made when it is first read, before its value is known or after, and once", async () => {
    const { transfer, made } = patched();
    const resource: Record<string, unknown> = {};
    const resolvers = transfer(resource, "label", { id: 0, urn: 0, early: 1, late: 2, never: 3 });
    expect(Object.keys(resolvers)).toEqual(["early", "late", "never"]);
    expect(Object.keys(resource)).toEqual(["early", "late", "never"]);
    const { early } = resource;
    expect(made).toEqual(["early"]);
    for (const key of ["early", "late", "never"]) resolvers[key]?.(`${key} value`, true, false, []);
    expect([await early, await resource["late"], await resource["late"]]).toEqual([
      "early value",
      "late value",
      "late value",
    ]);
    expect(resource["early"]).toBe(early);
    expect(made).toEqual(["early", "late"]);
  });

  test("whose registration failed fails whoever reads it, and nobody else", async () => {
    const { transfer } = patched();
    const resource: Record<string, unknown> = {};
    const resolvers = transfer(resource, "label", { read: 1, never: 2 });
    for (const key of ["read", "never"]) resolvers[key]?.(undefined, true, false, [], new Error("refused"));
    await expect(resource["read"]).rejects.toThrow("refused");
  });

  test("can be written, and not be made twice on one resource", () => {
    const { transfer, made } = patched();
    const resource: Record<string, unknown> = {};
    transfer(resource, "label", { one: 1 });
    expect(() => transfer(resource, "label", { one: 1 })).toThrow("Property 'one' is already initialized");
    resource["one"] = "other";
    expect([resource["one"], made]).toEqual(["other", []]);
  });
});

test("other modules are left as they are, and the SDK is changed once", () => {
  const other = { serialize: (): void => undefined };
  expect(lazyProperties(other)).toBe(other);
  const { transferProperties } = rpc as unknown as Rpc;
  lazyProperties(rpc);
  expect((rpc as unknown as Rpc).transferProperties).toBe(transferProperties);
});

test("an output of the SDK that is read late has its value and its resource", async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: { ...(inputs as object), size: 4 } }),
    call: () => ({}),
  });
  class Disk extends pulumi.CustomResource {
    declare readonly size: pulumi.Output<number>;
    declare readonly label: pulumi.Output<string>;
    constructor(name: string) {
      super("test:index:Disk", name, { size: undefined, label: "a" });
    }
  }
  const disk = new Disk("one");
  expect(isMade(disk, "size")).toBe(false);
  await pulumi.runtime.disconnect();
  const values = await new Promise((resolve) => pulumi.all([disk.size, disk.label, disk.id]).apply(resolve));
  expect(values).toEqual([4, "a", "one-id"]);
  expect(isMade(disk, "size")).toBe(true);
});
