import { engineImages, type EngineImage } from "../../../commands/clean/engine";
import { imageHistory } from "../../../commands/clean/needed";
import { select, type OtherStack, type Selection } from "../../../commands/clean/select";
import { familiarDigest } from "../../../hardening/container/image";
import type { Update } from "../../../commands/shared/rollback/history";

const NOW = new Date("2026-11-28T12:00:00Z");
const hex = (version: number): string => String(version).padStart(64, "0");
const reference = (version: number, repository = "me/web"): string => `${repository}:${version}@sha256:${hex(version)}`;
const digest = (version: number, repository = "me/web"): string => `${repository}@sha256:${hex(version)}`;

/** The update that brought a version, `day` being of November. */
const update = (version: number, day: number, changes: Partial<Update> = {}): Update => ({
  at: `2026-11-${String(day).padStart(2, "0")}T12:00:00Z`,
  succeeded: true,
  message: "",
  configuration: { "rampart:services": { web: { image: reference(version) } } },
  ...changes,
});
/** Versions 1 to 6, each a day after the other; 6 is deployed since the 6th. */
const UPDATES = [6, 5, 4, 3, 2, 1].map((version) => update(version, version));
const KEEPING = { keepConfigurations: 3, keepDays: 14, now: NOW };
const history = (updates = UPDATES, keeping = KEEPING, file = {}) =>
  imageHistory({ project: "rampart", updates, file }, keeping);

const image = (version: number, changes: Partial<EngineImage> = {}): EngineImage => ({
  id: `sha256:id${version}`,
  digests: [digest(version)],
  tags: [],
  created: "2026-10-01T00:00:00Z",
  bytes: 100,
  users: [],
  ...changes,
});

function verdicts(changes: Partial<Selection> = {}): Record<string, string> {
  const all = select({
    images: [1, 2, 3, 4, 5, 6].map((version) => image(version)),
    own: history(),
    others: [],
    ownRepositories: ["postgres"],
    stack: "prod",
    keepDays: 14,
    now: NOW,
    ...changes,
  });
  return Object.fromEntries(all.map((one) => [one.image, `${one.goes ? "goes" : "stays"}: ${one.why}`]));
}
const one = (version: number, changes: Partial<Selection> = {}): string | undefined =>
  verdicts(changes)[digest(version)];

describe("images of a stack's history", () => {
  test("the one that is deployed and those of the last three before it stay", () =>
    expect(verdicts()).toEqual({
      [digest(1)]: "goes: deployed until 2026-11-02",
      [digest(2)]: "goes: deployed until 2026-11-03",
      [digest(3)]: "stays: for a rollback",
      [digest(4)]: "stays: for a rollback",
      [digest(5)]: "stays: for a rollback",
      [digest(6)]: "stays: deployed",
    }));

  test("one that a container has stays, whoever's it is, running or not", () => {
    expect(one(1, { images: [image(1, { users: ["prod"] })] })).toBe("stays: in use");
    expect(one(1, { images: [image(1, { users: [undefined] })] })).toBe("stays: in use by another container");
  });

  test("one that the stack had a short while ago stays", () => {
    const own = history([update(6, 27), ...UPDATES.slice(1)]);
    expect(one(5, { own: history([update(6, 27), ...UPDATES.slice(1)], { ...KEEPING, keepConfigurations: 1 }) })).toBe(
      "stays: for a rollback",
    );
    const young = history([update(6, 27), update(9, 26), ...UPDATES.slice(1)], { ...KEEPING, keepConfigurations: 1 });
    expect(one(5, { own: young })).toBe("stays: deployed until 2026-11-26");
    expect(one(1, { own })).toMatch(/^goes/);
  });

  test("what the stack's file names stays, deployed or not", () =>
    expect(one(1, { own: history(UPDATES, KEEPING, { "rampart:migration": { image: reference(1) } }) })).toBe(
      "stays: in the stack's file",
    ));

  test("after a failed update, what a rollback goes to stays, as well as what failed", () => {
    const own = history([update(7, 7, { succeeded: false }), ...UPDATES], {
      ...KEEPING,
      keepConfigurations: 1,
      keepDays: 0,
    });
    const found = verdicts({ own, images: [5, 6, 7].map((version) => image(version)) });
    expect(found).toEqual({
      [digest(5)]: "goes: deployed until 2026-11-06",
      [digest(6)]: "stays: for a rollback",
      [digest(7)]: "stays: deployed",
    });
  });

  test("one with a tag stays: somebody gave it that", () =>
    expect(one(1, { images: [image(1, { tags: ["me/web:1"] })] })).toBe(
      "stays: has the tag me/web:1, which Rampart gives no image",
    ));

  test("Docker Hub's names are known by their short form", () => {
    const updates = [
      update(2, 2),
      update(1, 1, { configuration: { "rampart:images": { redis: reference(1, "docker.io/library/redis") } } }),
    ];
    const own = history(updates, { ...KEEPING, keepConfigurations: 1, keepDays: 0 });
    const images = [image(1, { digests: [digest(1, "redis")] })];
    expect(verdicts({ own, images })).toEqual({ [digest(1, "redis")]: "stays: for a rollback" });
  });
});

describe("images of another stack on the engine", () => {
  const other = (version: number): OtherStack => ({
    stack: "staging",
    history: imageHistory({ project: "rampart", updates: [update(version, 1)] }, KEEPING),
  });
  const staging = image(8, { users: ["staging"] });

  test("what its own history wants stays, the rest of the repository goes", () => {
    const images = [image(1), image(2), staging];
    expect(verdicts({ images, others: [other(1)] })).toEqual({
      [digest(1)]: "stays: stack staging may want it",
      [digest(2)]: "goes: deployed until 2026-11-03",
      [digest(8)]: "stays: in use by another container",
    });
  });

  test("where its history cannot be read, its repositories stay, and no others", () => {
    const others = [{ stack: "staging", history: undefined }];
    expect(one(1, { images: [image(1), staging], others })).toBe(
      "stays: stack staging uses me/web, and its history cannot be read from here",
    );
    const elsewhere = image(8, { digests: [digest(8, "me/api")], users: ["staging"] });
    expect(one(1, { images: [image(1), elsewhere], others })).toMatch(/^goes/);
  });
});

describe("images without a tag that no configuration names", () => {
  const leftOver = image(20);

  test("go if they are old and of a repository of the application's only", () => {
    expect(one(20, { images: [leftOver] })).toBe("goes: in no configuration");
    expect(one(20, { images: [image(20, { created: "2026-11-20T00:00:00Z" })] })).toBe("stays: built on 2026-11-20");
  });

  test("stay where another program or another stack uses the repository", () => {
    const foreign = image(21, { users: [undefined], tags: ["me/web:x"], digests: [] });
    expect(one(20, { images: [leftOver, foreign] })).toBe("stays: others use me/web as well");
    const staging = { stack: "staging", history: history([update(30, 1)]) };
    expect(one(20, { images: [leftOver], others: [staging] })).toBe("stays: others use me/web as well");
  });

  test("stay where the repository is one of Rampart's own images", () => {
    const own = history([
      update(1, 1, { configuration: { "rampart:services": { db: { image: reference(1, "postgres") } } } }),
    ]);
    const images = [image(20, { digests: [digest(20, "postgres")] })];
    expect(verdicts({ own, images })).toEqual({
      [digest(20, "postgres")]: "stays: of postgres, which other programs use as well",
    });
  });

  test("with a tag, or of a repository that the stack never had, are nobody's business", () => {
    expect(verdicts({ images: [image(20, { tags: ["me/web:ci"] })] })).toEqual({});
    expect(
      verdicts({ images: [image(20, { digests: [digest(20, "other/app")] }), image(21, { digests: [] })] }),
    ).toEqual({});
  });
});

test("what the engine says of images and of who uses them", () => {
  const inspected = [
    { Id: "sha256:a", RepoDigests: ["me/web@sha256:1"], RepoTags: [], Created: "2026-10-01T00:00:00Z", Size: 7 },
    { Id: "sha256:b", RepoDigests: null, RepoTags: null },
  ];
  const containers = [
    { Image: "sha256:a", Config: { Labels: { "io.rampart.stack": "prod" } } },
    { Image: "sha256:a", Config: { Labels: null } },
  ];
  expect(engineImages(inspected, containers)).toEqual([
    {
      id: "sha256:a",
      digests: ["me/web@sha256:1"],
      tags: [],
      created: "2026-10-01T00:00:00Z",
      bytes: 7,
      users: ["prod", undefined],
    },
    { id: "sha256:b", digests: [], tags: [], created: "", bytes: 0, users: [] },
  ]);
});

test.each([
  ["docker.io/library/redis:7@sha256:ab", "redis@sha256:ab"],
  ["index.docker.io/me/web:1@sha256:ab", "me/web@sha256:ab"],
  ["127.0.0.1:5000/web:1@sha256:ab", "127.0.0.1:5000/web@sha256:ab"],
  ["127.0.0.1:5000/web@sha256:ab", "127.0.0.1:5000/web@sha256:ab"],
  ["redis:7", undefined],
])("%s is listed as %s", (given, familiar) => expect(familiarDigest(given)).toBe(familiar));
