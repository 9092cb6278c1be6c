/** `store.sh repair` with the real restic, over a repository on this disk of which bytes are changed. */
import { spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseFacts } from "../../../commands/backup-repair/facts";
import { backupScripts } from "../../../hardening/backup/workloads";
import { describeWith, findProgram } from "../../programs";
import { QUICK_PASSWORD, writeQuickRepository } from "./quick-repository";

const MIB = 1024 ** 2;

/** A store and its repository, all of it under one directory. */
class Store {
  readonly directory = mkdtempSync(join(tmpdir(), "rampart-repair-"));
  private epoch = 1_795_000_000;

  constructor() {
    for (const path of ["state/store", "scratch/whole", "restored", "secrets", "repository", "run"])
      mkdirSync(join(this.directory, path), { recursive: true });
    writeFileSync(join(this.directory, "secrets/restic_password"), QUICK_PASSWORD);
  }

  path(...parts: readonly string[]): string {
    return join(this.directory, ...parts);
  }

  /** The script, over this directory in place of the container's; `end` is what is run last. */
  program(end: string): string {
    const { "common.sh": common = "", "store.sh": store = "" } = backupScripts();
    return `${common}\n${store.replaceAll(". /etc/rampart/common.sh", "")}`
      .replaceAll("/tmp/", `${this.path("run")}/`)
      .replace("state=/state", `state=${this.path("state")}`)
      .replaceAll("/scratch/whole", this.path("scratch/whole"))
      .replace("restored=/restored", `restored=${this.path("restored")}`)
      .replaceAll("/run/secrets", this.path("secrets"))
      .replaceAll("/repository", this.path("repository"))
      .replace(/case \$\{1:-run\}[^]*$/, `${end}\n`);
  }

  environment(): NodeJS.ProcessEnv {
    return {
      PATH: `${join(findProgram("restic") ?? "", "..")}:${process.env["PATH"] ?? ""}`,
      RAMPART_REPOSITORY: this.path("repository"),
      RAMPART_CREDENTIALS: "",
      RAMPART_KEEP: "7 4 6",
      RAMPART_READ_PERCENT: "4",
      RAMPART_STACK: "prod",
      // The smallest that restic makes.
      RESTIC_PACK_SIZE: "4",
    };
  }

  run(end: string, environment: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
    return spawnSync("sh", ["-c", this.program(end)], {
      env: { ...this.environment(), ...environment },
      encoding: "utf8",
    });
  }

  restic(...args: readonly string[]): SpawnSyncReturns<string> {
    return spawnSync("restic", ["--no-cache", ...args], {
      env: {
        ...this.environment(),
        RESTIC_REPOSITORY: this.path("repository"),
        RESTIC_PASSWORD_FILE: this.path("secrets/restic_password"),
      },
      encoding: "utf8",
    });
  }

  /** A dump that a turn stores; gives its snapshot's id. */
  backUp(content: Buffer): string {
    writeFileSync(this.path("scratch/whole/app.dump"), content);
    writeFileSync(this.path("scratch/whole/epoch"), `${(this.epoch += 60)}\n`);
    const { stdout, stderr } = this.run("installation=i; errors=$work_directory/errors; ready=no; tried=0; turn");
    const stored = JSON.parse(readFileSync(this.path("state/store/good"), "utf8")) as {
      readonly epoch: number;
      readonly snapshot: string;
    };
    if (stored.epoch !== this.epoch) throw new Error(`not stored: ${stdout}${stderr}`);
    return stored.snapshot;
  }

  /** The packs that hold blobs of a kind, of all that are not among `known`. */
  packs(known: readonly string[], kind: "data" | "tree"): string[] {
    interface Index {
      readonly packs: readonly { readonly id: string; readonly blobs: readonly { readonly type: string }[] }[];
    }
    return readdirSync(this.path("repository/index"))
      .flatMap((id) => (JSON.parse(this.restic("cat", "index", id).stdout) as Index).packs)
      .filter(({ id, blobs }) => !known.includes(id) && blobs.some(({ type }) => type === kind))
      .map(({ id }) => id);
  }

  everyPack(): string[] {
    return readdirSync(this.path("repository/data"), { recursive: true, encoding: "utf8" }).flatMap(
      (path) => path.split("/")[1] ?? [],
    );
  }

  private pack(pack: string): string {
    return this.path("repository/data", pack.slice(0, 2), pack);
  }

  size(pack: string): number {
    return statSync(this.pack(pack)).size;
  }

  /** Changes bytes in the middle of a pack. */
  damage(pack: string): void {
    const path = this.pack(pack);
    const bytes = readFileSync(path);
    const middle = Math.floor(bytes.length / 2);
    bytes.fill(0x58, middle, middle + 4);
    chmodSync(path, 0o600);
    writeFileSync(path, bytes);
  }

  repair(part: string): SpawnSyncReturns<string> {
    return this.run(`repair ${part}`);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

describeWith("restic")("a repository of which bytes have changed", () => {
  const store = new Store();
  afterAll(() => store.remove());

  const live = randomBytes(9 * MIB);
  const ids: Record<string, string> = {};

  test("is read, and what is damaged is named with the backups that it hits; nothing is changed", () => {
    writeQuickRepository(store.path("repository"));
    ids["old"] = store.backUp(randomBytes(9 * MIB));
    const old = store.packs([], "data");
    const before = store.everyPack();
    ids["tree"] = store.backUp(randomBytes(MIB));
    const trees = store.packs(before, "tree");
    const then = store.everyPack();
    ids["live"] = store.backUp(live);
    // Not the last of the packs, which may hold the small files that no two dumps share.
    const kept = store.packs(then, "data").sort((a, b) => store.size(b) - store.size(a));
    // Two packs that no database can bring back, one of directories, and one of what the database still has.
    const damaged = [old[0] ?? "", old[1] ?? "", trees[0] ?? "", kept[0] ?? ""];
    damaged.forEach((pack) => store.damage(pack));
    // restic's cache would heal a pack of directories.
    rmSync(store.path("restored/cache"), { recursive: true });

    const looked = store.repair("look");
    const facts = parseFacts(looked.stdout);
    expect([looked.status, looked.stderr, facts.clean, facts.began, facts.index]).toEqual([0, "", false, false, false]);
    expect([...facts.packs].sort()).toEqual(damaged.sort());
    expect([...facts.hit].sort()).toEqual(
      Object.values(ids)
        .map((id) => id.slice(0, 8))
        .sort(),
    );
    expect(existsSync(store.path("state/store/repair"))).toBe(false);
    expect(damaged.filter((pack) => !store.everyPack().includes(pack))).toEqual([]);
  });

  test("is mended: a new backup brings back what the database has, and no backup is left that lacks content", () => {
    const mended = store.repair("mend");
    expect([mended.status, mended.stderr, parseFacts(mended.stdout).packs.length]).toEqual([0, "", 4]);
    const copies = readdirSync(store.path("restored/repair"), { recursive: true, encoding: "utf8" });
    expect(copies.filter((name) => name.includes("/pack-"))).toHaveLength(4);
    expect(store.run("health").stdout).not.toContain("has not come to its end");

    const fresh = store.backUp(live);
    const ended = store.repair("end");
    const facts = parseFacts(ended.stdout);
    expect([ended.status, ended.stderr, facts.clean]).toEqual([0, "", true]);
    expect([...facts.forgotten].sort()).toEqual([ids["old"], ids["tree"]].map((id) => (id ?? "").slice(0, 8)).sort());

    expect(store.restic("check", "--read-data").status).toBe(0);
    const left = JSON.parse(store.restic("snapshots", "--json").stdout) as { readonly id: string }[];
    expect(left.map(({ id }) => id)).toEqual([ids["live"], fresh]);
    const dump = `${store.path("scratch/whole")}/app.dump`;
    const restored = spawnSync("restic", ["--no-cache", "dump", ids["live"] ?? "", dump], {
      env: {
        ...store.environment(),
        RESTIC_REPOSITORY: store.path("repository"),
        RESTIC_PASSWORD_FILE: store.path("secrets/restic_password"),
      },
      maxBuffer: 64 * MIB,
    });
    expect(restored.stdout.equals(live)).toBe(true);
    expect(existsSync(store.path("restored/repair"))).toBe(false);
    expect(existsSync(store.path("state/store/repair"))).toBe(false);
    expect(readFileSync(store.path("state/store/check"), "utf8")).toContain('"ok":true');
  });

  test("says that nothing is left to repair", () => {
    expect(store.repair("mend").stdout).toBe("clean\n");
    expect(existsSync(store.path("state/store/repair"))).toBe(false);
  });

  test("is repaired with a damaged index and a damaged snapshot, too", () => {
    const [index = ""] = readdirSync(store.path("repository/index"));
    const lost = ids["live"] ?? "";
    for (const path of [store.path("repository/index", index), store.path("repository/snapshots", lost)]) {
      const bytes = readFileSync(path);
      bytes.fill(0x58, 40, 48);
      chmodSync(path, 0o600);
      writeFileSync(path, bytes);
    }
    expect(parseFacts(store.repair("look").stdout)).toMatchObject({ index: true });
    const mended = store.repair("mend");
    expect([mended.status, mended.stderr]).toEqual([0, ""]);
    expect(parseFacts(mended.stdout)).toMatchObject({ index: true, snapshots: [lost.slice(0, 8)] });
    store.backUp(live);
    expect(store.repair("end")).toMatchObject({ status: 0, stdout: "clean\n", stderr: "" });
  });

  test("is not touched where the disk has no room for the copies", () => {
    const [pack = ""] = store.packs([], "data");
    store.damage(pack);
    const { status, stderr } = store.run("free_mib() { echo 512; }\nrepair mend");
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^the repair may take \d+ MiB and has to leave 512 MiB to Postgres, and the disk has 512 MiB free/,
      ),
    ]);
    expect(store.everyPack()).toContain(pack);
    expect(store.run("in_grace() { return 1; }; health").stdout).toMatch(
      /^a repair of the repository, begun at \S+Z, has not come to its end: npx rampart backup repair prod\n/,
    );
  });

  test("is left by the container's own turns while a repair is at work, and by another repair", async () => {
    const holder = spawn("sh", ["-c", store.program("hold; echo held; read -r _")], { env: store.environment() });
    try {
      await once(holder.stdout, "data");
      expect(store.repair("look")).toMatchObject({
        status: 3,
        stderr: "another repair of this repository is at work\n",
      });
      expect(store.run("ready=yes; tried=0; tick() { echo ran; }; turn").stdout).toBe("");
    } finally {
      holder.stdin.end("\n");
      await once(holder, "close");
    }
    expect(store.run("ready=yes; tried=0; tick() { echo ran; }; turn").stdout).toBe("ran\n");
  });
});

describeWith("restic")("a repository that does not open", () => {
  const store = new Store();
  afterAll(() => store.remove());

  test("is not made by a repair, and a wrong password is named", () => {
    expect(store.repair("mend")).toMatchObject({ status: 4, stdout: "" });
    expect(store.repair("mend").stderr).toMatch(/^the repository \S+ is gone, with every backup in it;/);
    expect(readdirSync(store.path("repository"))).toEqual([]);
    writeQuickRepository(store.path("repository"));
    writeFileSync(store.path("secrets/restic_password"), "another");
    expect(store.repair("look").stderr).toMatch(/^the password does not open the repository/);
  });
});
