import { isTree } from "../hardening/tree";

/**
 * A resource's properties as plain data. Before a first `up` some are not known yet, such as an image's id, and the
 * policy SDK throws where one is read: those are left out, so that all others are judged.
 */
export function knownProperties(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((_, index) => tried(() => knownProperties(value[index])));
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.keys(value).flatMap((key) => {
      const known = tried(() => knownProperties(value[key]));
      return known === undefined ? [] : [[key, known]];
    }),
  );
}

function tried<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // The SDK's own class is not exported; its errors carry this name.
    if (error instanceof Error && error.constructor.name === "UnknownValueError") return undefined;
    throw error;
  }
}
