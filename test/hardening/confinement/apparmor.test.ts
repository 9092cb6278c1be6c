import { spawnSync } from "node:child_process";
import { APPARMOR_PROFILES, appArmorProfile, appArmorSecurityOpt } from "../../../hardening/confinement/apparmor";
import { describeWith, findProgram } from "../../programs";

const names = Object.keys(APPARMOR_PROFILES) as (keyof typeof APPARMOR_PROFILES)[];
const profileOf = (name: keyof typeof APPARMOR_PROFILES): string =>
  appArmorProfile({ name, kind: APPARMOR_PROFILES[name], complain: false });

describe.each(names)("%s", (name) => {
  const text = profileOf(name);
  const kind = APPARMOR_PROFILES[name];

  it.each([
    "audit deny network alg,",
    "audit deny network packet,",
    "audit deny network inet raw,",
    "audit deny network inet6 raw,",
    "audit deny mount,",
    "audit deny umount,",
    "audit deny pivot_root,",
    "audit deny /proc/* w,",
    "audit deny /proc/sys/** w,",
    "audit deny /sys/** wklx,",
    "audit deny /proc/sysrq-trigger rwklx,",
    "audit deny /{,var/}run/{docker,containerd/containerd,podman/podman}.sock rwklx,",
  ])("has the rule %s", (rule) => {
    expect(text.split("\n")).toContain(`  ${rule}`);
  });

  it("denies tracing", () => {
    expect(text).toContain(kind === "worker" ? "  audit deny ptrace (trace, tracedby),\n" : "  audit deny ptrace,\n");
    expect(text).not.toMatch(/^ {2}ptrace (,|\(.*trace\b)/m);
  });

  it("names itself, its flags and nothing else", () => {
    expect(text).toContain(`\nprofile ${name} flags=(attach_disconnected,mediate_deleted) {\n`);
    expect(text).toContain(`  signal (send, receive) peer=${name},\n`);
    expect(text).not.toContain("#include");
  });

  it("lets the host and the runtimes stop it", () => {
    for (const peer of ["unconfined", "runc", "crun", "snap.docker.dockerd"]) {
      expect(text).toContain(`  signal (receive) peer=${peer},\n`);
    }
  });

  it("lets no capability through that the engine does not give by default", () => {
    const line = /^ {2}capability (.+),$/m.exec(text)?.[1] ?? "";
    const byDefault = [
      "audit_write",
      "chown",
      "dac_override",
      "fowner",
      "fsetid",
      "kill",
      "mknod",
      "net_bind_service",
      "net_raw",
      "setfcap",
      "setgid",
      "setpcap",
      "setuid",
      "sys_chroot",
    ];
    expect(line).not.toBe("");
    expect(line.split(" ").filter((capability) => !byDefault.includes(capability))).toEqual([]);
    expect(text).not.toContain("  capability,");
  });

  it("differs in complain mode by its flag only", () => {
    expect(appArmorProfile({ name, kind, complain: true })).toBe(
      text.replace(
        "flags=(attach_disconnected,mediate_deleted)",
        "flags=(attach_disconnected,mediate_deleted,complain)",
      ),
    );
  });
});

test("only the frontend profile refuses to run what was written", () => {
  const rule = "audit deny /{dev/shm,run,tmp,var/run,var/tmp}/** x,";
  expect(names.filter((name) => profileOf(name).includes(rule))).toEqual(["rampart-frontend"]);
});

test("a profile's name that would not be one word is refused", () => {
  expect(() => appArmorProfile({ name: "a {", kind: "api", complain: false })).toThrow(
    `appArmor: the profile's name is "a {"; allowed are a-z, 0-9 and "-", starting with a letter`,
  );
});

describe("appArmorSecurityOpt", () => {
  it("lets the engine apply docker-default by itself", () => {
    expect(appArmorSecurityOpt({ kind: "default" })).toEqual([]);
  });

  it("names a profile", () => {
    expect(appArmorSecurityOpt({ kind: "profile", profile: "rampart-api" })).toEqual(["apparmor=rampart-api"]);
  });

  it("switches AppArmor off when the stack says so", () => {
    expect(appArmorSecurityOpt({ kind: "unconfined", reason: "a debugger" })).toEqual(["apparmor=unconfined"]);
  });
});

describeWith("apparmor_parser")("apparmor_parser", () => {
  const parser = findProgram("apparmor_parser") ?? "";

  /** Compiles without touching the kernel or a cache. */
  const compile = (text: string): number | null =>
    spawnSync(parser, ["--skip-kernel-load", "--skip-cache"], { input: text, encoding: "utf8" }).status;

  it.each(names)("compiles %s, enforcing and complaining", (name) => {
    expect(compile(profileOf(name))).toBe(0);
    expect(compile(appArmorProfile({ name, kind: APPARMOR_PROFILES[name], complain: true }))).toBe(0);
  });

  it.each([
    ["an unknown rule", "audit deny mount,", "audit deny mountain,"],
    ["an unknown address family", "network alg,", "network algebra,"],
    ["an unknown capability", "capability chown", "capability chowder"],
    ["a missing comma", "audit deny pivot_root,", "audit deny pivot_root"],
  ])("refuses %s, so that the test above can fail", (_what, good, bad) => {
    const text = profileOf("rampart-api");
    expect(text).toContain(good);
    expect(compile(text.replace(good, bad))).not.toBe(0);
  });
});
