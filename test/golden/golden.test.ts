import { readFileSync } from "node:fs";
import { GOLDEN, goldenFile, goldenText, recordGolden, type Recording } from "./recordings";

/** The first lines that differ, for people: a whole plan is too long to be shown. */
function firstDifferences(golden: string, now: string): string[] {
  const [was, is] = [golden.split("\n"), now.split("\n")];
  const different = Array.from({ length: Math.max(was.length, is.length) }, (_, line) => line).filter(
    (line) => was[line] !== is[line],
  );
  return different.slice(0, 5).map((line) => {
    const [before = "(nothing)", after = "(nothing)"] = [was[line], is[line]];
    const from = Math.max(0, [...before].findIndex((letter, index) => letter !== after[index]) - 40);
    return `line ${line + 1}: …${before.slice(from, from + 100)} -> …${after.slice(from, from + 100)}`;
  });
}

const ADVICE =
  "If this is meant, run `npm run golden`, and let the commit say what changes for a deployed stack. " +
  "A changed byte in a start script restarts that server for every user.";

function expectGolden(file: string, now: object): void {
  const differences = firstDifferences(readFileSync(file, "utf8"), goldenText(now));
  if (differences.length > 0) throw new Error(`${file} differs:\n${differences.join("\n")}\n${ADVICE}`);
}

describe.each(GOLDEN)("$file", ({ name, stack, file }) => {
  let recording: Recording;
  beforeAll(async () => {
    recording = await recordGolden(stack, file);
  });

  test("declares the same resources, and is judged the same", () =>
    expectGolden(goldenFile(name, "plan"), recording.plan));

  test("carries the same bytes in every script and configuration file", () =>
    expectGolden(goldenFile(name, "files"), recording.files));
});
