/** The pages of baselines name checks that exist: rules, checks of the end-to-end run, tests. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { RULES } from "../../hardening/rules";
import { namesOf } from "../e2e/lib/selection";
import { SUITES } from "../e2e/suites";
import { read, ROOT } from "./support";

const CHECKS = new Set([...RULES.map(({ id }) => id), ...namesOf(SUITES)]);

interface Row {
  readonly line: string;
  readonly declared: string;
  readonly proofs: readonly string[];
  readonly status: string;
}

/** The rows of a page's table of four columns, less its heads and its sections. */
function rowsOf(page: string): Row[] {
  return page.split("\n").flatMap((text) => {
    const [, line, declared, proof, status, ...rest] = text.split("|").map((cell) => cell.trim());
    if (rest.length !== 1 || line === undefined || status === undefined || /^(?:line|-*)$/.test(line)) return [];
    if (/^\*\*.*\*\*$/.test(line)) return [];
    const proofs = [...(proof ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    return [{ line, declared: declared ?? "", proofs, status }];
  });
}

/** Whether a rule, a check or a test of `npm test` (`file: name`) is there. */
function exists(name: string): boolean {
  if (CHECKS.has(name)) return true;
  const [, file, title = ""] = /^(test\/[\w/-]+\.test\.ts): (.+)$/.exec(name) ?? [];
  return file !== undefined && existsSync(join(ROOT, file)) && read(file).includes(`test("${title}"`);
}

test.each([
  ["rampart-tenancy", true],
  ["amo: the example's own file deploys, and its preview is empty", true],
  ["test/examples/baselines.test.ts: names a proof for each line that is held, and only checks that exist", true],
  ["rampart-nothing", false],
  ["amo: nothing", false],
  ["test/examples/baselines.test.ts: nothing", false],
])("%s is looked for", (name, there) => expect(exists(name)).toBe(there));

describe.each([
  ["docs/baselines/amo-portal.md", 43],
  ["docs/baselines/kitiumai-docker.md", 73],
])("%s", (page, count) => {
  const rows = rowsOf(read(page));

  test("has a row for each of the baseline's lines", () => expect(rows).toHaveLength(count));

  test("names a proof for each line that is held, and only checks that exist", () => {
    expect(rows.flatMap(({ proofs }) => proofs).filter((name) => !exists(name))).toEqual([]);
    expect(rows.filter(({ status, proofs }) => status === "held" && proofs.length === 0)).toEqual([]);
  });

  test("says of each line who holds it, and what is missing where it is held in part", () => {
    for (const { line, status } of rows)
      expect([line, /^(?:held|partly: .+|application|operator|not yet)$/.test(status)]).toEqual([line, true]);
  });
});
