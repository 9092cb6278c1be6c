import type { Awaited } from "../../../../commands/start/progress/progress";
import { PullWatch } from "../../../../commands/start/progress/pull-watch";

const awaited = (image: string | undefined, since: number): Awaited => ({
  subject: { name: "n", awaited: "a", reached: "r", notableSeconds: 0, ...(image === undefined ? {} : { image }) },
  since,
});

test("a pull is followed once it takes its time, and until the update waits for it no more", () => {
  const events: string[] = [];
  const watch = new PullWatch((image) => {
    events.push(`begin ${image}`);
    return () => void events.push(`end ${image}`);
  });
  const both = [awaited("web", 0), awaited("api", 500), awaited(undefined, 0)];
  watch.follow(both, 900);
  expect(events).toEqual([]);
  watch.follow(both, 1000);
  watch.follow(both, 1200);
  expect(events).toEqual(["begin web"]);
  watch.follow(both.slice(1), 1500);
  expect(events).toEqual(["begin web", "end web", "begin api"]);
  watch.follow([], 1600);
  expect(events).toEqual(["begin web", "end web", "begin api", "end api"]);
});
