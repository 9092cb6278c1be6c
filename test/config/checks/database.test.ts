import { faultsOf } from "../support";

const image = (tag: string): string => `postgres:${tag}@sha256:${"a1".repeat(32)}`;

test("the tag of the Postgres image begins with its major version", () => {
  expect(faultsOf({ "images.postgres": image("17.6-alpine") })).toEqual([]);
  expect(faultsOf({ "images.postgres": image("alpine") })).toEqual([
    {
      path: "rampart:images.postgres",
      given: '"alpine"',
      allowed: "a tag that begins with PostgreSQL's major version",
      fix: "use a tag such as 16.15-alpine",
    },
  ]);
});

test("a major that was left behind is not the image's own, and is named once", () => {
  expect(faultsOf({ "images.postgres": image("17-alpine"), "database.previousMajors": [16] })).toEqual([]);
  expect(faultsOf({ "database.previousMajors": [16] })).toEqual([
    {
      path: "rampart:database.previousMajors[0]",
      given: "16",
      allowed: "majors other than that of images.postgres",
      fix: "remove it",
    },
  ]);
  expect(faultsOf({ "database.previousMajors": [17, 17] })).toMatchObject([
    { path: "rampart:database.previousMajors", given: "a major twice" },
  ]);
  expect(faultsOf({ "database.previousMajors": [15] })).toHaveLength(1);
});
