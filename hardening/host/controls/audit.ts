/** Whether the kernel's audit writes down who touches the engine's files. */
import { cisDocker, type CisDocker } from "../../rules/sources";
import { fail, pass, skip, type HostControl, type HostFinding, type Remedy } from "../control";
import type { HostFacts } from "../facts";

/** What is watched, where it is there. */
const WATCHED: readonly (readonly [CisDocker, string])[] = [
  ["1.1.3", "/usr/bin/dockerd"],
  ["1.1.3", "/usr/sbin/dockerd"],
  ["1.1.4", "/run/containerd"],
  ["1.1.6", "/etc/docker"],
  ["1.1.8", "/run/containerd/containerd.sock"],
  ["1.1.10", "/etc/default/docker"],
  ["1.1.11", "/etc/docker/daemon.json"],
  ["1.1.12", "/etc/containerd/config.toml"],
  ["1.1.13", "/etc/sysconfig/docker"],
  ["1.1.14", "/usr/bin/containerd"],
  ["1.1.15", "/usr/bin/containerd-shim"],
  ["1.1.16", "/usr/bin/containerd-shim-runc-v1"],
  ["1.1.17", "/usr/bin/containerd-shim-runc-v2"],
  ["1.1.18", "/usr/bin/runc"],
  ["1.1.18", "/usr/sbin/runc"],
];
const UNITS: readonly (readonly [CisDocker, string])[] = [
  ["1.1.7", "docker.service"],
  ["1.1.9", "docker.socket"],
];
const ROOT: CisDocker = "1.1.5";

const RULES_FILE = "/etc/audit/rules.d/docker.rules";

function watched(facts: HostFacts): (readonly [CisDocker, string])[] {
  const root = facts.value("system", "root") ?? "/var/lib/docker";
  const units = UNITS.flatMap(([section, unit]) =>
    facts.values("unit", unit).map((path): readonly [CisDocker, string] => [section, path]),
  );
  return [...WATCHED, [ROOT, root] as const, ...units].filter(
    ([, path]) => facts.value("file", path) !== undefined || path === root,
  );
}

/** Paths that rules of `auditctl -l` watch: `-w PATH -p rwxa`, and `-F path=PATH`, `-F dir=PATH`. */
const pathsOf = (rules: readonly string[]): ReadonlySet<string> =>
  new Set(
    rules.flatMap((rule) =>
      [...rule.matchAll(/(?:^-w |-F (?:path|dir)=)(\S+)/g)].map(([, path = ""]) => path.replace(/(.)\/$/, "$1")),
    ),
  );

function auditFindings(facts: HostFacts): HostFinding[] {
  const paths = watched(facts);
  const rules = paths.map(([, path]) => `-w ${path} -k docker`).join(String.raw`\n`);
  const load = `printf '${rules}\\n' | sudo tee ${RULES_FILE} && sudo augenrules --load`;
  const remedy: Remedy = {
    debian: `sudo apt-get install auditd && ${load}`,
    fedora: `sudo dnf install audit && ${load}`,
  };
  const hidden = facts.hidden("audit");
  if (hidden === "there is no auditctl")
    return [fail("auditd is not installed: nothing writes down who touches the engine's files", undefined, remedy)];
  if (hidden !== undefined) return [skip(hidden)];
  const found = pathsOf(facts.values("audit", "rule"));
  return paths.map(([section, path]) =>
    found.has(path)
      ? pass(`watched (${section})`, path)
      : fail(
          `no rule watches the file (${section})`,
          path,
          `echo '-w ${path} -k docker' | sudo tee -a ${RULES_FILE} && sudo augenrules --load`,
        ),
  );
}

export const AUDIT_CONTROLS: readonly HostControl[] = [
  {
    id: "host-audit",
    severity: "low",
    title: "the kernel's audit writes down who touches the engine's files",
    why: "after a breach the log says who changed the engine, or used its programs",
    sources: [...new Set([...WATCHED, ...UNITS].map(([section]) => section)), ROOT]
      .sort((a, b) => Number(a.split(".")[2]) - Number(b.split(".")[2]))
      .map(cisDocker),
    judged: "`auditctl -l`: each file that is there has a rule",
    remedy: `echo '-w FILE -k docker' | sudo tee -a ${RULES_FILE} && sudo augenrules --load`,
    looksAt: "host",
    judge: auditFindings,
  },
];
