import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { differences } from "./differences";
import { recordGolden, type Recording } from "./record";
import { GOLDEN, goldenFile, goldenText } from "./recordings";

const ADVICE =
  "If this is meant, run `npm run golden`, and let the commit say what changes for a deployed stack. " +
  "A changed byte in a start script restarts that server for every user.";

const SHOWN_DIFFERENCES = 12;

function expectGolden(file: string, now: object): void {
  const golden = readFileSync(file, "utf8");
  if (golden === goldenText(now)) return;
  const found = differences(JSON.parse(golden), now);
  const lines = found.length === 0 ? ["the same content in another order or form"] : found.slice(0, SHOWN_DIFFERENCES);
  const rest = found.length > SHOWN_DIFFERENCES ? [`and ${found.length - SHOWN_DIFFERENCES} more`] : [];
  throw new Error([`${relative(process.cwd(), file)} differs:`, ...lines, ...rest, ADVICE].join("\n"));
}

describe.each(GOLDEN)("$file", ({ name, stack, file }) => {
  let recording: Recording;
  beforeAll(async () => {
    recording = await recordGolden(stack, file);
  });

  test("declares the resources of the recording, and is judged as there", () =>
    expectGolden(goldenFile(name, "plan"), recording.plan));

  test("carries the bytes of the recording in every script and configuration file", () =>
    expectGolden(goldenFile(name, "files"), recording.files));
});
