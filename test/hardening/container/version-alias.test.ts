import fc from "fast-check";
import { canonicalJson } from "../../../hardening/canonical-json";
import { versionAlias } from "../../../hardening/container/version-alias";

/** The same value with the keys of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, child]) => [key, reversed(child)]),
  );
}

const value = fc.jsonValue({ maxDepth: 4 });

describe("versionAlias", () => {
  test("is the service's name and ten hexadecimal digits", () => {
    expect(versionAlias("api", [{ image: "a" }])).toMatch(/^api-[0-9a-f]{10}$/);
  });

  test("is the same whatever the order in which keys were written", () => {
    const one = { image: "a", mounts: [{ target: "/x", readOnly: true }], resources: { cpus: 1, pids: 2 } };
    expect(versionAlias("api", [reversed(one)])).toBe(versionAlias("api", [one]));
    fc.assert(fc.property(value, (any) => expect(canonicalJson(reversed(any))).toBe(canonicalJson(any))));
  });

  test("is another one for every other value, list order included", () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        fc.pre(canonicalJson(a) !== canonicalJson(b));
        expect(versionAlias("api", [a])).not.toBe(versionAlias("api", [b]));
      }),
    );
    expect(versionAlias("api", [["a", "b"]])).not.toBe(versionAlias("api", [["b", "a"]]));
  });

  test("tells nothing of what is inside where it has a key", () => {
    expect(versionAlias("api", ["secret"], "k1")).not.toBe(versionAlias("api", ["secret"], "k2"));
    expect(versionAlias("api", ["secret"], "k1")).not.toBe(versionAlias("api", ["secret"]));
  });
});

test("canonicalJson keeps lists as they are, and can be indented", () => {
  expect(canonicalJson({ b: [2, 1], a: { d: null, c: "x" } })).toBe('{"a":{"c":"x","d":null},"b":[2,1]}');
  expect(canonicalJson({ b: 1, a: 2 }, 2)).toBe('{\n  "a": 2,\n  "b": 1\n}');
});
