import { candidates, differs, keeping, updatesOf, type Update } from "../../../../commands/shared/rollback/history";
import { oneWayMigration } from "../../../../commands/shared/rollback/migration";
import { configurationOf, withConfiguration } from "../../../../commands/shared/rollback/stack-text";

const update = (image: string, changes: Partial<Update> & { readonly more?: object } = {}): Update => ({
  at: "2026-11-27T10:00:00.000Z",
  succeeded: true,
  message: "",
  ...changes,
  configuration: { "rampart:services": { web: { image } }, ...changes.more },
});

describe("a history", () => {
  test("gives what the file said: without secrets and defaults, whatever else was done", () => {
    const entry = {
      kind: "update",
      result: "succeeded",
      startTime: "2026-11-27T09:59:00.000Z",
      endTime: "2026-11-27T10:00:00.000Z",
      message: "The new version\n\nwith more",
      environment: { "git.head": "0123456789abcdef" },
      config: {
        "docker:host": { value: "ssh://elsewhere", secret: false },
        "rampart:acmeEmail": { value: "", secret: false },
        "rampart:dockerSocketGroup": { value: "0", secret: false },
        "rampart:edge": { value: '{"tls":"modern"}', secret: false },
        "rampart:environment": { value: "dev", secret: false },
        "rampart:redis": { value: "{}", objectValue: {}, secret: false },
        "rampart:services": { value: "{}", objectValue: { web: { image: "a" } }, secret: false },
        "rampart:smtpPassword": { value: "[secret]", secret: true },
      },
    };
    const args = { project: "rampart", defaults: { "rampart:dockerSocketGroup": "0" } };
    expect(updatesOf([{ kind: "preview" }, entry, { kind: "destroy" }], args)).toEqual([
      {
        at: "2026-11-27T10:00:00.000Z",
        succeeded: true,
        commit: "0123456789ab",
        message: "The new version",
        configuration: {
          "rampart:edge": { tls: "modern" },
          "rampart:environment": "dev",
          "rampart:services": { web: { image: "a" } },
        },
      },
    ]);
  });

  test("keeps secrets' rotation, elevations and maintenance of now, and does not count them as a difference", () => {
    const then = { "rampart:rotation": { everything: "1" }, "rampart:edge": { tls: "modern" } };
    const now = {
      "rampart:rotation": { everything: "2" },
      "rampart:database": { elevations: [{ who: "anna" }], schema: "app" },
      "rampart:edge": { maintenance: { "a.com": "Back soon." } },
    };
    expect(keeping(then, now, "rampart")).toEqual({
      "rampart:rotation": { everything: "2" },
      "rampart:database": { elevations: [{ who: "anna" }] },
      "rampart:edge": { tls: "modern", maintenance: { "a.com": "Back soon." } },
    });
    expect(keeping(now, {}, "rampart")).toEqual({ "rampart:database": { schema: "app" } });
    expect(differs({ "rampart:rotation": { everything: "1" } }, {}, "rampart")).toBe(false);
    expect(differs(then, {}, "rampart")).toBe(true);
    const migration = (more: object): object => ({ "rampart:migration": { image: "a", ...more } });
    expect(differs({ ...migration({ reversible: true }) }, { ...migration({}) }, "rampart")).toBe(false);
  });

  test.each([
    ["the one before", ["b", "a"], [1]],
    ["several, each once", ["c", "b", "b", "a"], [1, 3]],
    ["none", ["a", "a"], []],
    ["further back after a rollback, and not forward", ["b", "c", "b", "a"], [3]],
  ])("can go back to %s", (_, images, expected) =>
    expect(
      candidates(
        images.map((image) => update(image)),
        "rampart",
      ),
    ).toEqual(expected),
  );

  test("cannot go back to what failed, and can from it", () => {
    const failed = { succeeded: false };
    expect(candidates([update("c", failed), update("b", failed), update("a")], "rampart")).toEqual([2]);
  });
});

describe("a migration on the way", () => {
  const migration = (image: string, more: object = {}): Update =>
    update("x", { at: `of ${image}`, more: { "rampart:migration": { image, ...more } } });
  const way = (updates: readonly Update[], file: object = {}): unknown =>
    oneWayMigration({ updates, target: updates.length - 1, file: { "rampart:migration": file }, project: "rampart" });

  test("that did not change, or was removed, is none", () => {
    expect(way([migration("1"), migration("1", { timeoutSeconds: 60, resources: { cpus: 2 } })])).toBeUndefined();
    expect(way([update("x"), migration("1")])).toBeUndefined();
  });
  test.each([
    ["image", [migration("2"), migration("1")]],
    ["environment", [migration("2", { environment: { A: "2" } }), migration("2", { environment: { A: "1" } })]],
    ["command", [migration("2", { command: ["up"] }), migration("2")]],
    ["presence", [migration("2"), update("x")]],
  ])("that changed in its %s stands in the way", (_, updates) => expect(way(updates)).toMatchObject({ at: "of 2" }));

  test("further back stands in the way, too, even where its update failed", () => {
    const failed = { ...migration("2"), succeeded: false };
    expect(way([migration("2", { reversible: true }), failed, migration("1")])).toMatchObject({ at: "of 2" });
    expect(way([migration("3", { reversible: true }), migration("2"), migration("1")])).toEqual({
      at: "of 2",
      image: "2",
      before: "1",
    });
  });

  test("does not where it says so, in its update or in the file now", () => {
    expect(way([migration("2", { reversible: true }), migration("1")])).toBeUndefined();
    expect(way([migration("2"), migration("1")], { image: "2", reversible: true })).toBeUndefined();
    expect(way([migration("2"), migration("1")], { image: "other", reversible: true })).toBeDefined();
  });
});

describe("the stack's file", () => {
  const FILE = `# Our shop.
encryptionsalt: v1:salt
config:
  rampart:environment: prod
  # by name
  services:
    web:
      image: b # the new one
      port: 8080
    worker: { image: w }
  rampart:smtpPassword:
    secure: v1:cipher
  rampart:sample: true
  docker:host: ssh://shop
`;
  test("is read as a history has it", () =>
    expect(configurationOf(FILE, "rampart")).toEqual({
      "rampart:environment": "prod",
      "rampart:services": { web: { image: "b", port: 8080 }, worker: { image: "w" } },
      "rampart:sample": "true",
    }));

  test("keeps comments, secrets, other namespaces and its spelling of keys", () =>
    expect(
      withConfiguration(
        FILE,
        {
          "rampart:environment": "prod",
          "rampart:services": { web: { image: "a", port: 8080, user: "1:1" } },
          "rampart:smtpPassword": "never",
          "rampart:dockerSocketGroup": "998",
        },
        "rampart",
      ),
    ).toBe(`# Our shop.
encryptionsalt: v1:salt
config:
  rampart:environment: prod
  # by name
  services:
    web:
      image: a # the new one
      port: 8080
      user: 1:1
  rampart:smtpPassword:
    secure: v1:cipher
  docker:host: ssh://shop
  rampart:dockerSocketGroup: 998
`));

  test("that says the same stays byte for byte", () =>
    expect(withConfiguration(FILE, configurationOf(FILE, "rampart"), "rampart")).toBe(FILE));

  test("with anchors is written whole where it changes", () => {
    const anchored = "config:\n  rampart:services:\n    web: &web { image: b }\n    api: *web\n";
    const text = withConfiguration(
      anchored,
      { "rampart:services": { web: { image: "a" }, api: { image: "b" } } },
      "rampart",
    );
    expect(configurationOf(text, "rampart")).toEqual({
      "rampart:services": { web: { image: "a" }, api: { image: "b" } },
    });
  });
});
