import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describeWith, findProgram } from "../../programs";
import { main } from "../../../commands/apparmor";
import {
  APPARMOR_PROFILES,
  appArmorFiles,
  appArmorProfile,
  appArmorSecurityOpt,
  parseAppArmorArguments,
} from "../../../hardening/confinement/apparmor";

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

test("frontend refuses to run what was written, api and worker do not", () => {
  const rule = "audit deny /{dev/shm,run,tmp,var/run,var/tmp}/** x,";
  expect(names.filter((name) => profileOf(name).includes(rule))).toEqual(["rampart-frontend"]);
});

test("a name that would not be one word is refused", () => {
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

describe("the command", () => {
  let directory: string;
  let output: string;
  let errors: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "rampart-apparmor-"));
    output = "";
    errors = "";
    jest.spyOn(process.stdout, "write").mockImplementation((chunk) => {
      output += String(chunk);
      return true;
    });
    jest.spyOn(console, "log").mockImplementation((line) => {
      output += `${String(line)}\n`;
    });
    jest.spyOn(console, "error").mockImplementation((line) => {
      errors += `${String(line)}\n`;
    });
  });

  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(directory, { recursive: true, force: true });
  });

  it("prints every profile", () => {
    expect(main([])).toBe(0);
    expect(output).toBe(names.map(profileOf).join("\n"));
  });

  it("writes every profile, readable by all whatever the umask", () => {
    const out = join(directory, "new");
    const umask = process.umask(0o077);
    try {
      expect(main(["--complain", "--out", out])).toBe(0);
    } finally {
      process.umask(umask);
    }
    for (const { name, text } of appArmorFiles({ complain: true })) {
      expect(readFileSync(join(out, name), "utf8")).toBe(text);
      expect(statSync(join(out, name)).mode & 0o777).toBe(0o644);
    }
    expect(output).toContain(`apparmor_parser -r ${join(out, "rampart-*")}`);
  });

  it.each([
    [["--wrong"], "Unknown option '--wrong'"],
    [["api"], "Unexpected argument 'api'"],
    [["--out"], "Option '--out <value>' argument missing"],
    [["--out="], "--out is empty; it needs the directory to write the profiles to"],
  ])("refuses %j in a sentence, with exit code 2", (args, message) => {
    expect(main(args)).toBe(2);
    expect(errors).toContain(message);
    expect(errors).toContain("Usage: npx tsx commands/apparmor.ts [--complain] [--out DIR]");
    expect(output).toBe("");
  });

  it("says what went wrong when it cannot write", () => {
    expect(main(["--out", "/dev/null/profiles"])).toBe(1);
    expect(errors).toContain("The profiles were not written to /dev/null/profiles: ");
  });

  it("reads its arguments", () => {
    expect(parseAppArmorArguments([])).toEqual({ complain: false });
    expect(parseAppArmorArguments(["--complain", "--out", "x"])).toEqual({ complain: true, out: "x" });
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
