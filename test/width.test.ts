/** Every line of a source fits the page: 120 columns, as Prettier has them, which breaks neither texts nor comments. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(__dirname, "..");
const COLUMNS = 120;
const SOURCE = /\.(?:cjs|mjs|sh|sql|ts)$/;
const NOT_OURS = /^(?:node_modules|dist|coverage|\.rampart|\.git)(?:\/|$)/;

/** What has no place for a line break: a regular expression, and in psql's files a command of the shell. */
const UNBREAKABLE = [/^\s*!?\/[^/*].*\/[a-z]*(?:\.(?:exec|test)\(|[;,]?$)/, /^\\! /];

const isTooWide = (line: string): boolean =>
  [...line].length > COLUMNS && !UNBREAKABLE.some((unbreakable) => unbreakable.test(line));

/** The sources: what Git knows and what it would take; all files that are there, in an archive without Git. */
function sources(): readonly string[] {
  const { stdout, status } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const files = status === 0 ? stdout.split("\n") : readdirSync(ROOT, { recursive: true, encoding: "utf8" });
  return files.filter((file) => SOURCE.test(file) && !NOT_OURS.test(file));
}

const lines = (file: string): readonly string[] => {
  try {
    return readFileSync(join(ROOT, file), "utf8").split("\n");
  } catch {
    return []; // deleted, and Git does not know yet
  }
};

test("a wide line is found, unless it cannot be broken", () => {
  expect(isTooWide("x".repeat(COLUMNS))).toBe(false);
  expect(isTooWide("x".repeat(COLUMNS + 1))).toBe(true);
  expect(isTooWide("é".repeat(COLUMNS))).toBe(false);
  expect(isTooWide(`  /${"x".repeat(COLUMNS)}/i.test(`)).toBe(false);
  expect(isTooWide(`\\! ${"x".repeat(COLUMNS)}`)).toBe(false);
  expect(isTooWide(`  /** ${"x".repeat(COLUMNS)} */`)).toBe(true);
  expect(isTooWide(`  // ${"x".repeat(COLUMNS)}/`)).toBe(true);
});

test(`no line of a source is wider than ${COLUMNS} columns`, () => {
  const files = sources();
  expect(files.length).toBeGreaterThan(500);
  const wide = files.flatMap((file) =>
    lines(file).flatMap((line, index) => (isTooWide(line) ? [`${file}:${index + 1}`] : [])),
  );
  expect(wide).toEqual([]);
});
