import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import {
  DENIED_GROUPS,
  DENIED_SYSCALLS,
  renderSeccompProfile,
  SECCOMP_KINDS,
  type SeccompKind,
  type SeccompProfile,
  seccompProfile,
  seccompSecurityOpt,
} from "../../../hardening/confinement/seccomp";
import { FOREIGN_ABI_SYSCALLS } from "../../../hardening/confinement/seccomp/denied";
import mobyDefault from "../../../hardening/confinement/seccomp/moby-default.json";

const enforce = { complain: false };

/** Every name that some rule lets through, whatever the rule's conditions. */
function everAllowed(profile: SeccompProfile): Set<string> {
  return new Set(profile.syscalls.filter((rule) => rule.action !== "SCMP_ACT_ERRNO").flatMap((rule) => rule.names));
}

/** The names that pass on every host, with any argument. */
function alwaysAllowed(profile: SeccompProfile): Set<string> {
  return new Set(
    profile.syscalls
      .filter((rule) => rule.action === "SCMP_ACT_ALLOW" && rule.args === undefined && rule.includes === undefined)
      .flatMap((rule) => rule.names),
  );
}

describe.each(SECCOMP_KINDS)("the %s profile", (kind) => {
  const profile = seccompProfile(kind, enforce);

  it("denies its listed system calls under every condition", () => {
    const allowed = everAllowed(profile);
    expect(DENIED_SYSCALLS[kind].filter((name) => allowed.has(name))).toEqual([]);
    expect(profile.defaultAction).toBe("SCMP_ACT_ERRNO");
    expect(profile.defaultErrnoRet).toBe(1);
  });

  it.each([
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "kcmp",
    "pidfd_getfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "userfaultfd",
    "keyctl",
    "add_key",
    "request_key",
    "bpf",
    "perf_event_open",
    "unshare",
    "setns",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "fsopen",
    "move_mount",
    "open_tree",
    "reboot",
    "init_module",
    "finit_module",
    "swapon",
    "quotactl",
    "acct",
    "iopl",
    "ioperm",
    "clock_settime",
    "settimeofday",
    "name_to_handle_at",
    "open_by_handle_at",
    "fanotify_init",
    "kexec_load",
    "syslog",
    "socketcall",
  ])("denies %s", (name) => {
    expect(DENIED_SYSCALLS[kind]).toContain(name);
    expect(everAllowed(profile).has(name)).toBe(false);
  });

  it("has no rule that depends on a capability", () => {
    expect(renderSeccompProfile(profile)).not.toContain('"caps"');
    expect(renderSeccompProfile(profile)).not.toContain('"excludes"');
  });

  it("allows clone only without the flags that make namespaces, and clone3 not at all", () => {
    // CLONE_NEW: NS, CGROUP, UTS, IPC, USER, PID, NET.
    const namespaceFlags = 0x00020000 + 0x02000000 + 0x04000000 + 0x08000000 + 0x10000000 + 0x20000000 + 0x40000000;
    expect(profile.syscalls.filter((rule) => rule.names.includes("clone"))).toEqual([
      {
        names: ["clone"],
        action: "SCMP_ACT_ALLOW",
        args: [{ index: 0, value: namespaceFlags, op: "SCMP_CMP_MASKED_EQ" }],
      },
    ]);
    // ENOSYS, not EPERM: with it, C libraries fall back to clone, whose flags can be seen.
    expect(profile.syscalls.filter((rule) => rule.names.includes("clone3"))).toEqual([
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
    ]);
  });

  it("allows no other address family than Unix, IPv4, IPv6 and netlink", () => {
    const netlink = { index: 0, op: "SCMP_CMP_EQ", value: 16 };
    const routes = { index: 2, op: "SCMP_CMP_EQ", value: 0 };
    expect(profile.syscalls.filter((rule) => rule.names.includes("socket")).map((rule) => rule.args)).toEqual([
      [{ index: 0, op: "SCMP_CMP_LT", value: 3 }],
      [{ index: 0, op: "SCMP_CMP_EQ", value: 10 }],
      kind === "worker" ? [netlink] : [netlink, routes],
    ]);
  });

  it("is for the native ABI of x86_64 and arm64", () => {
    expect(profile.archMap).toEqual([
      { architecture: "SCMP_ARCH_X86_64", subArchitectures: [] },
      { architecture: "SCMP_ARCH_AARCH64", subArchitectures: [] },
    ]);
    const allowed = everAllowed(profile);
    expect(FOREIGN_ABI_SYSCALLS.filter((name) => allowed.has(name))).toEqual([]);
  });

  it.each([
    ["any program", ["read", "write", "openat", "close", "mmap", "mprotect", "brk", "execve", "exit_group", "futex"]],
    [
      "Go",
      [
        "epoll_create1",
        "epoll_pwait",
        "rt_sigaction",
        "sigaltstack",
        "tgkill",
        "sched_getaffinity",
        "pidfd_open",
        "pidfd_send_signal",
        "waitid",
        "getrandom",
        "madvise",
        "nanosleep",
        "sched_yield",
        "timer_create",
        "splice",
      ],
    ],
    [
      "Node",
      [
        "eventfd2",
        "epoll_wait",
        "statx",
        "pipe2",
        "dup3",
        "prctl",
        "pkey_alloc",
        "rseq",
        "membarrier",
        "set_robust_list",
        "getdents64",
        "inotify_init1",
        "copy_file_range",
        "fchmod",
        "vfork",
        "socketpair",
      ],
    ],
    [
      "nginx",
      [
        "accept4",
        "sendfile",
        "writev",
        "recvfrom",
        "io_setup",
        "io_submit",
        "io_getevents",
        "setuid",
        "setgid",
        "setgroups",
        "chown",
        "setpriority",
        "sched_setaffinity",
        "prlimit64",
        "listen",
        "bind",
        "setsockopt",
      ],
    ],
    ["a shell", ["fork", "wait4", "dup2", "pipe", "getcwd", "chdir", "umask", "rt_sigprocmask", "kill", "faccessat2"]],
  ])("allows what %s needs", (_who, names) => {
    const allowed = alwaysAllowed(profile);
    expect(names.filter((name) => !allowed.has(name))).toEqual([]);
  });

  it("allows nothing that the engine's default does not", () => {
    const byDefault = new Set(mobyDefault.syscalls.flatMap((rule) => rule.names));
    expect([...everAllowed(profile)].filter((name) => !byDefault.has(name))).toEqual([]);
  });

  it("takes nothing from the engine's default but what is listed", () => {
    const kept = everAllowed(profile);
    const explained = new Set([...DENIED_SYSCALLS[kind], ...FOREIGN_ABI_SYSCALLS, "clone3"]);
    const lost = mobyDefault.syscalls
      .flatMap((rule) => rule.names)
      .filter((name) => !kept.has(name) && !explained.has(name));
    expect(lost).toEqual([]);
  });

  it("renders the same compact text every time, with sorted keys and names", () => {
    const text = renderSeccompProfile(profile);
    expect(renderSeccompProfile(seccompProfile(kind, enforce))).toBe(text);
    expect(text).toMatch(/^\{"archMap":.*"defaultAction":.*"defaultErrnoRet":1,"syscalls":\[\{"action":/);
    expect(text).not.toMatch(/\s/);
    expect(text.length).toBeLessThan(6_000);
    for (const rule of profile.syscalls) expect(rule.names).toEqual([...rule.names].sort());
  });

  it("logs in complain mode what it would deny, and kills nothing", () => {
    const complain = seccompProfile(kind, { complain: true });
    expect(complain.defaultAction).toBe("SCMP_ACT_LOG");
    expect(complain.defaultErrnoRet).toBeUndefined();
    expect(complain.archMap[0]?.subArchitectures).toEqual(["SCMP_ARCH_X86", "SCMP_ARCH_X32"]);
    expect(complain.syscalls).toEqual(profile.syscalls);
  });

  it("lists its denials sorted and once", () => {
    expect(DENIED_SYSCALLS[kind]).toEqual([...new Set(DENIED_SYSCALLS[kind])].sort());
  });
});

describe("between the profiles", () => {
  it("frontend is the narrowest and worker the loosest", () => {
    const [api, frontend, worker] = SECCOMP_KINDS.map((kind) => everAllowed(seccompProfile(kind, enforce)));
    expect([...(frontend ?? [])].filter((name) => api?.has(name) !== true)).toEqual([]);
    expect([...(api ?? [])].filter((name) => worker?.has(name) !== true)).toEqual([]);
    expect(frontend?.size).toBeLessThan(api?.size ?? 0);
    expect(api?.size).toBeLessThan(worker?.size ?? 0);
  });

  it.each(["shmget", "semget", "msgget", "mq_open", "memfd_create", "mknod"])("only frontend denies %s", (name) => {
    expect(SECCOMP_KINDS.filter((kind) => DENIED_SYSCALLS[kind].includes(name))).toEqual(["frontend"]);
  });

  it("servers may not change their personality; builds may pass as 32-bit", () => {
    const values = (kind: SeccompKind): unknown[] =>
      seccompProfile(kind, enforce)
        .syscalls.filter((rule) => rule.names.includes("personality"))
        .map((rule) => rule.args?.[0]?.value);
    expect(values("api")).toEqual([0, 0xffffffff]);
    expect(values("frontend")).toEqual([0, 0xffffffff]);
    expect(values("worker")).toEqual([0, 8, 0x20000, 0x20008, 0xffffffff]);
  });

  it("explains every group", () => {
    for (const group of DENIED_GROUPS) expect(group.why.length).toBeGreaterThan(20);
  });
});

describe("moby's file", () => {
  it("is the one that README.md names", () => {
    const directory = join(__dirname, "../../../hardening/confinement/seccomp");
    const hash = createHash("sha256")
      .update(readFileSync(join(directory, "moby-default.json")))
      .digest("hex");
    expect(readFileSync(join(directory, "README.md"), "utf8")).toContain(`\`${hash}\``);
  });
});

describe("seccompSecurityOpt", () => {
  it("does not touch the engine's default profile", () => {
    expect(seccompSecurityOpt({ kind: "default" })).toEqual([]);
  });

  it("passes a profile inline", () => {
    expect(seccompSecurityOpt({ kind: "profile", profile: "api", complain: false })).toEqual([
      `seccomp=${renderSeccompProfile(seccompProfile("api", enforce))}`,
    ]);
  });

  it("switches seccomp off when the stack says so", () => {
    expect(seccompSecurityOpt({ kind: "unconfined", reason: "a profiler, until Friday" })).toEqual([
      "seccomp=unconfined",
    ]);
  });
});
