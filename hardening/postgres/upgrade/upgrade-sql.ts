/**
 * The SQL of a major upgrade, for psql: read-only and back, and what is compared between the old server and the new.
 */
import { fileText } from "../../files";

const sql = (name: string): string => fileText(__dirname, name);

/** Makes every database read-only, and ends its sessions. */
export const FREEZE_SQL = sql("freeze.sql");
/** Takes back what FREEZE_SQL did. */
export const THAW_SQL = sql("thaw.sql");
/** What stands in the way of an upgrade. */
export const PREFLIGHT_SQL = sql("preflight.sql");
/** Databases in the order in which they are restored. */
export const DATABASES_SQL = sql("databases.sql");
export const EXTENSIONS_SQL = sql("extensions.sql");
export const AVAILABLE_EXTENSIONS_SQL = sql("available-extensions.sql");
/** What a server holds once. */
export const CLUSTER_INVENTORY_SQL = sql("cluster-inventory.sql");
/** What one of its databases holds. */
export const DATABASE_INVENTORY_SQL = sql("database-inventory.sql");

/** What the inventories of two servers differ in; empty where they agree. Extensions' versions are not part of them. */
export function inventoryDifferences(before: readonly string[], after: readonly string[]): string[] {
  const [old, fresh] = [new Set(before), new Set(after)];
  return [
    ...before.filter((line) => !fresh.has(line)).map((line) => `only on the old server: ${line}`),
    ...after.filter((line) => !old.has(line)).map((line) => `only on the new server: ${line}`),
  ].sort();
}
