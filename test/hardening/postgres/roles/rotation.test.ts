import { loginName, rotationId, rotationKey } from "../../../../hardening/postgres/roles/rotation";

describe("rotation", () => {
  test("without a key there is none, and nothing may change", () => {
    expect(rotationKey({})).toBeUndefined();
    expect(rotationKey({ everything: undefined, one: undefined })).toBeUndefined();
  });

  test("either key turns a password over, and no two pairs are one", () => {
    const keys = [
      { everything: "a" },
      { one: "a" },
      { everything: "a", one: "a" },
      { everything: "b" },
      { everything: "a", one: "b" },
      { everything: "b", one: "a" },
    ].map(rotationKey);
    expect(keys).toEqual(["a/", "/a", "a/a", "b/", "a/b", "b/a"]);
    expect(new Set([undefined, ...keys].map(rotationId)).size).toBe(7);
  });

  test("a logical name's part is the same in every run", () => {
    expect([rotationId(undefined), rotationId("2026-11-24/")]).toEqual(["e3b0c442", "e5b7e725"]);
  });

  test("a login is named after its role, and depends on role, key and salt", () => {
    const names = [
      loginName("app_rw", undefined, "salt"),
      loginName("app_rw", "a/", "salt"),
      loginName("app_rw", "a/", "other"),
      loginName("app_ro", "a/", "salt"),
    ];
    for (const name of names) expect(name).toMatch(/^app_r[ow]_[0-9a-f]{8}$/);
    expect(new Set(names.map((name) => name.slice(7))).size).toBe(4);
  });
});
