/** Adds the fields that are defined and not empty, in the order in which they stand. */
export function insertDefined(
  target: Record<string, unknown>,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  for (const [key, value] of Object.entries(fields)) {
    const empty =
      value === undefined ||
      (Array.isArray(value) && value.length === 0) ||
      (typeof value === "object" && value !== null && Object.keys(value).length === 0);
    if (!empty) target[key] = value;
  }
  return target;
}
