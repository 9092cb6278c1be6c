import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BACKUP_CONTAINERS,
  BACKUP_PATHS,
  dumpFile,
  GLOBALS_FILE,
  INFO_FILE,
  manifestFile,
} from "../../../hardening/backup/paths";
import { repositoryCredentials } from "../../../hardening/backup/repository";
import * as restore from "../../../hardening/backup/restore-scripts";
import { RESERVE_MIB, RESTORED_FACTOR, spaceFunctions } from "../../../hardening/backup/space";
import { backupScripts } from "../../../hardening/backup/workloads";
import { describeWith } from "../../programs";

const SHELLS: readonly (readonly string[])[] = [["sh"], ["busybox", "sh"]];
const scripts = Object.entries(backupScripts()).filter(([name]) => name.endsWith(".sh"));
const restoreScripts = Object.entries(restore).filter(([name]) => name.endsWith("Script")) as unknown as (readonly [
  string,
  () => string,
])[];
const all = [...scripts, ...restoreScripts.map(([name, render]) => [name, render()] as const)];

for (const [program = "sh", ...args] of SHELLS) {
  describeWith(program)(program, () => {
    test.each(all)("finds no fault in the syntax of %s", (_, text) => {
      const result = spawnSync(program, [...args, "-n"], { input: text, encoding: "utf8" });
      expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: "" });
    });
  });
}

/** What TypeScript knows by a name, and the files say by themselves. */
test.each<[string, readonly string[]]>([
  ["common.sh", [`state=${BACKUP_PATHS.state}\n`]],
  ["space.sh", [`$2 + ${RESERVE_MIB}`, `leave ${RESERVE_MIB} MiB`, `free - ${RESERVE_MIB}`]],
  [
    "dump.sh",
    [
      `. ${BACKUP_PATHS.scripts}/common.sh\n`,
      `scratch=${BACKUP_PATHS.scratch}\n`,
      `whole=${BACKUP_PATHS.scratch}/whole\n`,
      `"${BACKUP_PATHS.secrets}/database_url_$1"`,
      `--file=${BACKUP_PATHS.scripts}/dump.sql`,
      `RAMPART_FILE=$2/${dumpFile("$1")}\n`,
      `manifest="$2/${manifestFile("$1")}"`,
      `"$1/${GLOBALS_FILE}"`,
      `"$1/${INFO_FILE}"`,
    ],
  ],
  [
    "store.sh",
    [
      `. ${BACKUP_PATHS.scripts}/common.sh\n`,
      `whole=${BACKUP_PATHS.scratch}/whole\n`,
      `restored=${BACKUP_PATHS.restored}\n`,
      `=${BACKUP_PATHS.secrets}/restic_password\n`,
      `file=${BACKUP_PATHS.secrets}/$(`,
      `[ "$RAMPART_REPOSITORY" = ${BACKUP_PATHS.repository} ]`,
    ],
  ],
  [
    "drill.sh",
    [
      `. ${BACKUP_PATHS.scripts}/common.sh\n`,
      `data=${BACKUP_PATHS.drill}/data\n`,
      `dumps=${BACKUP_PATHS.restored}/$epoch\n`,
      `--file=${BACKUP_PATHS.scripts}/manifest.sql`,
      `"$2/${dumpFile("$1")}"`,
      `"$2/${manifestFile("$1")}"`,
      `"$1/${GLOBALS_FILE}"`,
      `"$dumps/${INFO_FILE}"`,
      `the container ${BACKUP_CONTAINERS.store} did not`,
      `* ${RESTORED_FACTOR + 1} / 1048576`,
    ],
  ],
])("%s names paths, containers and figures as TypeScript does", (name, parts) => {
  const text = { ...backupScripts(), "space.sh": spaceFunctions() }[name] ?? "";
  expect(parts.filter((part) => !text.includes(part))).toEqual([]);
});

test("no script has a password in it, or on a command line", () => {
  for (const [name, text] of all)
    expect([name, /--password=|PGPASSWORD=[^$"]/.test(text.replaceAll("--no-password", ""))]).toEqual([name, false]);
});

/** The time of day and the age, with a clock of the test's own. */
describe("when a dump is due", () => {
  const due = (at: string, now: number, files: Readonly<Record<string, string>>): boolean => {
    const directory = mkdtempSync(join(tmpdir(), "rampart-due-"));
    try {
      for (const part of ["dump", "store", "scratch"]) spawnSync("mkdir", ["-p", join(directory, part)]);
      for (const [file, content] of Object.entries(files)) writeFileSync(join(directory, file), content);
      const { "common.sh": common = "", "dump.sh": dump = "" } = backupScripts();
      const program = `${common.replace("state=/state", `state=${directory}`).replace(/^trap .*$/m, "")}
${dump
  .replace(". /etc/rampart/common.sh", "")
  .replace("scratch=/scratch", `scratch=${directory}/scratch`)
  .replace("whole=/scratch/whole", `whole=${directory}/scratch/whole`)
  .replace(/case \$\{1:-run\}[^]*$/, "")}
now() { echo ${now}; }
due`;
      return (
        spawnSync("sh", ["-c", program], {
          env: {
            PATH: process.env["PATH"] ?? "",
            RAMPART_AT: at,
            RAMPART_DATABASES: "app",
            RAMPART_MAX_AGE_HOURS: "26",
          },
          encoding: "utf8",
        }).status === 0
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };
  const at = (text: string): number => Date.parse(text) / 1000;
  const since = { "dump/since": `${at("2026-11-20T12:00:00Z")}` };
  const good = (text: string): Record<string, string> => ({
    ...since,
    "store/good": `{"epoch":${at(text)},"snapshot":"x"}`,
  });

  test.each<{ case: string; time: string; now: string; files: Readonly<Record<string, string>>; due: boolean }>([
    { case: "not before the first time of day", time: "02:30", now: "2026-11-20T12:00:01Z", files: since, due: false },
    { case: "at the first time of day", time: "02:30", now: "2026-11-21T02:30:00Z", files: since, due: true },
    { case: "not a second before", time: "02:30", now: "2026-11-21T02:29:59Z", files: since, due: false },
    {
      case: "not twice a day",
      time: "02:30",
      now: "2026-11-21T12:00:00Z",
      files: good("2026-11-21T02:30:02Z"),
      due: false,
    },
    {
      case: "the next day",
      time: "02:30",
      now: "2026-11-22T02:30:00Z",
      files: good("2026-11-21T02:30:02Z"),
      due: true,
    },
    {
      case: "at once after a time in which the stack was down",
      time: "02:30",
      now: "2026-11-24T17:00:00Z",
      files: good("2026-11-21T02:30:02Z"),
      due: true,
    },
    {
      case: "with hours and minutes that begin with a zero",
      time: "08:09",
      now: "2026-11-22T08:09:00Z",
      files: good("2026-11-21T08:09:02Z"),
      due: true,
    },
    {
      case: "not a minute after a failure",
      time: "02:30",
      now: "2026-11-22T02:35:00Z",
      files: { ...good("2026-11-21T02:30:02Z"), "dump/failed": `{"epoch":${at("2026-11-22T02:34:00Z")}}` },
      due: false,
    },
    {
      case: "ten minutes after a failure",
      time: "02:30",
      now: "2026-11-22T02:45:00Z",
      files: { ...good("2026-11-21T02:30:02Z"), "dump/failed": `{"epoch":${at("2026-11-22T02:34:00Z")}}` },
      due: true,
    },
  ])("$case", ({ time, now, files, due: expected }) => expect(due(time, at(now), files)).toBe(expected));
});

describe("credentials of a repository", () => {
  test.each([
    ["volume", 0, 0],
    ["s3:https://s3.example.com/b", 5, 2],
    ["rest:https://example.com/b", 3, 0],
    ["sftp:a@example.com:/b", 2, 2],
  ])("%s takes %d and needs %d", (repository, allowed, required) => {
    const found = repositoryCredentials(repository);
    expect([found.allowed.length, found.required.length]).toEqual([allowed, required]);
  });
});
