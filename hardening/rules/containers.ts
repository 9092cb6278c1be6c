import { containerRule, type Rule } from "./rule";
import type { ContainerView } from "./view";

const CIS = (section: string): string => `CIS Docker Benchmark ${section}`;
/** CIS 5.6: directories of the host that no container may write to. */
const SYSTEM_DIRECTORIES = ["/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr"];
const SOCKET = /docker\.sock$|containerd\.sock$/;

const hostNamespace = (container: ContainerView): string | undefined => {
  const { ipc, pid, network, userns, uts } = container.namespaces;
  const shared = Object.entries({ ipc, pid, network, userns, uts }).filter(
    ([, mode]) => mode === "host" || mode.startsWith("container:"),
  );
  return shared.length === 0
    ? undefined
    : `shares the namespaces ${shared.map(([name, mode]) => `${name} (${mode})`).join(", ")}`;
};

/** CIS 5.8 counts 1024 in, as its own audit does. */
export const isPrivilegedPort = (port: number): boolean => port <= 1024;

/** Section 5 of the benchmark, and section 4 as far as a container shows it. */
export const CONTAINER_RULES: readonly Rule[] = [
  containerRule({
    id: "cis-4.1",
    severity: "high",
    title: "runs as a user other than root",
    why: "root in a container is root on the host wherever isolation fails",
    source: CIS("4.1"),
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
    source: CIS("5.2"),
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
              message:
                `${profile} is declared and not enforced: this engine's kernel has no AppArmor` +
                (environment === "prod" ? "" : `, as this is ${environment}`),
            };
          // Declared is not enforced: an engine on a kernel without AppArmor ignores the option silently.
          return {
            status: "skip",
            resource,
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
    source: CIS("5.4"),
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
    source: CIS("5.5"),
    fault: ({ privileged }) => (privileged ? "is privileged" : undefined),
  }),
  containerRule({
    id: "cis-5.6",
    severity: "critical",
    title: "cannot write to the host's system directories",
    why: "whoever writes there owns the host",
    source: CIS("5.6"),
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
    id: "cis-5.8",
    severity: "low",
    title: "publishes no privileged port",
    why: "ports below 1024 belong to the system's own services",
    source: CIS("5.8"),
    fault: ({ ports }) => {
      const privileged = ports.filter((port) => isPrivilegedPort(port.external));
      return privileged.length === 0 ? undefined : `publishes ${privileged.map((port) => port.external).join(", ")}`;
    },
  }),
  containerRule({
    id: "cis-5.9",
    severity: "medium",
    title: "publishes no port",
    why: "what is not published cannot be attacked from outside",
    source: CIS("5.9"),
    fault: ({ ports }) =>
      ports.length === 0 ? undefined : `publishes ${ports.map((port) => `${port.ip}:${port.external}`).join(", ")}`,
  }),
  containerRule({
    id: "cis-5.10",
    severity: "critical",
    title: "shares no namespace of the host",
    why: "a shared namespace is a hole in the isolation",
    source: CIS("5.10, 5.16, 5.17, 5.21, 5.31"),
    fault: hostNamespace,
  }),
  containerRule({
    id: "cis-5.11",
    severity: "medium",
    title: "has a memory limit, and no swap beyond it",
    why: "one leak must not take the host down",
    source: CIS("5.11"),
    fault: ({ memoryMiB, memorySwapMiB }) => {
      if (memoryMiB <= 0) return "has no memory limit";
      return memorySwapMiB === memoryMiB ? undefined : `may swap ${memorySwapMiB - memoryMiB} MiB beyond its memory`;
    },
  }),
  containerRule({
    id: "cis-5.12",
    severity: "medium",
    title: "has a CPU limit",
    why: "one loop must not starve the others",
    source: CIS("5.12"),
    fault: ({ cpus }) => (cpus > 0 ? undefined : "has no CPU limit"),
  }),
  containerRule({
    id: "cis-5.13",
    severity: "medium",
    title: "has a read-only root file system",
    why: "an intruder cannot keep anything",
    source: CIS("5.13"),
    fault: ({ readOnlyRoot }) => (readOnlyRoot ? undefined : "has a writable root file system"),
  }),
  containerRule({
    id: "cis-5.14",
    severity: "low",
    title: "publishes on named addresses only",
    why: "a wildcard also publishes on interfaces that are added later",
    source: CIS("5.14"),
    fault: ({ ports }) =>
      ports.some((port) => ["", "0.0.0.0", "::"].includes(port.ip))
        ? "listens on all addresses of the host"
        : undefined,
  }),
  containerRule({
    id: "cis-5.15",
    severity: "low",
    title: "restarts at most five times after failures",
    why: "a container that cannot start must not spin for ever",
    source: CIS("5.15"),
    fault: ({ restart }) =>
      restart.policy === "no" || (restart.policy === "on-failure" && restart.maxRetries >= 1 && restart.maxRetries <= 5)
        ? undefined
        : `restarts ${restart.policy}, ${restart.maxRetries} times`,
  }),
  containerRule({
    id: "cis-5.18",
    severity: "low",
    title: "has limits on open files and core dumps",
    why: "a bound, and no memory image of secrets on disk",
    source: CIS("5.18"),
    fault: ({ ulimits }) =>
      ulimits.includes("nofile") && ulimits.includes("core") ? undefined : "lacks a limit on nofile or core",
  }),
  containerRule({
    id: "cis-5.22",
    severity: "high",
    title: "runs under an enforcing seccomp profile",
    why: "what a program never calls, an intruder cannot call either",
    source: CIS("5.22"),
    fault: ({ securityOpts }) => {
      const option = securityOpts.find((one) => one.startsWith("seccomp"));
      if (option?.endsWith("unconfined") === true) return "seccomp is unconfined";
      return option?.includes('"defaultAction":"SCMP_ACT_LOG"') === true ? "seccomp is in complain mode" : undefined;
    },
  }),
  containerRule({
    id: "cis-5.25",
    severity: "medium",
    title: "stays in the engine's cgroup",
    why: "another parent may have no limits",
    source: CIS("5.25"),
    fault: ({ namespaces }) =>
      namespaces.cgroupParent === "" ? undefined : `has the cgroup parent ${namespaces.cgroupParent}`,
  }),
  containerRule({
    id: "cis-5.26",
    severity: "high",
    title: "cannot gain privileges",
    why: "a setuid program in the image stays without effect",
    source: CIS("5.26"),
    fault: ({ securityOpts }) =>
      securityOpts.some((one) => /^no-new-privileges(:true)?$/.test(one)) ? undefined : "may gain new privileges",
  }),
  containerRule({
    id: "cis-5.27",
    severity: "low",
    title: "has a health check, or is a job that ends",
    why: "a program that hangs looks alive",
    source: CIS("5.27, 4.6"),
    fault: ({ healthCheck, component }) =>
      component === "job" || (healthCheck.length > 0 && healthCheck[0] !== "NONE") ? undefined : "has no health check",
  }),
  containerRule({
    id: "cis-5.29",
    severity: "medium",
    title: "has a PIDs limit",
    why: "a fork bomb ends at its own container",
    source: CIS("5.29"),
    fault: ({ pids }) => (pids > 0 ? undefined : "has no PIDs limit"),
  }),
  containerRule({
    id: "cis-5.32",
    severity: "critical",
    title: "does not see the Docker socket",
    why: "the socket is root on the host",
    source: CIS("5.32"),
    fault: ({ mounts }) => {
      const socket = mounts.find((mount) => mount.host && SOCKET.test(mount.source));
      return socket === undefined
        ? undefined
        : `mounts ${socket.source}${socket.readOnly ? " read-only" : " READ-WRITE"}`;
    },
  }),
  containerRule({
    id: "rampart-devices",
    severity: "critical",
    title: "has no device of the host",
    why: "a device is a way around every other fence",
    source: CIS("5.18 of older editions"),
    fault: ({ devices }) => (devices === 0 ? undefined : `has ${devices} devices of the host`),
  }),
  containerRule({
    id: "rampart-host-mount",
    severity: "high",
    title: "mounts no directory of the host",
    why: "named volumes are the engine's to guard; host paths are not",
    source: "Helvetia Cloud, Docker Volume Mounts",
    fault: ({ mounts }) => {
      const host = mounts.filter((mount) => mount.host && !SOCKET.test(mount.source));
      return host.length === 0
        ? undefined
        : `mounts ${host.map((mount) => `${mount.source} ${mount.readOnly ? "read-only" : "read-write"}`).join(", ")}`;
    },
  }),
  containerRule({
    id: "rampart-tmpfs-noexec",
    severity: "medium",
    title: "executes nothing from its scratch space, whose size is bounded",
    why: "what is downloaded there cannot be run, and it cannot fill the memory",
    source: "DragDropDeploy, read-only file systems",
    fault: ({ tmpfs }) => {
      const bad = Object.entries(tmpfs).filter(
        ([, options]) =>
          !/(^|,)noexec(,|$)/.test(options) || !/(^|,)nosuid(,|$)/.test(options) || !/(^|,)size=/.test(options),
      );
      return bad.length === 0
        ? undefined
        : `the tmpfs ${bad.map(([path]) => path).join(", ")} is executable, setuid or without a size`;
    },
  }),
  containerRule({
    id: "rampart-secrets-as-files",
    severity: "high",
    title: "reads its secrets from files, not from its environment",
    why: "the environment is shown by docker inspect, crash reports and child processes",
    source: "Docker secrets; DragDropDeploy, Secrets & Config",
    fault: ({ environment }) => {
      const secret = environment.filter((variable) => variable.secret).map((variable) => variable.name);
      return secret.length === 0 ? undefined : `has secrets in its environment: ${secret.join(", ")}`;
    },
  }),
  containerRule({
    id: "rampart-log-rotation",
    severity: "low",
    title: "rotates its logs",
    why: "a chatty container must not fill the disk",
    source: "Docker, json-file logging driver",
    fault: ({ logOptions }) =>
      logOptions["max-size"] !== undefined && logOptions["max-file"] !== undefined
        ? undefined
        : "has logs without a bound",
  }),
  containerRule({
    id: "rampart-stop-grace",
    severity: "low",
    title: "has time to stop",
    why: "SIGKILL at once loses what was under way",
    source: "docs/decisions",
    fault: ({ stopGraceSeconds }) => (stopGraceSeconds > 0 ? undefined : "is killed at once"),
  }),
];
