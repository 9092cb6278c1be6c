import fc from "fast-check";
import { canonicalJson } from "../../../hardening/canonical-json";
import { versionAlias } from "../../../hardening/container/version-alias";
import { WORKLOAD } from "./workload";

/** The same value with the keys of every object in an order that `random` decides. */
function shuffled(value: unknown, random: () => number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, random));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, child]): [number, string, unknown] => [random(), key, shuffled(child, random)])
      .sort(([a], [b]) => a - b)
      .map(([, key, child]) => [key, child]),
  );
}

/** Each number is less than the one before: keys come out in the opposite order. */
function descending(): () => number {
  let next = 0;
  return () => (next -= 1);
}

/** The value with its nth leaf, counted through objects and lists, replaced by another value. */
function withLeafChanged(value: unknown, nth: { left: number }): unknown {
  if (Array.isArray(value)) return value.map((item) => withLeafChanged(item, nth));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, withLeafChanged(child, nth)]));
  nth.left -= 1;
  return nth.left === -1 ? `changed ${String(value)}` : value;
}

function leaves(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, child) => sum + leaves(child), 0);
}

const value = fc.jsonValue({ maxDepth: 4 });

describe("versionAlias", () => {
  test("is the service's name and ten hexadecimal digits", () => {
    expect(versionAlias("api", [{ image: "a" }])).toMatch(/^api-[0-9a-f]{10}$/);
  });

  test("is the same whatever the order in which the keys of a workload were written", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 50, maxLength: 50 }), (numbers) => {
        const again = shuffled(WORKLOAD, () => numbers.pop() ?? 0);
        expect(versionAlias("api", [again])).toBe(versionAlias("api", [WORKLOAD]));
      }),
    );
    fc.assert(fc.property(value, (any) => expect(canonicalJson(shuffled(any, descending()))).toBe(canonicalJson(any))));
  });

  test("is another one when any one value of a workload changes", () => {
    const count = leaves(WORKLOAD);
    const aliases = Array.from({ length: count }, (_, nth) =>
      versionAlias("api", [withLeafChanged(WORKLOAD, { left: nth })]),
    );
    expect(new Set([...aliases, versionAlias("api", [WORKLOAD])]).size).toBe(count + 1);
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
