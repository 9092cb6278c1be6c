/**
 * JSON in which the order of an object's keys says nothing: they are sorted, at every depth. What is named by a digest
 * of such a text keeps its name when somebody writes the same keys in another order. Lists keep their order.
 * @param indent Spaces of indentation. @default none, everything on one line
 */
export function canonicalJson(value: unknown, indent?: number): string {
  const sort = (_key: string, item: unknown): unknown =>
    item !== null && typeof item === "object" && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item;
  return JSON.stringify(value, sort, indent);
}
