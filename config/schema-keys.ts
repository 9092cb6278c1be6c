/** Which keys the schema has at a place, read from the schema itself. */
import type { stackSchema } from "./schema";

type Path = readonly PropertyKey[];

/** The part of a zod definition that leads from a schema to those inside of it. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly element?: Schema;
  readonly valueType?: Schema;
  readonly keyType?: Schema;
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly options?: readonly Schema[];
}
interface Schema {
  readonly _zod: { readonly def: unknown };
}

const definition = (schema: Schema): Definition => schema._zod.def as Definition;

/** The schemas that a value at a place may be of: those of a union, without defaults and the like around them. */
function forms(schema: Schema): Schema[] {
  const { type, innerType, in: input, options } = definition(schema);
  // What a preprocessor reads first says nothing of keys.
  if (type === "transform") return [];
  const inside = [innerType, input, ...(options ?? [])].flatMap((one) => (one === undefined ? [] : forms(one)));
  return inside.length > 0 ? inside : [schema];
}

function below(schema: Schema, part: PropertyKey): Schema[] {
  const { shape, element, valueType } = definition(schema);
  const name = String(part);
  const child = shape === undefined ? (element ?? valueType) : Object.hasOwn(shape, name) ? shape[name] : undefined;
  return child === undefined ? [] : forms(child);
}

const formsAt = (schema: ReturnType<typeof stackSchema>, path: Path): Schema[] =>
  path.reduce<Schema[]>((at, part) => at.flatMap((one) => below(one, part)), forms(schema));

/** The keys of the objects that may stand at a place, sorted; none where names are free. */
export function keysAt(schema: ReturnType<typeof stackSchema>, path: Path): string[] {
  const keys = formsAt(schema, path).flatMap((one) => {
    const { shape, keyType } = definition(one);
    return Object.keys(shape ?? (keyType === undefined ? {} : (definition(keyType).entries ?? {})));
  });
  return [...new Set(keys)].sort();
}

/** How a key is reached from a place that does not have it: one level down (`resources.memoryMiB`), or none. */
export function reachedFrom(schema: ReturnType<typeof stackSchema>, path: Path, key: string): string | undefined {
  const holder = keysAt(schema, path).find((one) => keysAt(schema, [...path, one]).includes(key));
  if (holder !== undefined) return `${holder}.${key}`;
  const inList = keysAt(schema, path).find((one) => keysAt(schema, [...path, one, 0]).includes(key));
  return inList === undefined ? undefined : `${inList}: [{ ${key}: … }]`;
}
