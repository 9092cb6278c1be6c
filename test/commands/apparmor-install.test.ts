import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appArmorFiles } from "../../hardening/confinement/apparmor";
import { rampart, type Ran } from "./support";

/** Stands in for the host's root; `ssh` runs the script itself on it. */
let host: string;
let bin: string;
const path = process.env["PATH"] ?? "";
const program = (name: string, script: string): void => {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
};
const kernel = (): string => join(host, "sys/kernel/security/apparmor/profiles");
const file = (name: string): string => join(host, "etc/apparmor.d", name);
const install = (...args: readonly string[]): Promise<Ran> =>
  rampart(["apparmor", "install", "--host", "ssh://root@web1", ...args], { PATH: process.env["PATH"] }, host);

beforeEach(() => {
  host = mkdtempSync(join(tmpdir(), "rampart-apparmor-install-"));
  bin = join(host, "bin");
  for (const each of ["bin", "sys/kernel/security/apparmor"]) mkdirSync(join(host, each), { recursive: true });
  writeFileSync(kernel(), "docker-default (enforce)\n");
  program("ssh", `for last; do :; done\neval "$(printf '%s\\n' "$last" | sed '1s| / | ${host} |')"`);
  program("id", "echo 0");
  program("apparmor_parser", `[ "$1" = -r ] || exec cat >/dev/null\necho "\${2##*/} (enforce)" >>${kernel()}`);
  process.env["PATH"] = `${bin}:${path}`;
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(host, { recursive: true, force: true });
});

test("without a yes nothing is written", async () => {
  const { code, stdout, stderr } = await install();
  expect(stdout).toContain("  /etc/apparmor.d/rampart-api       new      not loaded\n");
  expect([code, stderr]).toEqual([1, "Nothing was written. To do it, add --yes.\n"]);
  expect(existsSync(file("rampart-api"))).toBe(false);
});

test("profiles are written, loaded and enforced, and then there is nothing to do", async () => {
  mkdirSync(join(host, "etc/apparmor.d"), { recursive: true });
  writeFileSync(file("rampart-worker"), "old");
  const { code, stdout, stderr } = await install("--yes");
  expect(stdout).toContain("/etc/apparmor.d/rampart-worker    changed  not loaded");
  expect(stderr).toContain("rampart-worker is in enforce mode.");
  expect(code).toBe(0);
  for (const { name, text } of appArmorFiles({ complain: false })) expect(readFileSync(file(name), "utf8")).toBe(text);
  const again = await install();
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("there is nothing to do")]);
});

test.each([
  ["no AppArmor", () => rmSync(kernel()), "the kernel has no AppArmor"],
  ["another user", () => program("id", "echo 1000"), "only root may load AppArmor profiles"],
  ["a parser that refuses", () => program("apparmor_parser", "cat >/dev/null; exit 1"), "refuses rampart-api"],
])("%s: nothing is written", async (_, breaks, message) => {
  breaks();
  const { code, stderr } = await install("--yes");
  expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
  expect(existsSync(file("rampart-api"))).toBe(false);
});
