import { capabilitiesIn } from "../../verify/kernel/capabilities";
import { confinementText, kernelFaults, type DeclaredConfinement } from "../../verify/kernel/judge";
import { readingOf, type Reading } from "../../verify/kernel/reading";
import { judgeFaults } from "../../verify/probes/kernel";
import { triesOf } from "../../verify/probes/system-calls";

const STATUS = [
  ["Name", "postgres"],
  ["Uid", "70\t70\t70\t70"],
  ...["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((set) => [set, "0000000000000000"]),
  ["NoNewPrivs", "1"],
  ["Seccomp", "2"],
];
const MOUNTS = [
  "571 469 0:191 / / ro,relatime master:16 - overlay overlay rw,lowerdir=/x",
  "572 571 0:196 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw",
  "573 571 0:197 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755",
  "475 572 0:197 /null /proc/keys rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755",
  "590 571 0:202 / /tmp rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=65536k",
  "591 571 254:0 /v/_data /run/secrets ro,relatime master:1 - ext4 /dev/vda rw,discard",
  "597 571 254:0 /v/_data /var/lib/data rw,relatime master:1 - ext4 /dev/vda rw,discard",
];

interface Kernel {
  readonly status?: Readonly<Record<string, string>>;
  readonly mounts?: readonly string[];
  readonly memory?: string;
  readonly pids?: string;
  readonly write?: string;
}

/** As busybox and coreutils print it. */
function text({ status = {}, mounts = MOUNTS, memory = "536870912", pids = "256", write }: Kernel = {}): string {
  const lines = STATUS.map(([name = "", value = ""]) => `${name}:\t${status[name] ?? value}`);
  return [
    `==> /proc/1/status <==\n${lines.join("\n")}\n`,
    `==> /proc/1/mountinfo <==\n${mounts.join("\n")}\n`,
    `==> /sys/fs/cgroup/memory/memory.limit_in_bytes <==\n${memory}\n`,
    `==> /sys/fs/cgroup/pids/pids.max <==\n${pids}`,
    `==> write <==\n${write ?? "sh: can't create /rampart-verify: Read-only file system"}\n`,
  ].join("\n");
}

function reading(kernel: Kernel = {}): Reading {
  const found = readingOf(text(kernel));
  if (found === undefined) throw new Error("nothing was read");
  return found;
}

const DECLARED: DeclaredConfinement = {
  capabilitiesAdded: [],
  memoryMiB: 512,
  pids: 256,
  mounts: [
    { source: "v", target: "/var/lib/data", readOnly: false, host: false },
    { source: "s", target: "/run/secrets", readOnly: true, host: false },
  ],
  tmpfs: { "/tmp": "rw,noexec" },
  accepted: {},
};
const faults = (kernel: Kernel, declared: Partial<DeclaredConfinement> = {}): string[] =>
  kernelFaults({ ...DECLARED, ...declared }, reading(kernel)).map(({ rule, what }) => `${rule}: ${what}`);
const withMount = (line: string): readonly string[] => [...MOUNTS, line];

describe("what the kernel says of a container", () => {
  test("one as it was declared has no fault", () => {
    expect(faults({})).toEqual([]);
    expect(confinementText(reading())).toBe(
      "uid 70, system calls are filtered, no new privileges, no capability, a read-only root, 512 MiB, 256 PIDs, " +
        "a write to / is refused",
    );
  });

  test.each<[string, Kernel, string]>([
    ["no filter", { status: { Seccomp: "0" } }, "cis-5.22: no system call is filtered (Seccomp 0)"],
    ["new privileges", { status: { NoNewPrivs: "0" } }, "cis-5.26: it may gain new privileges (NoNewPrivs 0)"],
    ["root", { status: { Uid: "70\t0\t70\t70" } }, "cis-4.1: it runs as root"],
    [
      "capabilities",
      { status: { CapBnd: "0000000000200001" } },
      "cis-5.4: it has capabilities that are not declared: CHOWN, SYS_ADMIN",
    ],
    [
      "ambient capabilities",
      { status: { CapAmb: "0000000000002000" } },
      "cis-5.4: it has capabilities that are not declared: NET_RAW",
    ],
    [
      "a writable root",
      { mounts: MOUNTS.map((line) => line.replace("/ / ro", "/ / rw")) },
      "cis-5.13: its root is mounted writable",
    ],
    ["no root", { mounts: [] }, "cis-5.13: its root is mounted writable"],
    ["a write that worked", { write: "written" }, "cis-5.13: a file could be written to its root"],
    [
      "scratch space to execute from",
      { mounts: withMount("1 571 0:9 / /scratch rw,nosuid - tmpfs tmpfs rw") },
      "rampart-tmpfs-noexec: /scratch can be written, and executed from",
    ],
    [
      "a volume that is not declared",
      { mounts: withMount("1 571 254:0 /v /with\\040blank rw - ext4 /dev/vda rw") },
      "rampart-tmpfs-noexec: /with blank can be written, and executed from",
    ],
    ["more memory", { memory: "1073741824" }, "cis-5.11: its memory limit is 1024 MiB"],
    ["no memory limit, v1", { memory: "9223372036854771712" }, "cis-5.11: its memory limit is none MiB"],
    ["no memory limit, v2", { memory: "max" }, "cis-5.11: its memory limit is none MiB"],
    ["no PIDs limit", { pids: "max" }, "cis-5.29: its PIDs limit is none"],
  ])("%s", (_, kernel, told) => {
    expect(faults(kernel)).toEqual([told]);
  });

  test("what is declared may be there: capabilities, a file system that is read-only as a whole", () => {
    expect(faults({ status: { CapBnd: "0000000000000400" } }, { capabilitiesAdded: ["CAP_NET_BIND_SERVICE"] })).toEqual(
      [],
    );
    expect(faults({ mounts: withMount("1 571 0:9 / /opt rw - squashfs none ro") })).toEqual([]);
  });

  test("an attempt that another check refused says nothing of the root", () => {
    expect(reading({ write: "sh: can't create /rampart-verify: Permission denied" }).write).toBe("refused");
  });

  test("what could not be read is not judged", () => {
    expect(readingOf("")).toBeUndefined();
    expect(readingOf("exec failed")).toBeUndefined();
    const beside = readingOf(text().split("==> /sys")[0] ?? "");
    expect([beside?.memory, beside?.pids, beside?.write]).toEqual([undefined, undefined, undefined]);
  });

  test("capabilities have the kernel's numbers", () => {
    expect(capabilitiesIn("000001ffffffffff")).toHaveLength(41);
    expect(capabilitiesIn("0000010000000000")).toEqual(["CHECKPOINT_RESTORE"]);
    expect(capabilitiesIn("0000020000000000")).toEqual(["41"]);
  });
});

describe("a fault that the stack accepts", () => {
  const root = { rule: "cis-4.1", what: "it runs as root" };
  test("is accepted with its reason, beside another one it is not", () => {
    expect(judgeFaults("p", [root], { "cis-4.1": "the socket's group is not known" })).toEqual({
      status: "accepted",
      target: "p",
      evidence: "it runs as root (cis-4.1: the socket's group is not known)",
    });
    const other = { rule: "cis-5.22", what: "no filter" };
    expect(judgeFaults("p", [root, other], { "cis-4.1": "why" })).toEqual({
      status: "fail",
      target: "p",
      evidence: "no filter",
    });
    expect(judgeFaults("p", [], {})).toBeUndefined();
  });
});

test("attempts are told apart: done, refused by the kernel, or not possible here", () => {
  const printed = [
    "0 1 mount: mounting none on /tmp failed: Permission denied ",
    "1 0 ",
    "2 1 unshare: unshare(0x20000): Operation not permitted ",
    "3 127 busybox: applet not found ",
  ].join("\n");
  expect(triesOf(printed)).toEqual({
    done: ["unshare a user namespace"],
    refused: ["mount", "unshare a mount namespace"],
    unknown: ["chroot", "enter a namespace", "make a device", "set the host name"],
  });
});
