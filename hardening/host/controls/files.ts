/** Who owns the engine's files, and who can change them. */
import { cisDocker, type CisDocker } from "../../rules/sources";
import { shellWord } from "../../shell-word";
import { decide, fail, pass, skip, type HostControl, type HostFinding } from "../control";
import type { HostFacts } from "../facts";

interface Expected {
  readonly owner: string;
  /** No bit beyond these. */
  readonly mode: number;
  /** For the socket: any group does, and the evidence names it. @default root */
  readonly anyGroup?: true;
}

function about(facts: HostFacts, path: string, { owner, mode, anyGroup }: Expected): HostFinding | undefined {
  const [who = "", octal = ""] = (facts.value("file", path) ?? "").split(" ");
  if (octal === "") return undefined;
  // A sticky bit opens nothing: a rootless engine's socket has one.
  const bits = Number.parseInt(octal, 8) & ~0o1000;
  const owned = anyGroup === true ? who.split(":")[0] === owner.split(":")[0] : who === owner;
  const most = mode.toString(8);
  const open = (bits & ~mode) !== 0;
  if (owned && !open) return pass(`${who} ${octal}`, path);
  const commands = [
    ...(owned ? [] : [`sudo chown ${owner} ${shellWord(path)}`]),
    ...(open ? [`sudo chmod ${most} ${shellWord(path)}`] : []),
  ];
  return fail(`${who} ${octal}: it has to be ${owner}, and no more open than ${most}`, path, commands.join(" && "));
}

/** What is there of some files; `nothing` where none of them is. */
function each(facts: HostFacts, paths: readonly string[], expected: Expected, nothing: string): HostFinding[] {
  const found = paths.flatMap((path) => about(facts, path, expected) ?? []);
  return found.length > 0 ? found : [pass(nothing)];
}

interface FilesControl {
  readonly id: string;
  readonly severity: HostControl["severity"];
  readonly what: string;
  readonly why: string;
  readonly sections: readonly CisDocker[];
  readonly expected: Expected;
  readonly paths: (facts: HostFacts) => readonly string[];
}

const octal = (mode: number): string => mode.toString(8);

const files = ({ id, severity, what, why, sections, expected, paths }: FilesControl): HostControl => ({
  id,
  severity,
  title: `${what}: only root changes them`,
  why,
  sources: sections.map(cisDocker),
  judged: `each that is there: owner ${expected.owner}, and mode ${octal(expected.mode)} or less`,
  remedy: `sudo chown ${expected.owner} FILE && sudo chmod ${octal(expected.mode)} FILE`,
  looksAt: "host",
  judge: (facts) => each(facts, paths(facts), expected, "there are none"),
});

const CERTIFICATE: Expected = { owner: "root:root", mode: 0o444 };
const certificates = (facts: HostFacts, of: string): string[] =>
  facts
    .all("certificate")
    .filter(({ value }) => value === of)
    .map(({ key }) => key);
/** A private key, of an engine or of a client. */
const isKey = (path: string): boolean => /\.key$|key\.pem$/.test(path);
const socketOf = (facts: HostFacts): string => facts.value("system", "socket") ?? "/var/run/docker.sock";
const rootOf = (facts: HostFacts): string => facts.value("system", "root") ?? "/var/lib/docker";

export const FILE_CONTROLS: readonly HostControl[] = [
  {
    id: "host-docker-socket",
    severity: "high",
    title: "only root and one group reach the Docker socket",
    why: "whoever opens the socket is root on this host",
    sources: [cisDocker("3.15"), cisDocker("3.16")],
    judged: "the engine's socket: owner root, and mode 660 or less; of a rootless engine: its user's",
    remedy: "sudo chown root:docker /var/run/docker.sock && sudo chmod 660 /var/run/docker.sock",
    looksAt: "host",
    judge: (facts) => {
      const socket = socketOf(facts);
      const [owner = ""] = (facts.value("file", socket) ?? "").split(":");
      const expected: Expected = facts.has("rootless")
        ? { owner: `${owner}:`, mode: 0o660, anyGroup: true }
        : { owner: "root:docker", mode: 0o660, anyGroup: true };
      return [about(facts, socket, expected) ?? skip(`${socket} is not seen`)];
    },
  },
  {
    id: "host-docker-group",
    severity: "high",
    title: "nobody but root controls the engine",
    why: "a member of the socket's group is root on this host, without a password and without a trace",
    sources: [cisDocker("1.1.2")],
    judged: "members of the group that owns the socket; each is for a person to decide",
    remedy: "sudo gpasswd -d USER docker",
    looksAt: "host",
    judge: (facts) => {
      const group = facts.all("group")[0];
      if (group === undefined) return [skip("the socket's group is not seen")];
      if (group.key === "root") return [pass("the socket's group is root")];
      const listed = (group.value.split(":")[3] ?? "").split(",").filter((name) => name !== "");
      const members = [...new Set([...listed, ...facts.values("users", group.key)])].filter((name) => name !== "root");
      if (members.length === 0) return [pass(`the group ${group.key} has no members`)];
      return members.map((name) => ({
        ...decide(`as a member of ${group.key}, ${name} is root on this host`, name),
        remedy: `sudo gpasswd -d ${shellWord(name)} ${shellWord(group.key)}`,
      }));
    },
  },
  files({
    id: "host-unit-files",
    severity: "high",
    what: "docker.service and docker.socket",
    why: "who changes them runs a program as root at the next start",
    sections: ["3.1", "3.2", "3.3", "3.4"],
    expected: { owner: "root:root", mode: 0o644 },
    paths: (facts) => facts.values("unit"),
  }),
  files({
    id: "host-docker-directory",
    severity: "high",
    what: "the directory /etc/docker",
    why: "who writes there configures the engine",
    sections: ["3.5", "3.6"],
    expected: { owner: "root:root", mode: 0o755 },
    paths: () => ["/etc/docker"],
  }),
  files({
    id: "host-engine-settings",
    severity: "high",
    what: "daemon.json, /etc/default/docker and /etc/sysconfig/docker",
    why: "who writes them configures the engine",
    sections: ["3.17", "3.18", "3.19", "3.20", "3.21", "3.22"],
    expected: { owner: "root:root", mode: 0o644 },
    paths: () => ["/etc/docker/daemon.json", "/etc/default/docker", "/etc/sysconfig/docker"],
  }),
  files({
    id: "host-registry-certificates",
    severity: "low",
    what: "certificates under /etc/docker/certs.d",
    why: "who changes them decides whose registry the engine believes",
    sections: ["3.7", "3.8"],
    expected: CERTIFICATE,
    paths: (facts) => certificates(facts, "registry"),
  }),
  {
    id: "host-engine-certificates",
    severity: "high",
    title: "the engine's certificates and key: only root changes them, and reads the key",
    why: "who reads the key can pose as the engine; who changes the CA decides who is let in",
    sources: (["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"] as const).map(cisDocker),
    judged: "the files of `tlscacert`, `tlscert` and `tlskey`: root:root, 444 or less, the key 400",
    remedy: "sudo chown root:root FILE && sudo chmod 444 FILE (400 for the key)",
    looksAt: "host",
    judge: (facts) => {
      const found = certificates(facts, "engine").flatMap(
        (path) => about(facts, path, isKey(path) ? { owner: "root:root", mode: 0o400 } : CERTIFICATE) ?? [],
      );
      return found.length > 0 ? found : [pass("the engine has none")];
    },
  },
  files({
    id: "host-containerd-socket",
    severity: "high",
    what: "containerd's socket",
    why: "whoever opens the socket is root on this host",
    sections: ["3.23", "3.24"],
    expected: { owner: "root:root", mode: 0o660 },
    paths: () => ["/run/containerd/containerd.sock", "/run/docker/containerd/containerd.sock"],
  }),
  {
    id: "host-docker-root",
    severity: "high",
    title: "only root enters the engine's directory",
    why: "it holds the files of every container, and the values of every volume",
    sources: [cisDocker("1.2.1")],
    judged: "`docker info`, Docker Root Dir: owner root, or the rootless engine's user, and mode 711 or less",
    remedy: "sudo chmod 710 /var/lib/docker",
    looksAt: "host",
    judge: (facts) => {
      const root = rootOf(facts);
      const [owner = "root"] = (facts.value("file", root) ?? "root").split(":");
      const expected: Expected = { owner: `${facts.has("rootless") ? owner : "root"}:`, mode: 0o711, anyGroup: true };
      return [about(facts, root, expected) ?? skip(`${root} is not seen`)];
    },
  },
];
