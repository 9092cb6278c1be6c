/** schema/rampart.schema.json: the form of Pulumi.<stack>.yaml, for editors. */
import { parse } from "yaml";
import { z } from "zod";
import { ENVIRONMENTS, type Environment } from "../environment";
import { NAMESPACE } from "../raw";
import { stackSchema } from "../schema";
import { descriptionOf } from "./describe";
import { mapKeys, explainedBy, type JsonSchema, type Place } from "./nodes";
import { KEY_TEXTS } from "./texts";
import { isTree } from "../../hardening/tree";

/**
 * The schema of the keys under `rampart:`, before their texts. A default that depends on the environment is left out,
 * as an editor does not know which environment a file is for.
 * @throws Error where environments differ in more than defaults: the schema would refuse what one of them takes
 */
export function keysSchema(): JsonSchema {
  const schemaFor = (environment: Environment): JsonSchema =>
    z.toJSONSchema(stackSchema({ environment }), { target: "draft-7", io: "input" }) as JsonSchema;
  const [first, ...others] = ENVIRONMENTS.map(schemaFor);
  return others.reduce<JsonSchema>((merged, other) => common(merged, other) as JsonSchema, first ?? {});
}

function common(left: unknown, right: unknown): unknown {
  if (JSON.stringify(left) === JSON.stringify(right)) return left;
  if (Array.isArray(left) && Array.isArray(right) && left.length === right.length)
    return left.map((item, index) => common(item, right[index]));
  if (!isTree(left) || !isTree(right))
    throw new Error(`environments differ: ${JSON.stringify(left)}, ${JSON.stringify(right)}`);
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return Object.fromEntries(
    keys.flatMap((key) => {
      const same = JSON.stringify(left[key]) === JSON.stringify(right[key]);
      return key === "default" && !same ? [] : [[key, common(left[key], right[key])]];
    }),
  );
}

/** @param descriptions of the keys that no table has a row for, such as `services`: from Pulumi.yaml */
function withTexts(place: Place, descriptions: Readonly<Record<string, string>>): JsonSchema {
  const { key, schema } = place;
  const row = KEY_TEXTS[explainedBy(key)];
  const description = row === undefined ? descriptions[key] : descriptionOf(place);
  const examples = row?.example === undefined ? {} : { examples: [parse(row.example) as unknown] };
  const { default: value, ...rest } = schema;
  // An empty object stands for the defaults of what is in it, which have their own place.
  const kept = value === undefined || (isTree(value) && Object.keys(value).length === 0) ? {} : { default: value };
  return { ...(description === undefined ? {} : { description }), ...rest, ...kept, ...examples };
}

/** What `pulumi config set --secret` writes. */
const ENCRYPTED: JsonSchema = {
  type: "object",
  properties: { secure: { type: "string" } },
  required: ["secure"],
  additionalProperties: false,
};

/** The schema of the whole file. @param descriptions of keys by their names, without `rampart:` */
export function stackFileSchema(descriptions: Readonly<Record<string, string>>): JsonSchema {
  const { properties = {} } = mapKeys(keysSchema(), (place) => withTexts(place, descriptions));
  const names = Object.keys(properties);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "A stack of Rampart: Pulumi.<stack>.yaml",
    type: "object",
    properties: {
      config: {
        description: "The stack's configuration: docs/configuration.md lists every key.",
        type: "object",
        properties: Object.fromEntries(names.map((name) => [`${NAMESPACE}:${name}`, properties[name] ?? {}])),
        patternProperties: {
          [`^${NAMESPACE}:(?!(?:${names.join("|")})$)`]: {
            description:
              "A secret of your own, which a { config: <key> } names. Set it with pulumi config set --secret.",
            ...ENCRYPTED,
          },
        },
      },
    },
  };
}
