import { shares } from "../../../hardening/gateway/shares";

const sum = (weights: readonly number[]): number => weights.reduce((total, weight) => total + weight, 0);

test("the canary's containers add up to exactly its share, however many there are of either version", () => {
  for (let main = 1; main <= 16; main += 1)
    for (let canary = 1; canary <= 16; canary += 1)
      for (let weight = 0; weight < 100; weight += 1) {
        const found = shares({ main, canary, weight });
        const all = [...found.main, ...found.canary];
        const exact = sum(found.canary) * 100 === sum(all) * weight && sum(all) > 0;
        const even = [found.main, found.canary].every((each) => Math.max(...each) - Math.min(...each) <= 1);
        const fit = all.every((one) => Number.isInteger(one) && one >= 0 && one <= 256);
        if (!exact || !even || !fit) throw new Error(JSON.stringify({ asked: { main, canary, weight }, found }));
      }
});

test.each([
  [
    { main: 1, canary: 1, weight: 10 },
    { main: [90], canary: [10] },
  ],
  [
    { main: 3, canary: 1, weight: 10 },
    { main: [30, 30, 30], canary: [10] },
  ],
  [
    { main: 2, canary: 1, weight: 25 },
    { main: [75, 75], canary: [50] },
  ],
  [
    { main: 2, canary: 2, weight: 0 },
    { main: [50, 50], canary: [0, 0] },
  ],
  // Whatever it is a share of: the main ones are spares.
  [
    { main: 2, canary: 1, weight: 100 },
    { main: [1, 1], canary: [1] },
  ],
])("%j", (asked, expected) => expect(shares(asked)).toEqual(expected));

test("where no weights are even, one container has a little more, of large figures", () => {
  const { main, canary } = shares({ main: 13, canary: 1, weight: 36 });
  expect([Math.max(...main) - Math.min(...main), sum(canary) / (sum(main) + sum(canary))]).toEqual([1, 0.36]);
});
