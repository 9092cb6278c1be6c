import { effectiveRotation } from "../../config";

test("what a password depends on is all that is given", () => {
  expect(effectiveRotation()).toBeUndefined();
  expect(effectiveRotation(undefined, undefined)).toBeUndefined();
  expect(effectiveRotation("2026", undefined)).toBe("2026");
  expect(effectiveRotation(undefined, "2")).toBe("2");
  expect(effectiveRotation("2026", "2")).toBe("2026+2");
});
