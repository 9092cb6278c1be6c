/** That renovate.json finds every pinned image where it stands, and what it would write instead is still pinned. */
import { ownPins, stackPins, type Pin } from "../../commands/update-pins/pins";
import { IMAGE_PINS } from "../../config/images";
import { files, read } from "./support";

interface Manager {
  readonly managerFilePatterns: readonly string[];
  readonly matchStrings: readonly string[];
  readonly datasourceTemplate: string;
}

const RENOVATE = JSON.parse(read("renovate.json")) as {
  readonly enabledManagers: readonly string[];
  readonly customManagers: readonly Manager[];
};

/** As Renovate takes a pattern between slashes. */
const matches = (pattern: string, path: string): boolean => new RegExp(pattern.slice(1, -1)).test(path);
const managersOf = (path: string): Manager[] =>
  RENOVATE.customManagers.filter(({ managerFilePatterns }) => managerFilePatterns.some((one) => matches(one, path)));

/** What Renovate's strategy `any` finds in a file. */
const found = (path: string): string[] =>
  managersOf(path).flatMap(({ matchStrings }) =>
    matchStrings.flatMap((expression) =>
      [...read(path).matchAll(new RegExp(expression, "g"))].map(({ groups = {} }) => {
        const { depName = "", currentValue = "", currentDigest = "" } = groups;
        return `${depName}:${currentValue}@${currentDigest}`;
      }),
    ),
  );
const references = (pins: readonly Pin[]): string[] => pins.map(({ reference }) => reference).sort();
const distinct = (list: readonly string[]): string[] => [...new Set(list)].sort();

const STACKS = [...files(".", /^\.?\/?Pulumi\.[^/]+\.yaml$/), ...files("examples", /\.yaml$/)].filter(
  (file) => stackPins(read(file)).length > 0,
);

test("stack files are found", () => expect(STACKS.length).toBeGreaterThanOrEqual(4));

test.each(STACKS)("each image of %s is one that Renovate sees", (file) => {
  expect(managersOf(file)).toHaveLength(1);
  expect(distinct(found(file))).toEqual(references(stackPins(read(file))));
});

test("each of Rampart's own images is one that Renovate sees", () =>
  expect(distinct(found("config/images.ts"))).toEqual(references(ownPins(IMAGE_PINS))));

test("no expression uses what RE2 has not", () => {
  for (const { matchStrings, managerFilePatterns } of RENOVATE.customManagers)
    for (const expression of [...matchStrings, ...managerFilePatterns]) {
      expect(expression).not.toMatch(/\(\?[=!]|\(\?<[=!]|\\[1-9]/);
      expect(() => new RegExp(expression)).not.toThrow();
    }
});

test("npm, actions and images are what is looked at, and files of Pulumi itself are not", () => {
  expect(RENOVATE.enabledManagers).toEqual(["custom.regex", "github-actions", "npm"]);
  expect(RENOVATE.customManagers.map(({ datasourceTemplate }) => datasourceTemplate)).toEqual(["docker", "docker"]);
  expect(managersOf("Pulumi.yaml")).toEqual([]);
});
