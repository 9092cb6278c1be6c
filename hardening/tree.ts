/** Values of a structure whose form nobody has checked. */
export type Tree = Readonly<Record<string, unknown>>;

/** Whether a value has keys: an object, and no list. */
export const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value where it has keys, else one without any. */
export const tree = (value: unknown): Tree => (isTree(value) ? value : {});

/** The value where it is a text, else an empty one. */
export const leaf = (value: unknown): string => (typeof value === "string" ? value : "");
