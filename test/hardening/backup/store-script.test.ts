import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backupScripts } from "../../../hardening/backup/workloads";

/** Notes how it was called; `fails` names the subcommands that end with an error. */
const RESTIC = `#!/bin/sh
echo "$*" >>"$DIRECTORY/calls"
case " $FAILS " in *" $1 "*)
  echo '{"message_type":"exit_error","code":1,"message":"Fatal: no space left on device"}' >&2
  echo 'write /repository/data: no space left on device' >&2
  exit 1 ;;
esac
summary='{"message_type":"summary","total_bytes_processed":100,"data_added_packed":10,"snapshot_id":"aa11"}'
case $1 in backup) echo "$summary" ;; esac
`;

/** What an S3 server's refusal looks like: restic tries again, for a quarter of an hour. */
const PERSISTENT = `#!/bin/sh
echo 'Stat(<config/>) returned error, retrying after 570.558873ms: Stat: first' >&2
echo 'Stat(<config/>) returned error, retrying after 1.6s: Stat: The specified bucket does not exist.' >&2
exec sleep 60
`;

/** Does not wait as long as it is asked to. */
const TIMEOUT = `#!/bin/sh
echo "timeout $*" >>"$DIRECTORY/calls"
shift
exec /usr/bin/timeout 0.2 "$@"
`;

/** A disk with as many KiB free as FREE_KIB says. */
const DF = `#!/bin/sh
echo Filesystem
echo "disk 1 1 $FREE_KIB 1% /"
`;

/** The store's turns, with a clock and a restic of the test's own. */
class Store {
  readonly directory = mkdtempSync(join(tmpdir(), "rampart-store-"));

  constructor(private readonly repository = "/repository") {
    for (const path of ["state/store", "scratch/whole", "restored", "secrets", "bin"])
      mkdirSync(join(this.directory, path), { recursive: true });
    for (const [name, text] of [
      ["restic", RESTIC],
      ["df", DF],
    ] as const)
      writeFileSync(join(this.directory, "bin", name), text, { mode: 0o755 });
  }

  dump(epoch: number): void {
    writeFileSync(join(this.directory, "scratch/whole/epoch"), `${epoch}\n`);
  }

  /** One turn at a time of day; gives what restic was asked for. */
  turn(now: number, fails: readonly string[] = [], ready: "yes" | "no" = "yes", freeMiB = 10_000): string[] {
    const calls = join(this.directory, "calls");
    rmSync(calls, { force: true });
    const { "common.sh": common = "", "store.sh": store = "" } = backupScripts();
    const program = `${common}\n${store}`
      .replace("state=/state", `state=${this.directory}/state`)
      .replaceAll(". /etc/rampart/common.sh", "")
      .replaceAll("/scratch/whole", `${this.directory}/scratch/whole`)
      .replace("restored=/restored", `restored=${this.directory}/restored`)
      .replace(
        /case \$\{1:-run\}[^]*$/,
        `now() { echo ${now}; }\nerrors=$work_directory/errors\ninstallation=i\nready=${ready}\ntried=0\ntick\n`,
      );
    const result = spawnSync("sh", ["-c", program], {
      env: {
        PATH: `${this.directory}/bin:${process.env["PATH"] ?? ""}`,
        DIRECTORY: this.directory,
        FAILS: fails.join(" "),
        FREE_KIB: String(freeMiB * 1024),
        RAMPART_REPOSITORY: this.repository,
        RAMPART_CREDENTIALS: "",
        RAMPART_KEEP: "7 4 6",
        RAMPART_READ_PERCENT: "4",
        RAMPART_STACK: "prod",
      },
      encoding: "utf8",
    });
    if (result.stderr !== "") throw new Error(result.stderr);
    return existsSync(calls)
      ? readFileSync(calls, "utf8")
          .trim()
          .split("\n")
          .map((line) => line.split(" ")[0] ?? "")
      : [];
  }

  state(file: string): Readonly<Record<string, unknown>> | undefined {
    const path = join(this.directory, "state/store", file);
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>) : undefined;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const DUMPED = 1_795_000_000;
const stores: Store[] = [];
const waiting = (repository?: string): Store => {
  const store = new Store(repository);
  stores.push(store);
  store.dump(DUMPED);
  return store;
};
afterAll(() => stores.forEach((store) => store.remove()));

describe("a dump that waits", () => {
  test("is stored, checked and pruned after, once", () => {
    const store = waiting();
    expect(store.turn(DUMPED + 5)).toEqual(["cat", "backup", "stats", "check", "unlock", "forget"]);
    expect(store.state("good")).toMatchObject({ epoch: DUMPED, snapshot: "aa11", bytes: 100, added: 10 });
    expect(store.turn(DUMPED + 100)).toEqual([]);
  });

  test("has one snapshot however often the check fails, and is checked again a quarter of an hour later", () => {
    const store = waiting();
    expect(store.turn(DUMPED + 5, ["check"])).toEqual(["cat", "backup", "stats", "check"]);
    expect(store.state("failed")).toMatchObject({ epoch: DUMPED, step: "the check of the repository" });
    expect(store.turn(DUMPED + 65, ["check"])).toEqual([]);
    expect(store.turn(DUMPED + 910, ["check"])).toEqual(["cat", "cat", "stats", "check"]);
    expect(store.turn(DUMPED + 1820)).toEqual(["cat", "cat", "stats", "check", "unlock", "forget"]);
    expect(store.state("good")).toMatchObject({ epoch: DUMPED, snapshot: "aa11" });
  });

  test("is stored again where its snapshot is gone", () => {
    const store = waiting();
    store.turn(DUMPED + 5, ["check"]);
    const path = join(store.directory, "bin/restic");
    writeFileSync(path, RESTIC.replace("case $1 in", '[ "$1 $2" != "cat snapshot" ] || exit 1\ncase $1 in'));
    expect(store.turn(DUMPED + 910)).toEqual(["cat", "cat", "backup", "stats", "check", "unlock", "forget"]);
  });

  test("leaves nothing of a failed attempt on a disk of the host, says why once, and tries again in a minute", () => {
    const store = waiting();
    expect(store.turn(DUMPED + 5, ["backup"])).toEqual(["cat", "backup", "unlock", "prune"]);
    expect(store.state("failed")).toMatchObject({
      step: "storing the backup",
      error: "write /repository/data: no space left on device",
    });
    expect(store.turn(DUMPED + 30, ["backup"])).toEqual([]);
    expect(store.turn(DUMPED + 66)).toEqual(["cat", "backup", "stats", "check", "unlock", "forget"]);
  });

  test("is not stored where that could take the room that Postgres needs, and is once there is room", () => {
    const store = waiting();
    expect(store.turn(DUMPED + 5, [], "yes", 511)).toEqual(["cat", "unlock", "prune"]);
    expect(store.state("failed")).toMatchObject({
      step: "storing the backup",
      error:
        "storing the backup may take 0 MiB and has to leave 512 MiB to Postgres, " +
        "and the disk has 511 MiB free: make room (docs/backups.md)",
    });
    expect(store.turn(DUMPED + 66, [], "yes", 513)).toEqual(["cat", "backup", "stats", "check", "unlock", "forget"]);
    expect(waiting("s3:https://s3.example.com/b").turn(DUMPED + 5, [], "yes", 1)).toEqual([
      "cat",
      "backup",
      "stats",
      "check",
      "unlock",
      "forget",
    ]);
  });

  test("has nothing removed after it from a repository elsewhere, which another may be at work on", () => {
    expect(waiting("s3:https://s3.example.com/b").turn(DUMPED + 5, ["backup"])).toEqual(["cat", "backup"]);
  });
});

test("a repository that restic would try for 15 minutes is given up before, with the server's last words", () => {
  const store = new Store("s3:https://s3.example.com/b");
  stores.push(store);
  writeFileSync(join(store.directory, "bin/restic"), PERSISTENT);
  writeFileSync(join(store.directory, "bin/timeout"), TIMEOUT, { mode: 0o755 });
  expect(store.turn(DUMPED + 5, [], "no")).toEqual(["timeout"]);
  expect(readFileSync(join(store.directory, "calls"), "utf8")).toBe("timeout 45 restic cat config\n");
  expect(store.state("closed")).toMatchObject({
    error: "the repository s3:https://s3.example.com/b cannot be read: Stat: The specified bucket does not exist.",
  });
});

describe("another repository than the one before", () => {
  test("has no good backup yet, so that one is due at once", () => {
    const store = new Store("s3:https://s3.example.com/b");
    stores.push(store);
    writeFileSync(join(store.directory, "state/store/opened"), "/repository\n");
    writeFileSync(join(store.directory, "state/store/good"), `{"epoch":${DUMPED},"snapshot":"aa11"}`);
    expect(store.turn(DUMPED + 5, [], "no")).toEqual(["cat"]);
    expect(store.state("good")).toBeUndefined();
    expect(readFileSync(join(store.directory, "state/store/opened"), "utf8")).toBe("s3:https://s3.example.com/b\n");
  });

  test("is told from the same one, which keeps what is known of it", () => {
    const store = new Store();
    stores.push(store);
    writeFileSync(join(store.directory, "state/store/opened"), "/repository\n");
    writeFileSync(join(store.directory, "state/store/good"), `{"epoch":${DUMPED},"snapshot":"aa11"}`);
    expect(store.turn(DUMPED + 5, [], "no")).toEqual(["cat"]);
    expect(store.state("good")).toMatchObject({ epoch: DUMPED });
  });
});
