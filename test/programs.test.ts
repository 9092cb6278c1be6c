import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { files, read } from "./examples/support";
import { findProgram, skipReason } from "./programs";

const directory = mkdtempSync(join(tmpdir(), "rampart-programs-"));
const path = process.env["PATH"];

beforeAll(() => {
  for (const name of ["rampart-one", "rampart-two"]) writeFileSync(join(directory, name), "#!/bin/sh\n");
  chmodSync(join(directory, "rampart-one"), 0o755);
  process.env["PATH"] = `${directory}:${path ?? ""}`;
});
afterAll(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true, force: true });
});

test("a program is found on the PATH, and a file that cannot be run is none", () => {
  expect(findProgram("rampart-one")).toBe(join(directory, "rampart-one"));
  expect(findProgram("rampart-two")).toBeUndefined();
});

test("a skipped test names every program that is not installed", () => {
  expect(skipReason(["rampart-one"])).toBeUndefined();
  expect(skipReason(["rampart-one", "rampart-two"])).toBe("skipped: rampart-two is not installed");
  expect(skipReason(["rampart-two", "rampart-three"])).toBe("skipped: rampart-two and rampart-three are not installed");
});

test("no test skips without a reason: only test/programs.ts does, which gives one", () => {
  const ways = [
    /\b(?:describe|it|test)\.(?:skip|todo|only)\b/,
    /\b[xf](?:it|describe|test)\(/,
    /--(?:version|help)"\]\)\.(?:status|error)/,
  ];
  const skips = (file: string): boolean => ways.some((way) => way.test(read(file)));
  const others = files("test", /\.ts$/, true).filter(
    (file) => !file.startsWith("test/e2e/") && !file.startsWith("test/programs."),
  );
  expect(others.length).toBeGreaterThan(100);
  expect(others.filter(skips)).toEqual([]);
});
