import { RECORDED_KINDS, seccompProfile, seccompSecurityOpt } from "../../../hardening/confinement/seccomp";
import { MARGIN, SAME_WORK, withMargin } from "../../../hardening/confinement/seccomp/margin";
import { baseOf, MOST_CALLS } from "../../../hardening/confinement/seccomp/recorded";
import recordings from "../../../hardening/confinement/seccomp/recordings.json";
import { compare, recordingOf } from "../../../hardening/confinement/seccomp/trace";

const allowed = (kind: Parameters<typeof seccompProfile>[0]): Set<string> =>
  new Set(
    seccompProfile(kind, { complain: false })
      .syscalls.filter(({ action }) => action !== "SCMP_ACT_ERRNO")
      .flatMap(({ names }) => names),
  );

describe.each(RECORDED_KINDS)("the recorded profile %s", (kind) => {
  const profile = seccompProfile(kind, { complain: false });
  const calls = allowed(kind);

  it("allows at most half of what the engine's default allows", () => {
    expect(calls.size).toBeLessThanOrEqual(MOST_CALLS);
    expect(MOST_CALLS).toBeLessThanOrEqual(361 / 2);
  });

  it("allows what was recorded, as far as its base does, and nothing that its base denies", () => {
    const base = allowed(baseOf(kind));
    expect([...calls].filter((call) => !base.has(call))).toEqual([]);
    expect(recordings[kind].filter((call) => base.has(call) && !calls.has(call))).toEqual([]);
  });

  it("denies everything else, and other ABIs altogether", () => {
    expect(profile.defaultAction).toBe("SCMP_ACT_ERRNO");
    expect(profile.archMap.flatMap(({ subArchitectures }) => subArchitectures)).toEqual([]);
    expect(
      [...calls].filter((call) => /^(ptrace|process_|unshare|setns|mount|bpf|io_uring_|keyctl)/.test(call)),
    ).toEqual([]);
  });

  it("answers clone3 with ENOSYS, so that C libraries fall back to clone", () => {
    expect(profile.syscalls.filter(({ names }) => names.includes("clone3"))).toEqual([
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
    ]);
  });

  it("logs what it would deny in complain mode", () => {
    const complain = seccompProfile(kind, { complain: true });
    expect(complain.defaultAction).toBe("SCMP_ACT_LOG");
    expect(complain.syscalls).toEqual(profile.syscalls);
  });

  it("is a value of a workload", () => {
    expect(seccompSecurityOpt({ kind: "profile", profile: kind, complain: false })[0]).toMatch(/^seccomp=\{/);
  });
});

it("has recordings that are sorted, each call once", () => {
  for (const calls of Object.values(recordings)) expect(calls).toEqual([...new Set(calls)].sort());
});

describe("the margin", () => {
  it("explains each group and lists it sorted, no call in two", () => {
    const all = MARGIN.flatMap(({ syscalls }) => syscalls);
    expect(new Set(all).size).toBe(all.length);
    for (const { syscalls, why } of MARGIN) {
      expect(syscalls).toEqual([...syscalls].sort());
      expect(why.length).toBeGreaterThan(20);
    }
    for (const row of SAME_WORK) expect(row).toEqual([...row].sort());
  });

  it("adds the calls that do the same work, and only where one was recorded", () => {
    expect(withMargin(["accept"])).toContain("accept4");
    expect(withMargin([])).not.toContain("accept4");
  });
});

describe("a trace", () => {
  const trace = [
    "100  epoll_wait(3, 0x7ffd, 1, -1) = 1",
    "200  openat(AT_FDCWD, ..., O_RDONLY) = 3",
    "200  seccomp(SECCOMP_SET_MODE_FILTER, 0, {len=1, filter=0x1}) = 0",
    "[pid 200] execve(..., ..., 0x1 /* 3 vars */) = 0",
    "200  clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD) = 201",
    "201  write(1, ..., 2) = 2",
    "7  accept4(4,  <unfinished ...>",
    "7  <... accept4 resumed>NULL, NULL, 0) = 5",
    "--- SIGCHLD ---",
  ];

  it("counts what the filter judges: after it was loaded, in what that started, and in what ran before", () => {
    expect(recordingOf(trace, [7])).toEqual({ calls: ["accept4", "clone", "execve", "write"], lines: 5 });
  });

  it("counts from a filter that was loaded, not from one that was only asked for", () => {
    const asked = "5  seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, NULL) = -1 EFAULT (Bad address)";
    const keys = "5  keyctl(KEYCTL_JOIN_SESSION_KEYRING, ...) = 1";
    const loads = "5  seccomp(SECCOMP_SET_MODE_FILTER, 0, 0xc000 <unfinished ...>";
    const loaded = "5  <... seccomp resumed>) = 0";
    expect(recordingOf([asked, keys, loads, loaded, "5  capset(...) = 0"], [])).toEqual({
      calls: ["capset"],
      lines: 1,
    });
  });

  it("does not count the runtime's own work", () => {
    expect(recordingOf(trace.slice(0, 2), [])).toEqual({ calls: [], lines: 0 });
  });

  it("names what a profile denies of it, and what the profile allows without need", () => {
    expect(compare(["accept4", "mbind"], new Set(["accept4", "shmget"]))).toEqual({
      missing: ["mbind"],
      unused: ["shmget"],
    });
  });
});
