import { nearest } from "../../../commands/shared/nearest";

const COMMANDS = ["start", "plan", "psql", "pulumi", "backup", "restore", "restore-drill", "upgrade-postgres"];

it.each([
  ["psqll", "psql"],
  ["spql", "psql"],
  ["palumi", "pulumi"],
  ["restor", "restore"],
  ["restore-dril", "restore-drill"],
  ["upgrade", "upgrade-postgres"],
  ["back", "backup"],
])("%s means %s", (word, meant) => expect(nearest(word, COMMANDS)).toBe(meant));

it.each([["deploy"], ["x"], [""], ["re-do-it"]])("%j means nothing that there is", (word) =>
  expect(nearest(word, COMMANDS)).toBeUndefined(),
);
