import fc from "fast-check";
import { retryAfterSeconds, tableOf, tables, windowMs } from "../../../hardening/gateway/limits";
import type { RateLimit } from "../../../hardening/gateway";

const limit = (average: number, burst: number, periodSeconds = 1): RateLimit => ({ average, burst, periodSeconds });
const limits = fc.record({
  average: fc.integer({ min: 1, max: 1_000_000 }),
  burst: fc.integer({ min: 1, max: 1_000_000 }),
  periodSeconds: fc.integer({ min: 1, max: 86_400 }),
});

describe("the window of a rate", () => {
  test.each([
    [limit(100, 200), 2000],
    [limit(10, 10, 60), 60_000],
    [limit(1, 3, 3600), 10_800_000],
    [limit(3, 1), 334],
    [limit(1_000_000, 1), 1],
  ])("of %j is %i ms", (one, ms) => expect(windowMs(one)).toBe(ms));

  test("lets at most the average through, whatever the figures", () => {
    fc.assert(
      fc.property(limits, (one) => {
        const allowed = (one.burst / windowMs(one)) * 1000 * one.periodSeconds;
        expect(Number.isSafeInteger(windowMs(one))).toBe(true);
        expect(allowed).toBeLessThanOrEqual(one.average * 1.000001);
        // One millisecond less, where there is one, would be too many.
        if (windowMs(one) > 1) {
          expect((one.burst / (windowMs(one) - 1)) * 1000 * one.periodSeconds).toBeGreaterThan(one.average * 0.999999);
        }
      }),
    );
  });
});

test.each([
  [limit(100, 200), 1],
  [limit(10, 10, 60), 6],
  [limit(1, 3, 3600), 3600],
  [limit(7, 1, 60), 9],
])("a refused client of %j may come again after %i s", (one, seconds) => expect(retryAfterSeconds(one)).toBe(seconds));

describe("the tables", () => {
  test("are one of clients, and one a window: routes with one window share it", () => {
    const text = tables([limit(1, 3, 60), limit(100, 200), limit(50, 100)]).join("\n");
    expect(text.match(/^backend .*/gm)).toEqual([
      "backend connections",
      "backend clients",
      "backend clients_2000ms",
      "backend clients_180000ms",
    ]);
    expect(tableOf(limit(50, 100))).toBe("clients_2000ms");
    expect(text).toContain("store conn_cur,gpc0,gpc0_rate(2000)");
    expect(text).toContain("store conn_cur,gpc0,gpc0_rate(180000)");
  });

  test("keep a client for two windows, and at least for a minute", () => {
    const text = tables([limit(1, 3, 60), limit(100, 200)]).join("\n");
    expect(text.match(/expire \S+/g)).toEqual(["expire 10m", "expire 10m", "expire 60000ms", "expire 360000ms"]);
  });

  test("are those of connections and clients without routes", () => {
    expect(tables([]).filter((line) => line.startsWith("backend"))).toEqual(["backend connections", "backend clients"]);
  });

  test("hold an IPv6 client of the longest route's name", () => {
    const longest = `${"r".repeat(72)}|${"ffff:".repeat(8)}`.length - 1;
    expect(Number(/type string len (\d+)/.exec(tables([limit(1, 1)]).join("\n"))?.[1])).toBeGreaterThanOrEqual(longest);
  });
});
