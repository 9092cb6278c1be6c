import { inventoryDifferences } from "../../../../hardening/postgres/upgrade/upgrade-sql";
import { POSTGRES_PATHS } from "../../../../hardening/postgres/server/start-script";
import { PREPARED_FILE } from "../../../../hardening/postgres/upgrade/upgrade";
import * as scripts from "../../../../hardening/postgres/upgrade/upgrade-scripts";

test("two inventories differ in the lines that only one of them has, whatever their order", () => {
  expect(inventoryDifferences(["rows app.items|2|7", "role|a"], ["role|a", "rows app.items|2|7"])).toEqual([]);
  expect(inventoryDifferences(["rows app.items|2|7", "role|a"], ["rows app.items|1|7", "role|a", "role|b"])).toEqual([
    "only on the new server: role|b",
    "only on the new server: rows app.items|1|7",
    "only on the old server: rows app.items|2|7",
  ]);
});

test("an upgrade's scripts read the password inside the container, as no argument of any program", () => {
  for (const script of [scripts.QUERY_SCRIPT, scripts.DUMP_SCRIPT, scripts.RESTORE_SCRIPT, scripts.ANALYZE_SCRIPT]) {
    expect(script).toContain("export PGPASSFILE=/run/rampart/pgpass");
    expect(script.split("\n").filter((line) => line.includes("postgres_password"))).toEqual([
      `printf '*:*:*:%s:%s\\n' "$POSTGRES_USER" "$(cat /run/secrets/postgres_password)" > /run/rampart/pgpass`,
    ]);
  }
});

test("an upgrade's dump lies on the volume that both containers mount, and its mark in the data directory", () => {
  const paths = (script: string): string[] => [...new Set(script.match(/(?<=[ =])\/(?!dev\/null)[a-z/-]+/g))].sort();
  for (const script of [scripts.DUMP_SCRIPT, scripts.RESTORE_SCRIPT, scripts.DUMP_IS_WHOLE_SCRIPT])
    expect(
      paths(script).filter((path) => !path.startsWith("/run/") && !path.startsWith(`${scripts.DUMP_PATH}/upgrade`)),
    ).toEqual([]);
  expect(paths(scripts.FREE_SPACE_SCRIPT)).toEqual([scripts.DUMP_PATH]);
  expect(paths(scripts.MARK_SCRIPT)).toEqual([`${POSTGRES_PATHS.data}/${PREPARED_FILE}`]);
});
