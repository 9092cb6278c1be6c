/** What keeps a container apart from the host and from others, as the CIS Docker Benchmark asks for it. */
import { containerRule, type Rule } from "./rule";
import { baseline, cisDocker, nist, page } from "./sources";
import type { ContainerView } from "./view";

/** CIS 5.6: directories of the host that no container may write to. */
const SYSTEM_DIRECTORIES = ["/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr"];
/** What a Docker client or containerd speaks to. */
export const SOCKET = /docker\.sock$|containerd\.sock$/;

const hostNamespace = (container: ContainerView): string | undefined => {
  const { ipc, pid, network, userns, uts } = container.namespaces;
  const shared = Object.entries({ ipc, pid, network, userns, uts }).filter(
    ([, mode]) => mode === "host" || mode.startsWith("container:"),
  );
  return shared.length === 0
    ? undefined
    : `shares the namespaces ${shared.map(([name, mode]) => `${name} (${mode})`).join(", ")}`;
};

export const ISOLATION_RULES: readonly Rule[] = [
  containerRule({
    id: "cis-4.1",
    severity: "high",
    title: "runs as a user other than root",
    why: "root in a container is root on the host wherever isolation fails",
    source: cisDocker("4.1"),
    alsoIn: [
      nist("4.1.2"),
      baseline("kitiumai/docker", "Run as Non-root User"),
      baseline("Helvetia Cloud", "Use non-root users in containers"),
    ],
    judged: "each container that runs: its user is a number other than 0",
    remedy:
      'Give the container a numeric user of its image: `user: "1000:1000"`. For a socket proxy that runs as root, ' +
      "set `rampart:dockerSocketGroup`.",
    keys: ["services.user", "services.user.root", "dockerSocketGroup"],
    exceptable: false,
    fault: ({ user }) =>
      /^[1-9][0-9]*(:[0-9]+)?$/.test(user)
        ? undefined
        : `runs as ${user === "" ? "the image's user, which may be root" : user}`,
  }),
  {
    id: "cis-5.2",
    severity: "medium",
    title: "runs under an AppArmor profile",
    why: "a second fence behind capabilities and seccomp",
    source: cisDocker("5.2"),
    alsoIn: [
      nist("4.4.3"),
      baseline("DragDropDeploy", "AppArmor profile limiting paths and network"),
      page("docs/confinement.md"),
    ],
    judged:
      "each container that runs: unconfined fails. Only the engine can tell whether it enforces a profile, so a " +
      "plan does not judge the rest; where the engine was asked, one without AppArmor fails in production",
    remedy:
      "Remove `confinement.appArmor: { unconfined: … }`, or load a profile on the host and name it: " +
      "`confinement: { appArmor: rampart-api }`.",
    keys: ["services.confinement.appArmor", "services.confinement.appArmor.unconfined"],
    // The host may have no AppArmor, for which no key has a reason.
    exceptable: true,
    check: ({ containers, engine, environment }) =>
      containers
        .filter((container) => container.runs)
        .map(({ resource, securityOpts }) => {
          const option = securityOpts.find((one) => one.startsWith("apparmor"));
          if (option?.endsWith("unconfined") === true)
            return { status: "fail", resource, message: "AppArmor is unconfined" };
          const profile = option?.slice("apparmor=".length) ?? "docker-default";
          if (engine?.appArmor === true) return { status: "pass", resource, message: `runs under ${profile}` };
          if (engine !== undefined)
            return {
              status: environment === "prod" ? "fail" : "accepted",
              resource,
              // One exception covers the host.
              scope: "stack",
              message:
                `${profile} is declared and not enforced: this engine's kernel has no AppArmor` +
                (environment === "prod" ? "" : `, as this is ${environment}`),
            };
          // Declared is not enforced: an engine on a kernel without AppArmor ignores the option silently.
          return {
            status: "skip",
            resource,
            scope: "stack",
            message:
              `${option ?? "the engine's docker-default"} is declared; whether the engine enforces it, ` +
              "only the engine can tell (docker info, docs/confinement.md)",
          };
        }),
  },
  containerRule({
    id: "cis-5.4",
    severity: "high",
    title: "drops all capabilities, and adds none",
    why: "each capability is a part of root",
    source: cisDocker("5.4"),
    alsoIn: [nist("4.4.3"), baseline("Helvetia Cloud", "Limit container capabilities")],
    judged: "each container that runs: it drops ALL and adds none",
    remedy:
      "Remove the entries under `confinement.capabilities`; a program that listens on 1024 or above, as its own " +
      "user, needs none.",
    keys: [
      "services.confinement.capabilities",
      "services.confinement.capabilities.add",
      "services.confinement.capabilities.reason",
    ],
    exceptable: false,
    fault: ({ capabilitiesAdded, capabilitiesDropped }) => {
      if (!capabilitiesDropped.includes("ALL")) return "does not drop ALL capabilities";
      return capabilitiesAdded.length === 0 ? undefined : `adds ${capabilitiesAdded.join(", ")}`;
    },
  }),
  containerRule({
    id: "cis-5.5",
    severity: "critical",
    title: "is not privileged",
    why: "a privileged container is root on the host",
    source: cisDocker("5.5"),
    alsoIn: [
      nist("4.4.3"),
      baseline("DragDropDeploy", "No privileged containers"),
      baseline("kitiumai/docker", "No Privileged Containers"),
    ],
    judged: "each container that runs",
    remedy:
      "No key makes a container privileged: put the container back with `pulumi up --refresh`. Name the one " +
      "capability that a program needs under `confinement.capabilities`.",
    fault: ({ privileged }) => (privileged ? "is privileged" : undefined),
  }),
  containerRule({
    id: "cis-5.6",
    severity: "critical",
    title: "cannot write to the host's system directories",
    why: "whoever writes there owns the host",
    source: cisDocker("5.6"),
    alsoIn: [nist("4.5.5"), baseline("Helvetia Cloud", "Never Mount Root Directories")],
    judged:
      "each container that runs: no mount of /, /boot, /dev, /etc, /lib, /proc, /sys, /usr, or of what lies in " +
      "them, is writable",
    remedy:
      "No key mounts such a directory: put the container back with `pulumi up --refresh`. Keep data in a named " +
      "volume: `volumes: [{ name: uploads, path: /data }]`.",
    fault: ({ mounts }) => {
      const bad = mounts.find(
        (mount) =>
          mount.host &&
          !mount.readOnly &&
          SYSTEM_DIRECTORIES.some(
            (root) => mount.source === root || (root !== "/" && mount.source.startsWith(`${root}/`)),
          ),
      );
      return bad === undefined ? undefined : `mounts ${bad.source} read-write`;
    },
  }),
  containerRule({
    id: "cis-5.10",
    severity: "critical",
    title: "shares no namespace of the host",
    why: "a shared namespace is a hole in the isolation",
    source: cisDocker("5.10"),
    alsoIn: [cisDocker("5.16"), cisDocker("5.17"), cisDocker("5.21"), cisDocker("5.31"), nist("4.4.3")],
    judged:
      "each container that runs: IPC, PID, network, user and UTS namespace are neither the host's nor another " +
      "container's",
    remedy: "No key shares a namespace: put the container back with `pulumi up --refresh`.",
    fault: hostNamespace,
  }),
  containerRule({
    id: "cis-5.13",
    severity: "medium",
    title: "has a read-only root file system",
    why: "an intruder cannot keep anything",
    source: cisDocker("5.13"),
    alsoIn: [
      nist("4.4.4"),
      baseline("DragDropDeploy", "Read-only FS for frontend, minimal permissions"),
      baseline("kitiumai/docker", "Read-only Root Filesystem"),
    ],
    judged: "each container that runs",
    remedy:
      "Remove `confinement.writableRoot`, and give the program the directories that it writes to: `tmpfs: [{ path: " +
      "/var/cache, sizeMiB: 64 }]`, or a named volume.",
    keys: ["services.confinement.writableRoot", "services.confinement.writableRoot.reason"],
    exceptable: false,
    fault: ({ readOnlyRoot }) => (readOnlyRoot ? undefined : "has a writable root file system"),
  }),
  containerRule({
    id: "cis-5.22",
    severity: "high",
    title: "runs under an enforcing seccomp profile",
    why: "what a program never calls, an intruder cannot call either",
    source: cisDocker("5.22"),
    alsoIn: [
      nist("4.4.3"),
      baseline("DragDropDeploy", "Restricted seccomp profile for frontend and workers; deny `ptrace`"),
      page("docs/confinement.md"),
    ],
    judged: "each container that runs: unconfined and complain mode fail. The engine's own profile passes",
    remedy: "Choose a profile that enforces: `confinement: { seccomp: api }` (or `frontend`, `worker`).",
    keys: [
      "services.confinement.seccomp",
      "services.confinement.seccomp.complain",
      "services.confinement.seccomp.unconfined",
    ],
    exceptable: false,
    fault: ({ securityOpts }) => {
      const option = securityOpts.find((one) => one.startsWith("seccomp"));
      if (option?.endsWith("unconfined") === true) return "seccomp is unconfined";
      return option?.includes('"defaultAction":"SCMP_ACT_LOG"') === true ? "seccomp is in complain mode" : undefined;
    },
  }),
  containerRule({
    id: "cis-5.26",
    severity: "high",
    title: "cannot gain privileges",
    why: "a setuid program in the image stays without effect",
    source: cisDocker("5.26"),
    alsoIn: [nist("4.4.3")],
    judged: "each container that runs: it has no-new-privileges",
    remedy: "No key allows it: put the container back with `pulumi up --refresh`.",
    fault: ({ securityOpts }) =>
      securityOpts.some((one) => /^no-new-privileges(:true)?$/.test(one)) ? undefined : "may gain new privileges",
  }),
  containerRule({
    id: "cis-5.32",
    severity: "critical",
    title: "does not see the Docker socket",
    why: "the socket is root on the host",
    source: cisDocker("5.32"),
    alsoIn: [
      nist("4.3.1"),
      baseline("Helvetia Cloud", "Direct socket access (only proxy can access socket)"),
      page("docs/docker-api.md"),
    ],
    judged: "each container that runs: no mount of docker.sock or containerd.sock",
    remedy:
      "No key mounts the socket: list the requests that the service makes, and a socket proxy lets them through: " +
      '`dockerApi: { allow: ["GET /containers/json"] }`.',
    keys: ["services.dockerApi", "jobs.schedule", "monitoring"],
    fault: ({ mounts }) => {
      const socket = mounts.find((mount) => mount.host && SOCKET.test(mount.source));
      return socket === undefined
        ? undefined
        : `mounts ${socket.source}${socket.readOnly ? " read-only" : " READ-WRITE"}`;
    },
  }),
];
