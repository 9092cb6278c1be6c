import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appArmorFiles } from "../../hardening/confinement/apparmor";
import { rampart } from "./support";

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "rampart-apparmor-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it("rampart apparmor prints every profile", async () => {
  expect(await rampart(["apparmor"])).toEqual({
    code: 0,
    stdout: appArmorFiles({ complain: false })
      .map(({ text }) => text)
      .join("\n"),
    stderr: "",
  });
});

it("rampart apparmor writes every profile, readable by all whatever the umask", async () => {
  const out = join(directory, "new");
  const umask = process.umask(0o077);
  try {
    expect(await rampart(["apparmor", "--complain", "--out", out])).toEqual({
      code: 0,
      stdout: [
        ...appArmorFiles({ complain: true }).map(({ name }) => `wrote ${join(out, name)}`),
        `Load on the host as root, from the same directory: apparmor_parser -r ${join(out, "rampart-*")}`,
        "",
      ].join("\n"),
      stderr: "",
    });
  } finally {
    process.umask(umask);
  }
  for (const { name, text } of appArmorFiles({ complain: true })) {
    expect(readFileSync(join(out, name), "utf8")).toBe(text);
    expect(statSync(join(out, name)).mode & 0o777).toBe(0o644);
  }
});

it.each([
  [["--wrong"], "Unknown option '--wrong' of rampart apparmor\n"],
  [["api"], "Unexpected argument 'api' of rampart apparmor; allowed: options only\n"],
  [["--out"], "--out: given nothing; allowed: --out DIR\n"],
  [["--out="], "--out: given ''; allowed: a text that is not empty\n"],
])("rampart apparmor refuses %j with exit code 2", async (args, message) => {
  const { code, stdout, stderr } = await rampart(["apparmor", ...args]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr.startsWith(message)).toBe(true);
});

it("rampart apparmor says what went wrong when it cannot write", async () => {
  const { code, stderr } = await rampart(["apparmor", "--out", "/dev/null/profiles"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^The profiles were not written to \/dev\/null\/profiles: ENOTDIR/);
});
