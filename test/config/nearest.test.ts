import { nearest } from "../../config/nearest";

const COMMANDS = ["start", "plan", "psql", "pulumi", "backup", "restore", "restore-drill", "upgrade-postgres"];

it.each([
  ["psqll", "psql"],
  ["spql", "psql"],
  ["palumi", "pulumi"],
  ["restor", "restore"],
  ["restore-dril", "restore-drill"],
  ["upgrade", "upgrade-postgres"],
  ["back", "backup"],
])("the mistyped name %s is nearest to %s", (word, meant) => expect(nearest(word, COMMANDS)).toBe(meant));

it.each([["deploy"], ["x"], [""], ["re-do-it"]])("the name %j is near to no known name", (word) =>
  expect(nearest(word, COMMANDS)).toBeUndefined(),
);
