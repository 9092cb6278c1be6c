import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  deadSentence,
  heldSentence,
  judgeLocks,
  parseLock,
  pendingCreations,
  pendingOperations,
  processExists,
  readLocks,
  removeLock,
} from "../../../commands/start/locks";

// As the CLI 3.256 writes it.
const content = (pid: number, hostname: string): string =>
  JSON.stringify({ pid, username: "root", hostname, timestamp: "2026-11-24T02:10:00Z" });
const lock = (pid: number, hostname = "here") => parseLock("/locks/a.json", content(pid, hostname));

describe("judgeLocks", () => {
  const alive = (pid: number): boolean => pid === 1;
  it("takes the lock of a process that is gone for dead", () =>
    expect(judgeLocks([lock(7)], "here", alive)).toEqual({ dead: [lock(7)], held: [] }));
  it("leaves the lock of a running process", () =>
    expect(judgeLocks([lock(1)], "here", alive)).toEqual({ dead: [], held: [lock(1)] }));
  it("leaves the lock of another host, whose processes it cannot see", () =>
    expect(judgeLocks([lock(7, "there")], "here", alive).dead).toEqual([]));
  it.each([
    "",
    "{}",
    "not json",
    '{"pid":"7","hostname":"here"}',
    '{"pid":0,"hostname":"here"}',
    '{"pid":-1,"hostname":"here"}',
  ])("leaves a lock that it cannot read: %s", (text) =>
    expect(judgeLocks([parseLock("/locks/a.json", text)], "here", alive).dead).toEqual([]),
  );
});

it("processExists tells a process that runs from one that ended", () => {
  const ended = spawnSync(process.execPath, ["--version"]);
  expect([processExists(process.pid), processExists(ended.pid)]).toEqual([true, false]);
});

it("a directory of locks is read, and one is removed with its attributes", () => {
  const directory = join(mkdtempSync(join(tmpdir(), "rampart-locks-")), "dev");
  expect(readLocks(directory)).toEqual([]);
  mkdirSync(directory);
  for (const name of ["a.json", "b.json"]) {
    writeFileSync(join(directory, name), content(7, "here"));
    writeFileSync(join(directory, `${name}.attrs`), "{}");
  }
  const [first, second] = readLocks(directory);
  expect([first?.pid, second?.file]).toEqual([7, join(directory, "b.json")]);
  if (first !== undefined) removeLock(first);
  expect(readdirSync(directory).sort()).toEqual(["b.json", "b.json.attrs"]);
  rmSync(directory, { recursive: true });
});

it("the message of a held lock names its holder and the way out", () =>
  expect(heldSentence("dev", [lock(1)], "npx rampart pulumi cancel")).toBe(
    "The stack dev is held by a lock of another run (root on here, process 1, since 2026-11-24T02:10:00Z): " +
      "wait until it ends, or, if you know that it no longer runs, " +
      "take the lock off with `npx rampart pulumi cancel` and run `npm start` again.",
  ));

it("the message of a dead lock says what was taken off", () =>
  expect(deadSentence(lock(7))).toBe(
    "Took off the lock that process 7 left at 2026-11-24T02:10:00Z: it runs no more, on this host.",
  ));

it("pendingCreations names what a cut-off update had begun to create", () =>
  expect(
    pendingCreations(
      JSON.stringify({
        checkpoint: {
          latest: {
            pending_operations: [
              {
                type: "creating",
                resource: { urn: "urn:pulumi:dev::rampart::t$docker:index/container:Container::a-web" },
              },
              { type: "deleting", resource: { urn: "urn:pulumi:dev::rampart::t::a-api" } },
              { type: "creating" },
            ],
          },
        },
      }),
    ),
  ).toEqual(["a-web"]));

it("pendingOperations counts what a cut-off update had begun", () => {
  expect(pendingOperations('{"checkpoint":{"latest":{"pending_operations":[{},{}]}}}')).toBe(2);
  expect(pendingOperations('{"checkpoint":{"latest":{}}}')).toBe(0);
  expect(pendingOperations("")).toBe(0);
});
