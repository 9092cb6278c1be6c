import type { LoadedConfig } from "../../components";
import { leavesOf } from "../../plan/changes/leaves";
import { summarise } from "../../plan/summary";
import { configOf, IMAGE, SERVICE } from "../components/support";

const JOBS = {
  sweep: { image: IMAGE, schedule: "0 3 * * *", command: ["sweep"], data: "read-write", overlap: "replace" },
  seed: { image: IMAGE, once: "v1", egress: true },
};
const NOW = new Date("2026-11-28T04:00:00Z");
const config = (jobs: object): LoadedConfig => configOf({ services: { api: SERVICE }, jobs });

test("a reviewer sees when a job runs, the next three times, its deadline, and its way out as a weakness", () => {
  const items = summarise(config(JOBS), NOW).jobs ?? [];
  expect(items.map(({ title }) => title)).toEqual(["seed", "sweep"]);
  const facts = (index: number): Record<string, readonly string[]> =>
    Object.fromEntries((items[index]?.facts ?? []).map(({ label, lines }) => [label, lines]));
  expect(facts(0)).toMatchObject({
    runs: ['once for each change of it, and of the text "v1"'],
    egress: ["may open connections to the internet"],
  });
  expect(facts(0)).not.toHaveProperty("next");
  expect(facts(1)).toMatchObject({
    runs: ["0 3 * * * (UTC)"],
    next: ["2026-11-29 03:00 UTC", "2026-11-30 03:00 UTC", "2026-12-01 03:00 UTC"],
    deadline: ["600 s, then the run is stopped and has failed"],
    overlap: ["replace: the run before is stopped"],
    data: ["read-write on app"],
  });
  expect(items[0]?.facts.filter(({ weak }) => weak).map(({ label }) => label)).toEqual(["egress"]);
});

test("a stack without jobs has no such part", () => {
  expect(summarise(config({}))).not.toHaveProperty("jobs");
});

test("a change of a job is told by the same kinds as a service's", () => {
  const leaves = leavesOf(config(JOBS)).filter(({ path }) => path.startsWith("jobs."));
  const kind = (path: string): string | undefined => leaves.find((leaf) => leaf.path === path)?.kind;
  expect(kind("jobs.sweep")).toBe("program");
  expect(kind("jobs.sweep.data")).toBe("program.data");
  expect(kind("jobs.seed.egress")).toBe("program.egress");
  expect(kind("jobs.sweep.schedule")).toBe("program.schedule");
});
