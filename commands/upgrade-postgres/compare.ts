import { lines } from "../../engine/text";
import {
  CLUSTER_INVENTORY_SQL,
  DATABASE_INVENTORY_SQL,
  inventoryDifferences,
} from "../../hardening/postgres/upgrade/upgrade-sql";
import { UserError } from "../shared/errors";
import { queryNew, queryOld } from "./query";
import { databases, LONG_SECONDS, oldOf, type Upgrade } from "./upgrade";

const MAX_DIFFERENCES = 20;

/** Compares old and new line by line. @throws UserError with the first differences */
export async function compare(upgrade: Upgrade, newServer: string): Promise<void> {
  const { docker, say } = upgrade;
  const both = async (sql: string, database: string): Promise<{ lines: number; differences: string[] }> => {
    const what = `The database ${database} could not be compared`;
    const query = { what, sql, database, timeoutSeconds: LONG_SECONDS };
    const before = lines(await queryOld(oldOf(upgrade), query));
    const after = lines(await queryNew(docker, newServer, query));
    return { lines: before.length, differences: inventoryDifferences(before, after) };
  };
  const results = [await both(CLUSTER_INVENTORY_SQL, "postgres")];
  for (const database of await databases(upgrade)) results.push(await both(DATABASE_INVENTORY_SQL, database));
  const differences = results.flatMap((result) => result.differences);
  if (differences.length > 0) {
    const shown = differences.slice(0, MAX_DIFFERENCES);
    throw new UserError(
      `Old and new differ in ${differences.length} lines; the new volume was not marked, and the old server goes ` +
        `on with reads:\n${shown.join("\n")}${differences.length > shown.length ? "\n…" : ""}\nRun the same command ` +
        "again with --abort to take writes again, or without --abort to try once more.",
    );
  }
  say(`      ${results.reduce((sum, result) => sum + result.lines, 0)} lines agree`);
}
