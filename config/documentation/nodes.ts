/** A JSON schema as this folder reads and writes it, and the way through it by configuration keys. */
import { KEY_TEXTS, SERVICES } from "./texts";

/** What is used of draft 7. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
}

/** A schema where a key leads to it. */
export interface Place {
  readonly key: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** The forms that a value may have: the branches of a union, or the one form. */
export const formsOf = (schema: JsonSchema): readonly JsonSchema[] => schema.anyOf?.flatMap(formsOf) ?? [schema];

/** Rewrites what stands under every key, from the inside out. Lists and records are seen through. */
export function mapKeys(schema: JsonSchema, change: (place: Place) => JsonSchema, prefix = ""): JsonSchema {
  const inside = (one: JsonSchema): JsonSchema => mapKeys(one, change, prefix);
  const { anyOf, items, properties, additionalProperties } = schema;
  return {
    ...schema,
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(inside) }),
    ...(items === undefined ? {} : { items: inside(items) }),
    ...(typeof additionalProperties !== "object" ? {} : { additionalProperties: inside(additionalProperties) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, child]) => {
              const key = prefix === "" ? name : `${prefix}.${name}`;
              const required = schema.required?.includes(name) ?? false;
              return [name, change({ key, schema: mapKeys(child, change, key), required })];
            }),
          ),
        }),
  };
}

/** Every key of a schema with what stands there, the outer ones first. */
export function placesOf(schema: JsonSchema): Place[] {
  const places: Place[] = [];
  mapKeys(schema, (place) => {
    places.push(place);
    return place.schema;
  });
  return places.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
}

/**
 * The key whose text explains a key: what services, jobs and the migration have in common is explained once, and so are
 * the three figures of `resources` and the sources of a secret.
 */
export function explainedBy(key: string): string {
  const own = Object.hasOwn(KEY_TEXTS, key) ? key : key.replace(/^(?:jobs|migration)\./, SERVICES);
  const source = own.replace(/^.*\.(?=from(?:\.\w+)?$)/, `${SERVICES}secrets.`);
  if (!Object.hasOwn(KEY_TEXTS, own) && Object.hasOwn(KEY_TEXTS, source)) return source;
  return Object.hasOwn(KEY_TEXTS, own) ? own : own.replace(/^.*\.(?=resources\.\w+$)/, SERVICES);
}
