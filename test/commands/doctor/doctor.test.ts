import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examinationText, settingsCommand } from "../../../commands/doctor/render";
import { HOST_CONTROLS } from "../../../hardening/host";
import { FakeDocker } from "../../engine/fake-docker";
import { host, judged, type Change, type Host } from "../../hardening/host/support";
import { rampart, type Ran } from "../support";

const docker = new FakeDocker();
const directory = mkdtempSync(join(tmpdir(), "rampart-doctor-"));
/** Programs that come before those of the machine. */
const program = (name: string, script: string): void => {
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
};
const recorded = (name: Host): string => join(__dirname, "../../hardening/host/hosts", `${name}.txt`);
/** What runs on the machine in place of the script. */
const answer = (name: Host): void => program("sh", `cat >/dev/null; cat ${recorded(name)}`);

const said = (name: Host): { readonly info: string; readonly version: string } => {
  const { info, version } = host(name).engine;
  return { info: JSON.stringify(info), version: JSON.stringify(version) };
};
function engineOf(name: Host): void {
  const { info, version } = said(name);
  docker.answer("info", { stdout: info });
  docker.answer("version", { stdout: version });
  docker.answer("network", { stdout: JSON.stringify(host(name).engine.bridge) });
  docker.answer("ps", { stdout: "web\t127.0.0.1:8080->80/tcp\n" });
}

const doctor = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> => {
  process.env["PATH"] = `${directory}:${docker.path}`;
  return rampart(
    ["doctor", ...args],
    { PATH: process.env["PATH"], DOCKER_HOST: "unix:///run/x.sock", ...env },
    directory,
  );
};
const path = process.env["PATH"];
afterEach(() => (process.env["PATH"] = path));
afterAll(() => {
  docker.remove();
  rmSync(directory, { recursive: true, force: true });
});

interface Told {
  readonly checks: readonly { readonly id: string; readonly status: string; readonly remedy?: string }[];
  readonly host: string;
}
const json = ({ stdout }: Ran): Told => JSON.parse(stdout) as Told;

test("this machine is asked by the script itself, and its engine by the Docker CLI", async () => {
  rmSync(join(directory, "sh"), { force: true });
  engineOf("debian12");
  const ran = await doctor(["--json"]);
  const { checks } = json(ran);
  expect(new Set(checks.map(({ id }) => id))).toEqual(new Set(HOST_CONTROLS.map(({ id }) => id)));
  expect(checks.find(({ id }) => id === "host-live-restore")?.status).toBe("fail");
});

test("a machine is asked by ssh, and no question can be answered", async () => {
  engineOf("ubuntu");
  program("ssh", `echo "$@" >> ${join(directory, "calls")}; cat >/dev/null; echo Welcome; cat ${recorded("ubuntu")}`);
  const { code, stdout } = await doctor(["--host", "ssh://admin@web1.example.com:2222"]);
  expect(readFileSync(join(directory, "calls"), "utf8").trim()).toBe(
    "-o BatchMode=yes -o ConnectTimeout=10 -T -p 2222 admin@web1.example.com " +
      "sh -s -- /var/run/docker.sock /var/lib/docker/100000.100000",
  );
  expect(docker.calls.at(-1)).toContain("--host ssh://admin@web1.example.com:2222");
  expect(stdout).toContain("0 fail (0 of high or critical severity)");
  expect(code).toBe(0);
});

test("the exit code is 1 where a control of high or critical severity fails", async () => {
  engineOf("bad");
  answer("bad");
  const [junit, sarif] = [join(directory, "r.xml"), join(directory, "r.sarif")];
  const { code, stdout } = await doctor(["--junit", junit, "--sarif", sarif]);
  expect(code).toBe(1);
  expect(stdout).toContain("FAIL tcp://0.0.0.0:2375: whoever connects is root on this host: no TLS, no login");
  expect(readFileSync(junit, "utf8")).toContain('<testsuites name="rampart doctor">');
  expect(readFileSync(sarif, "utf8")).toContain('"name": "rampart doctor"');
});

test("with --sudo the machine asks an engine that this user may not", async () => {
  docker.answer("info", { stderr: "permission denied", code: 1 });
  program("sudo", `printf '%s\\n' "$*" > ${join(directory, "sudo-calls")}; cat >/dev/null; cat ${recorded("ubuntu")}`);
  const { checks } = json(await doctor(["--sudo", "--json"]));
  expect(readFileSync(join(directory, "sudo-calls"), "utf8").trim()).toBe(
    "-n sh -s -- /run/x.sock /var/lib/docker ask",
  );
  expect(checks.find(({ id }) => id === "host-seccomp")?.status).toBe("pass");
});

test("an engine that this user may not ask is skipped, with what to do", async () => {
  docker.answer("info", { stderr: "permission denied while trying to connect to the Docker daemon", code: 1 });
  program("sh", String.raw`cat >/dev/null; printf 'rampart-host-facts\t1\t\nsystem\tos\tLinux\nend\t\t\n'`);
  const { checks } = json(await doctor(["--json"]));
  expect(checks.find(({ id }) => id === "host-icc")).toMatchObject({
    status: "skip",
    evidence: "the engine does not answer this user: be root or in the group of its socket, or use --sudo",
  });
});

test("a machine that cannot be reached is an error that says what to try", async () => {
  engineOf("ubuntu");
  program("ssh", "echo 'Permission denied (publickey).' >&2; exit 255");
  const { code, stderr } = await doctor(["--host", "ssh://web1"]);
  expect(code).toBe(1);
  expect(stderr).toContain("ssh://web1 could not be asked (exit 255): Permission denied (publickey).");
  expect(stderr).toContain("See whether `ssh -o BatchMode=yes -o ConnectTimeout=10 -T web1 true` works");
});

test.each(["web1", "ssh://-oProxyCommand=x", "ssh://a b", "tcp://web1"])("--host %s is refused", async (given) => {
  const { code, stderr } = await doctor([`--host=${given}`]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("an address such as ssh://admin@server.example.com:22")]);
});

test("an address of an engine that is none of a machine is refused before anything is asked of it", async () => {
  const { code, stderr } = await doctor([], { DOCKER_HOST: "ssh://-oProxyCommand=x" });
  expect([code, stderr]).toEqual([1, expect.stringContaining("ssh://-oProxyCommand=x is no address of a machine")]);
});

test("an engine over TCP does not say where its machine is", async () => {
  engineOf("ubuntu");
  const { checks } = json(await doctor(["--json"], { DOCKER_HOST: "tcp://192.0.2.1:2376" }));
  expect(checks.find(({ id }) => id === "host-ssh-root")).toMatchObject({
    status: "skip",
    evidence: "the engine is reached by tcp: name its machine with --host ssh://user@machine",
  });
});

test("exceptions come from the stack's file, once the stack is named", async () => {
  engineOf("debian12");
  answer("debian12");
  writeFileSync(join(directory, "Pulumi.yaml"), "name: rampart\nruntime: nodejs\n");
  const until = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const exception = { rule: "host-icc", scope: "host", reason: "nothing stands on the default bridge", until };
  writeFileSync(
    join(directory, "Pulumi.prod.yaml"),
    JSON.stringify({ config: { "rampart:exceptions": [exception], "docker:host": "unix:///run/prod.sock" } }),
  );
  const { checks } = json(await doctor(["prod", "--json"]));
  expect(checks.find(({ id }) => id === "host-icc")?.status).toBe("accepted");
  expect(docker.calls.at(-1)).toContain("--host unix:///run/prod.sock");
  const others = json(await doctor(["--json"]));
  expect(others.checks.find(({ id }) => id === "host-icc")?.status).toBe("fail");
  const { code } = await doctor(["staging"]);
  expect(code).toBe(2);
});

const text = (name: Host, change: Change = {}, verbose = false): string => {
  const options = { width: 100, paint: (_: string, words: string) => words, verbose, controls: HOST_CONTROLS };
  const checks = judged(host(name, change));
  const subject = { host: "web1", system: "Ubuntu 24.04.3 LTS", engine: "Docker 28.5.2" };
  return examinationText({ ...subject, checks }, { ...options, file: "/etc/docker/daemon.json" });
};

test("the text has a line for each control, the numbers of CIS, and the command below what fails", () => {
  const lines = text("ubuntu", { info: { LiveRestoreEnabled: false } }).split("\n");
  expect(lines.slice(0, 2)).toEqual(["Host web1 (Ubuntu 24.04.3 LTS), engine Docker 28.5.2", ""]);
  const at = lines.findIndex((line) => line.startsWith("FAIL"));
  expect(lines.slice(at - 1, at + 4)).toMatchInlineSnapshot(`
[
  "pass      host-experimental            the engine has no experimental features on (1), low, CIS 2.18",
  "FAIL      host-live-restore            containers go on while the engine restarts (0 of 1), low, CIS",
  "                                       2.15",
  "          FAIL engine: live-restore is off",
  "            fix: set "live-restore": true in /etc/docker/daemon.json, then: sudo systemctl reload docker",
]
`);
  expect(lines.at(-1)).toMatch(/^52 controls, \d+ checks: \d+ pass, 1 fail \(0 of high or critical severity\)/);
});

test("what daemon.json lacks is one command, which keeps what it has", () => {
  const lines = text("debian12").split("\n");
  const at = lines.indexOf("What /etc/docker/daemon.json lacks, as one command:");
  expect(lines.slice(at + 2, at + 11)).toEqual(
    settingsCommand(
      {
        "live-restore": true,
        "default-ulimits": { nofile: { Hard: 65_536, Name: "nofile", Soft: 1024 } },
        icc: false,
        "log-driver": "json-file",
        "log-opts": { "max-file": "3", "max-size": "10m" },
        "no-new-privileges": true,
        "userland-proxy": false,
      },
      "/etc/docker/daemon.json",
    ),
  );
  expect(settingsCommand({ icc: false }, "/home/anna/.config/docker/daemon.json")[0]).toBe(
    "python3 - <<'END' && systemctl --user restart docker",
  );
  expect(text("ubuntu")).not.toContain("as one command");
  const argument: Change = { add: [["engine-argument", "27617", "--userland-proxy"]] };
  expect(text("debian12", argument)).toContain("fix: change userland-proxy where the engine is started");
  expect(text("debian12", argument)).not.toContain('"userland-proxy":');
});

test("verbose, each thing that holds is told, and the command for what a person decides", () => {
  const change: Change = { without: ["group docker"], add: [["group", "docker", "docker:x:988:anna"]] };
  expect(text("ubuntu", change)).not.toContain("gpasswd");
  expect(text("ubuntu", change, true)).toContain("fix: sudo gpasswd -d anna docker");
  expect(text("ubuntu", change, true)).toContain("pass /etc/docker/daemon.json, /etc/default/docker: root:root 644");
});
