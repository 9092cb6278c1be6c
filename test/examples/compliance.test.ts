/** docs/compliance.md names only what is there; docs.test.ts looks after its links and the ids of rules. */
import { COMMANDS } from "../../commands/rampart";
import { DRIFT } from "../../verify/drift";
import { PROBES } from "../../verify/probes";
import { RULES } from "../../hardening/rules";
import { read } from "./support";

const page = read("docs/compliance.md");
const commands = new Map(COMMANDS.map((command) => [command.name, command]));

/** Rows of tables, without their heads. */
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\|(?:-+\|)+$/.test(line))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test("each command that is named is there, with its options", () => {
  const named = [...page.matchAll(/`npx rampart ([a-z-]+)([^`]*)`/g)].map(([, name = "", rest = ""]) => ({
    name,
    rest,
  }));
  expect(named.length).toBeGreaterThan(10);
  for (const { name, rest } of named) {
    const command = commands.get(name);
    expect([name, command !== undefined]).toEqual([name, true]);
    for (const [, option = ""] of rest.matchAll(/--([a-z-]+)/g))
      expect([name, option, Object.hasOwn(command?.options ?? {}, option)]).toEqual([name, option, true]);
  }
});

test("each probe and each kind of drift that is named is one of verify's", () => {
  const known = [...PROBES.map(({ id }) => id), ...Object.values(DRIFT).map(({ id }) => id)];
  const named = [...page.matchAll(/`((?:probe|drift)-[a-z-]+)`/g)].map(([, id = ""]) => id);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((id) => !known.includes(id))).toEqual([]);
});

test("each rule that is named is there, and each that is critical is named", () => {
  const named = [...page.matchAll(/`((?:cis|rampart)-[a-z0-9.-]+)`/g)].map(([, id = ""]) => id);
  expect(named.filter((id) => !RULES.some((rule) => rule.id === id))).toEqual([]);
  const critical = RULES.filter(({ severity }) => severity === "critical").map(({ id }) => id);
  expect(critical.filter((id) => !named.includes(id))).toEqual([]);
});

test("each question has an answer, and says who answers the rest", () => {
  const answered = rows.filter(
    (cells) => cells.length === 3 && !/^(?:question|criterion|section)$/.test(cells[0] ?? ""),
  );
  expect(answered.length).toBeGreaterThan(50);
  for (const [question, shown, rest] of answered) {
    expect([question, shown !== ""]).toEqual([question, true]);
    expect([question, /^(?:Rampart|application|operator)\b/.test(rest ?? "")]).toEqual([question, true]);
  }
});
