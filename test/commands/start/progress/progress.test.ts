import { parseEvent, type EngineEvent } from "../../../../commands/start/progress/event";
import { advance, begun, withPull, type Line, type Progress } from "../../../../commands/start/progress/progress";
import { liveLines, messageLines, summaryLine, waitingLine } from "../../../../commands/start/progress/render";

/** As the engine writes it: what a person does not see is left out. */
const step = (
  event: string,
  type: string,
  name: string,
  more: { op?: string; inputs?: object; custom?: boolean } = {},
) => {
  const state = { custom: more.custom ?? true, inputs: more.inputs ?? {} };
  const op = more.op ?? "create";
  const gone = op.startsWith("delete");
  const urn = `urn:pulumi:dev::rampart::rampart:stack:HardenedStack$${type}::${name}`;
  return JSON.stringify({
    [event]: { metadata: { op, urn, type, old: gone ? state : null, new: gone ? null : state } },
  });
};
const container = (name: string, component = "service", more: object = {}) => ({
  labels: [
    { label: "io.rampart.component", value: component },
    { label: "io.rampart.name", value: name },
  ],
  ...more,
});
const CONTAINER = "docker:index/container:Container";
const IMAGE = "docker:index/remoteImage:RemoteImage";
const diagnostic = (severity: string, message: string, urn = "") =>
  JSON.stringify({ diagnosticEvent: { severity, message, urn } });

/** Each line with the second in which it comes. */
function play(...events: readonly (readonly [second: number, line: string])[]): {
  progress: Progress;
  lines: string[];
} {
  let progress = begun(0);
  const lines: Line[] = [];
  for (const [second, line] of events) {
    const event: EngineEvent | undefined = parseEvent(line);
    if (event === undefined) continue;
    const next = advance(progress, event, second * 1000);
    progress = next.progress;
    lines.push(...next.lines);
  }
  return { progress, lines: lines.map(({ tone, text }) => `${tone} ${text}`) };
}

const web = { inputs: container("web") };
const HEALTHY = "random:index/randomId:RandomId";
const webHealthy = { inputs: { keepers: { container: "c0ffee", name: "web" } } };
const postgresImage = { inputs: { name: `postgres:16@sha256:${"a".repeat(64)}` } };

describe("what stays on the screen", () => {
  test("a container that is healthy, and how long that took", () => {
    const { lines, progress } = play(
      [0, step("resourcePreEvent", CONTAINER, "rampart-dev-web", web)],
      [1, step("resOutputsEvent", CONTAINER, "rampart-dev-web", web)],
      [1, step("resourcePreEvent", HEALTHY, "rampart-dev-web-healthy", webHealthy)],
      [8, step("resOutputsEvent", HEALTHY, "rampart-dev-web-healthy", webHealthy)],
    );
    expect(lines).toEqual(["good web is healthy (7 s)"]);
    expect(progress).toMatchObject({ changed: 2, unchanged: 0 });
    expect(progress.awaited.size).toBe(0);
  });

  test("a pull, but not a look at an image that is there", () => {
    const pull = (seconds: number): string[] =>
      play(
        [0, step("resourcePreEvent", IMAGE, "i", postgresImage)],
        [seconds, step("resOutputsEvent", IMAGE, "i", postgresImage)],
      ).lines;
    expect(pull(75)).toEqual(["good image postgres:16 is pulled (1 min 15 s)"]);
    expect(pull(1)).toEqual([]);
  });

  test("the migration; files, networks and roles only where they made everybody wait", () => {
    const each = (type: string, name: string, inputs: object, seconds: number): string[] =>
      play(
        [0, step("resourcePreEvent", type, name, { inputs })],
        [seconds, step("resOutputsEvent", type, name, { inputs })],
      ).lines;
    const RECEIPT = "random:index/randomId:RandomId";
    expect(each(RECEIPT, "rampart-dev-migration-done", {}, 0.4)).toEqual(["good migration has run"]);
    expect(each(CONTAINER, "c", container("edge", "carrier", { start: false }), 1)).toEqual([]);
    expect(each("docker:index/network:Network", "n", {}, 1)).toEqual([]);
    expect(each("postgresql:index/role:Role", "app_rw", {}, 6)).toEqual(["good database role app_rw is made (6 s)"]);
  });

  test("nothing of components, and of what is as it should be only the count", () => {
    const same = { ...web, op: "same" };
    const { lines, progress } = play(
      [0, step("resourcePreEvent", "rampart:service:Service", "web", { custom: false })],
      [1, step("resourcePreEvent", CONTAINER, "rampart-dev-web", same)],
      [2, step("resOutputsEvent", CONTAINER, "rampart-dev-web", same)],
      [3, step("resOutputsEvent", "rampart:service:Service", "web", { custom: false })],
    );
    expect([lines, progress.changed, progress.unchanged, progress.awaited.size]).toEqual([[], 0, 1, 0]);
  });

  test("a replacement is counted and told by its halves", () => {
    const each = ["create-replacement", "replace"].map((op) => ({ ...web, op }));
    const { lines, progress } = play(
      ...each.flatMap((one, index) => [
        [index * 10, step("resourcePreEvent", CONTAINER, "w", one)] as const,
        [index * 10 + 7, step("resOutputsEvent", CONTAINER, "w", one)] as const,
      ]),
    );
    expect([lines, progress.changed]).toEqual([["good web has started (7 s)"], 1]);
  });

  test("the old container that takes its time to stop", () => {
    const gone = { ...web, op: "delete-replaced" };
    expect(
      play([0, step("resourcePreEvent", CONTAINER, "w", gone)], [9, step("resOutputsEvent", CONTAINER, "w", gone)])
        .lines,
    ).toEqual(["good the old web is gone (9 s)"]);
  });

  test("a failure at once, and news of the program", () => {
    const { lines, progress } = play(
      [0, step("resourcePreEvent", CONTAINER, "w", web)],
      [1, diagnostic("info", "edge had stopped, and runs again\n")],
      [60, step("resOpFailedEvent", CONTAINER, "w", web)],
      [60, diagnostic("debug", "password: hunter2\n")],
    );
    expect(lines).toEqual(["note edge had stopped, and runs again", "bad web failed"]);
    expect(progress.awaited.size).toBe(0);
  });
});

describe("what is awaited", () => {
  const events = [
    [0, step("resourcePreEvent", IMAGE, "i", postgresImage)],
    [3, step("resourcePreEvent", HEALTHY, "rampart-dev-web-healthy", webHealthy)],
    [4, step("resOutputsEvent", "docker:index/volume:Volume", "v")],
    [
      5,
      JSON.stringify({
        progressEvent: {
          type: "plugin-download",
          id: "d",
          message: "plugin docker 5.0.0",
          received: 4_600_000,
          total: 120_000_000,
        },
      }),
    ],
  ] as const;

  test("on a terminal: the counts, then what is awaited, the longest first", () => {
    expect(liveLines(play(...events).progress, 10_000, 80)).toEqual([
      "  1 done, 10 s",
      "      image postgres:16    is pulled, 10 s",
      "      web                  becomes healthy, 7 s",
      "      plugin docker 5.0.0  4.6 of 120 MB",
    ]);
  });

  test("of an image as many bytes as the engine tells of", () => {
    const { progress } = play(...events);
    const reference = postgresImage.inputs.name;
    const rows = (bytes: { received: number; total: number }) => [
      liveLines(withPull(progress, reference, bytes), 10_000, 80)[1],
      waitingLine(withPull(progress, reference, bytes), 20_000),
    ];
    expect(rows({ received: 12_000_000, total: 90_000_000 })).toEqual([
      "      image postgres:16    is pulled, 12 of 90 MB, 10 s",
      "image postgres:16: is pulled, 12 of 90 MB, 20 s, and 2 more",
    ]);
    expect(rows({ received: 12_000_000, total: 0 })[0]).toBe("      image postgres:16    is pulled, 12 MB, 10 s");
  });

  test("no line is wider than the terminal, and not all of many are shown", () => {
    const many = Array.from(
      { length: 9 },
      (_, index) => [index, step("resourcePreEvent", IMAGE, `i${index}`, postgresImage)] as const,
    );
    const lines = liveLines(play(...many).progress, 20_000, 24);
    expect(lines).toHaveLength(8);
    expect(lines.at(-1)).toBe("      and 3 more");
    expect(lines[1]).toBe("      image postgres:16…");
  });

  test("in CI: one line", () => {
    expect(waitingLine(play(...events).progress, 20_000)).toBe("image postgres:16: is pulled, 20 s, and 2 more");
    expect(waitingLine(begun(0), 20_000)).toBeUndefined();
  });

  test("before the first resource there is nothing to count", () => {
    expect(liveLines(begun(0), 2000, 80)).toEqual(["  getting ready, 2 s"]);
  });
});

describe("the end", () => {
  test("errors come whole and last, each once, under their resource's name", () => {
    const urn = `urn:pulumi:dev::rampart::${CONTAINER}::rampart-dev-web`;
    const { progress } = play(
      [1, diagnostic("error", "error: web did not become healthy:\n  last words\n", urn)],
      [
        1,
        diagnostic(
          "warning",
          "<{%fg 3%}>warning: careful<{%reset%}>\n",
          "urn:pulumi:dev::rampart::pulumi:pulumi:Stack::rampart-dev",
        ),
      ],
      [2, diagnostic("error", "error: web did not become healthy:\n  last words\n", urn)],
    );
    expect(messageLines(progress.messages)).toEqual([
      "warning: careful",
      "error: rampart-dev-web: web did not become healthy:\n  last words",
    ]);
  });

  test("what the engine says once more is left out, unless it is all there is", () => {
    const urn = `urn:pulumi:dev::rampart::${CONTAINER}::rampart-dev-web`;
    const echo =
      "  sdk-v2/provider2.go:572: sdk.helper_schema: container failed to be in healthy state: provider=docker@5.0.0";
    const told = (...events: string[]): string[] =>
      messageLines(play(...events.map((event) => [1, event] as const)).progress.messages);
    const failed = diagnostic("error", "update failed");
    expect(told(diagnostic("error", echo, urn), diagnostic("error", "web is ill", urn), failed)).toEqual([
      "error: rampart-dev-web: web is ill",
    ]);
    expect(told(failed)).toEqual(["error: update failed"]);
    expect(told(diagnostic("error", echo, urn))).toEqual([`error: rampart-dev-web: ${echo}`]);
  });

  test("the summary is Pulumi's", () => {
    const sum = (changes: object) =>
      summaryLine(play([9, JSON.stringify({ summaryEvent: { resourceChanges: changes } })]).progress);
    expect(sum({ create: 105, same: 3 })).toBe("105 created, 3 unchanged");
    expect(sum({})).toBe("nothing to do");
    expect(summaryLine(begun(0))).toBeUndefined();
  });

  test("a line that is no event says nothing", () => {
    expect([parseEvent(""), parseEvent("{"), parseEvent('{"sequence":1,"cancelEvent":{}}')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
