import { EngineError } from "../../engine/engine";
import { clock, until, watch, type Seen } from "../../engine/until";

let now: number;
let slept: number[];

beforeEach(() => {
  [now, slept] = [5_000, []];
  jest.spyOn(clock, "now").mockImplementation(() => now);
  jest.spyOn(clock, "sleep").mockImplementation((milliseconds) => {
    slept.push(milliseconds);
    now += milliseconds;
    return Promise.resolve();
  });
});
afterEach(() => jest.restoreAllMocks());

/** Gives one after the other, and the last one from then on. */
const looks = (...seen: Seen<string>[]): jest.Mock<Promise<Seen<string>>, []> => {
  let next = 0;
  return jest.fn(() => Promise.resolve(seen[Math.min(next++, seen.length - 1)] ?? { state: "no look" }));
};

test("until does not wait for a fact that is there", async () => {
  const look = looks({ fact: "routes" });
  expect(await until("no routes", { seconds: 0 }, look)).toBe("routes");
  expect([look.mock.calls.length, slept]).toEqual([1, []]);
});

test("until looks at even distances for a fact that is not there", async () => {
  const look = looks({ state: "old" }, { state: "old" }, { fact: "new" });
  expect(await until("no routes", { seconds: 20, everyMs: 200 }, look)).toBe("new");
  expect(slept).toEqual([200, 200]);
});

test("until looks every half second by default", async () => {
  await watch({ seconds: 1 }, looks({ state: "old" }));
  expect(slept).toEqual([500, 500]);
});

test("until looks a last time when the time is up, and not later", async () => {
  const look = looks({ state: "1" }, { state: "2" }, { state: "3" }, { state: "4" });
  expect(await watch({ seconds: 0.5, everyMs: 200 }, look)).toEqual({ state: "4" });
  expect(slept).toEqual([200, 200, 100]);
});

test("until does not look again after a look that took longer than all the time", async () => {
  const look = jest.fn(() => {
    now += 60_000;
    return Promise.resolve<Seen<string>>({ state: "the engine does not answer" });
  });
  expect(await watch({ seconds: 30 }, look)).toEqual({ state: "the engine does not answer" });
  expect([look.mock.calls.length, slept]).toEqual([1, []]);
});

test("the error of until says what did not come, in which time, what was seen last, and what to add", async () => {
  const failed = until(
    "the edge did not take the new routes",
    { seconds: 20, otherwise: () => Promise.resolve("last log lines:\n    yaml: line 3") },
    looks({ state: "refused" }, { state: "404" }),
  );
  await expect(failed).rejects.toThrow(EngineError);
  await expect(failed).rejects.toThrow(
    /^the edge did not take the new routes within 20 s; last seen: 404\nlast log lines:\n {4}yaml: line 3$/,
  );
});

test("a final state ends the wait of until, and the error names no time", async () => {
  await expect(
    until("the server did not start", { seconds: 20 }, looks({ state: "starting" }, { state: "dead", final: true })),
  ).rejects.toThrow(/^the server did not start; last seen: dead$/);
  expect(slept).toEqual([500]);
});

test("a look that fails ends the wait of until with its own error", async () => {
  await expect(
    until("the server did not start", { seconds: 20 }, () => Promise.reject(new Error("the Docker CLI is gone"))),
  ).rejects.toThrow("the Docker CLI is gone");
});
