import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventLog } from "../../../../commands/start/progress/event-log";
import { LiveView } from "../../../../commands/start/progress/live-view";

test("a view replaces its own lines, and no others", () => {
  const written: string[] = [];
  const view = new LiveView({ write: (text) => written.push(text) });
  view.draw(["one", "two"]);
  view.draw(["three"]);
  view.clear();
  view.draw(["four"]);
  expect(written).toEqual(["one\ntwo\n", "\u001b[2F\u001b[0Jthree\n", "\u001b[1F\u001b[0J", "four\n"]);
});

describe("an event log", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "rampart-events-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  test("gives each line once, and only whole ones, though a letter is cut in two", () => {
    const log = new EventLog(join(directory, "events"));
    const bytes = Buffer.from("one\ntwo é\nthree");
    const cut = bytes.indexOf(0xc3) + 1;
    appendFileSync(log.path, bytes.subarray(0, cut));
    expect(log.lines()).toEqual(["one"]);
    appendFileSync(log.path, bytes.subarray(cut));
    expect(log.lines()).toEqual(["two é"]);
    expect(log.lines()).toEqual([]);
    log.close();
  });

  test("is nobody else's to read, and is gone afterwards", () => {
    const log = new EventLog(join(directory, "events"));
    expect(statSync(log.path).mode & 0o777).toBe(0o600);
    log.close();
    expect(existsSync(log.path)).toBe(false);
  });
});
