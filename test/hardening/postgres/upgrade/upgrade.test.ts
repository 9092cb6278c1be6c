import {
  majorName,
  majorOfName,
  majorRefusal,
  postgresMajor,
  preparedFrom,
  preparedMark,
  type DataVolumeFacts,
  type MajorChange,
} from "../../../../hardening/postgres/upgrade/upgrade";

const BASE = "shop-postgres-data";
const IMAGE = `postgres:17.6-alpine@sha256:${"a1".repeat(32)}`;
const OLD: DataVolumeFacts = { name: BASE, major: 16, inUse: true };
const change = (parts: Partial<MajorChange>): MajorChange => ({
  stack: "prod",
  base: BASE,
  wanted: 17,
  image: IMAGE,
  previous: [],
  volumes: [OLD],
  ...parts,
});

describe("the major version of an image's tag", () => {
  test.each([
    ["16.15-alpine", 16],
    ["16-alpine", 16],
    ["17", 17],
    ["18.1-alpine3.22", 18],
    ["17beta1", undefined],
    ["alpine", undefined],
    ["9.6", undefined],
    ["160", undefined],
    ["1616-alpine", undefined],
  ])("%s is %s", (tag, major) => expect(postgresMajor(tag)).toBe(major));
});

test("the data volume of PostgreSQL 16 keeps the name of older stacks, any other has its number in the name", () => {
  expect([16, 17, 18].map((major) => majorName(BASE, major))).toEqual([BASE, `${BASE}-17`, `${BASE}-18`]);
  expect(
    [BASE, `${BASE}-17`, `${BASE}-17-dump`, `${BASE}-x`, "shop-redis-data"].map((name) => majorOfName(BASE, name)),
  ).toEqual([16, 17, undefined, undefined, undefined]);
});

test("the mark of a prepared volume says which major it came from", () => {
  expect(preparedFrom(preparedMark(16, 17))).toBe(16);
  expect(preparedFrom("")).toBeUndefined();
  expect(preparedFrom("from=16")).toBeUndefined();
});

describe("a change of the image", () => {
  test.each<[string, Partial<MajorChange>]>([
    ["the first start", { volumes: [] }],
    ["the same major", { wanted: 16 }],
    ["the same major, stopped", { wanted: 16, volumes: [{ ...OLD, inUse: false }] }],
    ["a volume that is there and empty", { volumes: [{ name: `${BASE}-17`, inUse: true }] }],
    [
      "the switch",
      { previous: [16], volumes: [OLD, { name: `${BASE}-17`, major: 17, preparedFrom: 16, inUse: false }] },
    ],
    [
      "after the switch",
      {
        previous: [16],
        volumes: [
          { ...OLD, inUse: false },
          { name: `${BASE}-17`, major: 17, preparedFrom: 16, inUse: true },
        ],
      },
    ],
    [
      "after the switch, the old volume no longer declared",
      {
        volumes: [
          { ...OLD, inUse: false },
          { name: `${BASE}-17`, major: 17, preparedFrom: 16, inUse: true },
        ],
      },
    ],
    [
      "both volumes kept by a destroy",
      {
        previous: [16],
        volumes: [
          { ...OLD, inUse: false },
          { name: `${BASE}-17`, major: 17, inUse: false },
        ],
      },
    ],
  ])("passes: %s", (_, parts) => expect(majorRefusal(change(parts))).toBeUndefined());

  test("to the next major is refused with the whole procedure", () => {
    expect(majorRefusal(change({}))).toBe(
      [
        "PostgreSQL 16 runs and the configured image is PostgreSQL 17: " +
          "another major version takes a copy of the data, never the data itself. " +
          "Nothing was changed, and the old server goes on serving.",
        "1. Put the old image back into rampart:images.postgres.",
        `2. npx rampart upgrade-postgres prod --to '${IMAGE}' --confirm prod`,
        "3. What that prints at its end:",
        `   In the stack's file, set rampart:images: { postgres: "${IMAGE}" }`,
        "   In the stack's file, set rampart:database: { previousMajors: [16] }, beside what stands there",
        "   `pulumi up --stack prod`",
        "docs/upgrades.md has the whole.",
      ].join("\n"),
    );
  });

  test.each<[string, Partial<MajorChange>, RegExp]>([
    [
      "an unfinished volume",
      { volumes: [OLD, { name: `${BASE}-17`, major: 17, inUse: false }] },
      /PostgreSQL 16 runs and the configured image is PostgreSQL 17/,
    ],
    [
      "a volume prepared from another major",
      { volumes: [OLD, { name: `${BASE}-17`, major: 17, preparedFrom: 15, inUse: false }] },
      /PostgreSQL 16 runs/,
    ],
    [
      "a prepared volume, the old one not declared",
      { volumes: [OLD, { name: `${BASE}-17`, major: 17, preparedFrom: 16, inUse: false }] },
      /previousMajors: \[16\]/,
    ],
    [
      "the way back",
      {
        wanted: 16,
        volumes: [
          { ...OLD, inUse: false },
          { name: `${BASE}-17`, major: 17, preparedFrom: 16, inUse: true },
        ],
      },
      /PostgreSQL 17 runs and the configured image is PostgreSQL 16, an older one/,
    ],
    [
      "nothing runs and the data is another major's",
      { volumes: [{ ...OLD, inUse: false }] },
      /holds PostgreSQL 16's data in shop-postgres-data and none of PostgreSQL 17/,
    ],
    [
      "a volume that holds another major than its name says",
      { wanted: 16, volumes: [{ ...OLD, major: 17 }] },
      /the volume shop-postgres-data holds PostgreSQL 17's data/,
    ],
  ])("is refused: %s", (_, parts, text) => expect(majorRefusal(change(parts))).toMatch(text));
});
