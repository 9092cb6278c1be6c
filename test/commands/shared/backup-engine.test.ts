import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipe } from "../../../commands/shared/backup-engine";
import { DockerClient } from "../../../engine/docker";
import { EngineError } from "../../../engine/engine";

/** A `docker` that runs what it is told to in the container itself, without one. */
const DOCKER = '#!/bin/sh\nshift 5\nexec "$@"\n';
const directory = mkdtempSync(join(tmpdir(), "rampart-pipe-"));
const path = process.env["PATH"];

beforeAll(() => {
  writeFileSync(join(directory, "docker"), DOCKER);
  chmodSync(join(directory, "docker"), 0o755);
  process.env["PATH"] = `${directory}:${path ?? ""}`;
});
afterAll(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true, force: true });
});

const piped = (from: string, to: string): Promise<void> =>
  pipe(
    new DockerClient("unix:///nowhere"),
    "Restoring app",
    ["store", ["sh", "-c", from]],
    ["postgres", ["sh", "-c", to]],
  );

describe("pipe", () => {
  test("ends when the reader dies, however much there is still to read", async () => {
    await expect(piped("exec yes", "head -c 10 >/dev/null; echo 'the server is gone' >&2; exit 3")).rejects.toThrow(
      "Restoring app failed: the server is gone",
    );
  });

  test("ends when the reader has had enough", () =>
    expect(piped("head -c 5000000 /dev/zero", "head -c 10 >/dev/null")).resolves.toBeUndefined());

  test("waits for a writer that ends after the reader, and believes its exit code", async () => {
    await expect(piped("echo all; exec >&-; sleep 0.3", "cat >/dev/null")).resolves.toBeUndefined();
    await expect(piped("echo half; exec >&-; sleep 0.3; exit 4", "cat >/dev/null")).rejects.toThrow(EngineError);
  });
});
