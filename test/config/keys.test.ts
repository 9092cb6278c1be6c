/** Every key by which a stack can be weakened has a rule that says so: a new key is one or the other. */
import { HARMLESS_KEYS } from "../../config/documentation/harmless";
import { keysSchema } from "../../config/documentation/json-schema";
import { explainedBy, formsOf, placesOf, type JsonSchema } from "../../config/documentation/nodes";
import { RULES } from "../../hardening/rules";

/** Keys of the Docker provider's. */
const FOREIGN = ["docker:host"];

const places = placesOf(keysSchema());
const all = [...new Set(places.map(({ key }) => explainedBy(key)))];

/** Whether a key only holds others, which explain it: no form of it is a value of its own. */
const onlyHolds = (schema: JsonSchema): boolean =>
  formsOf(schema).every(({ type, items, properties, additionalProperties }) => {
    const inside = items ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
    return (
      properties !== undefined ||
      (["array", "object"].includes(String(type)) && inside !== undefined && onlyHolds(inside))
    );
  });
const weakening = new Set(RULES.flatMap(({ keys = [] }) => keys));

test("each key has a rule, or a reason why it weakens nothing; never both", () => {
  const told = (key: string): boolean => weakening.has(key) || Object.hasOwn(HARMLESS_KEYS, key);
  const silent = places.filter(({ key, schema }) => !told(explainedBy(key)) && !onlyHolds(schema));
  expect(silent.map(({ key }) => key)).toEqual([]);
  expect([...weakening].filter((key) => Object.hasOwn(HARMLESS_KEYS, key))).toEqual([]);
  expect(all.length).toBeGreaterThan(200);
});

test("no rule and no reason is about a key that does not exist", () => {
  expect([...weakening].filter((key) => !all.includes(key) && !FOREIGN.includes(key))).toEqual([]);
  expect(Object.keys(HARMLESS_KEYS).filter((key) => !all.includes(key))).toEqual([]);
});

test("a rule names each of its keys once", () => {
  for (const { id, keys = [] } of RULES) expect([id, new Set(keys).size]).toEqual([id, keys.length]);
});
