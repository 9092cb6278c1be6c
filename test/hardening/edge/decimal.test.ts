import fc from "fast-check";
import { decimalAbove } from "../../../hardening/edge/decimal";

const above = (limit: number, text: string): boolean => new RegExp(decimalAbove(limit)).test(text);

describe("decimalAbove", () => {
  test("reads as a person would write it", () => {
    expect(decimalAbove(1000)).toBe("^0*(?:[1-9][0-9]{4,}|[2-9][0-9]{3}|1[1-9][0-9]{2}|10[1-9][0-9]{1}|100[1-9])$");
    expect(decimalAbove(99)).toBe("^0*(?:[1-9][0-9]{2,})$");
  });

  test("matches exactly the numbers above the limit", () => {
    const limit = fc.oneof(fc.nat(2_000), fc.nat());
    fc.assert(
      fc.property(limit, fc.integer({ min: -2, max: 2 }), fc.nat(), fc.nat(3), (from, near, far, zeros) => {
        for (const number of [Math.max(0, from + near), far, from * 10, Math.floor(from / 10)]) {
          expect([number, above(from, "0".repeat(zeros) + String(number))]).toEqual([number, number > from]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("matches a whole number only", () => {
    expect(["", "-5", "5 ", "1e9", "99x"].map((text) => above(1, text))).toEqual([false, false, false, false, false]);
  });

  test.each([-1, 1.5, Number.NaN, Infinity])("refuses %p for a limit", (limit) => {
    expect(() => decimalAbove(limit)).toThrow(`not a limit: ${limit}`);
  });
});
