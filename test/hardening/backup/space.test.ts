import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testWith } from "../../programs";
import { RESERVE_MIB, restoredMiB, spaceFunctions } from "../../../hardening/backup/space";

const directory = mkdtempSync(join(tmpdir(), "rampart-space-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.each([["sh"], ["busybox", "sh"]])("%s", (program = "sh", ...args) => {
  const testShell = testWith(program);
  const run = (freeMiB: number, line: string): { readonly status: number | null; readonly stdout: string } => {
    writeFileSync(join(directory, "df"), `#!/bin/sh\necho Filesystem\necho "disk 1 1 ${freeMiB * 1024} 1% /"\n`, {
      mode: 0o755,
    });
    const { status, stdout } = spawnSync(program, [...args, "-c", `${spaceFunctions()}cd ${directory}\n${line}`], {
      env: { PATH: `${directory}:${process.env["PATH"] ?? ""}` },
      encoding: "utf8",
    });
    return { status, stdout };
  };

  testShell("what may take the reserve is refused, with the figures", () => {
    expect(run(RESERVE_MIB + 100, "room_for 'a drill' 100 .")).toEqual({ status: 0, stdout: "" });
    const refused = run(RESERVE_MIB + 99, "room_for 'a drill' 100 .");
    expect(refused.status).toBe(1);
    expect(refused.stdout).toBe(
      "a drill may take 100 MiB and has to leave 512 MiB to Postgres, and the disk has 611 MiB free: " +
        "make room (docs/backups.md)\n",
    );
  });

  testShell("a file cannot grow into the reserve: an error of the command that writes, which is not killed", () => {
    const written = run(
      RESERVE_MIB + 2,
      'bounded . sh -c \'head -c 3000000 /dev/zero >big 2>/dev/null; echo "head $?"\'; echo "after $?"; ' +
        'head -c 3000000 /dev/zero >free; echo "free $?"',
    );
    expect(written.stdout).toBe("head 1\nafter 0\nfree 0\n");
    expect(statSync(join(directory, "big")).size).toBe(2 * 1024 ** 2);
    expect(statSync(join(directory, "free")).size).toBe(3_000_000);
  });
});

test("restored databases take twice their dumps", () =>
  expect([restoredMiB(0), restoredMiB(1), restoredMiB(512 * 1024 ** 2)]).toEqual([0, 1, 1024]));
