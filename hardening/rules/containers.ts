/** Rules over single containers. */
import { ISOLATION_RULES, SOCKET } from "./isolation";
import { OPERATION_RULES } from "./operation";
import { containerRule, type Rule } from "./rule";
import { baseline, cisDocker, nist, page } from "./sources";

/** `cis-5.10` as 510. */
function section({ id }: Rule): number {
  const [chapter = 0, number = 0] = id.slice("cis-".length).split(".").map(Number);
  return chapter * 100 + number;
}

/** The CIS Docker Benchmark's in its order, and what the benchmark does not ask for. */
export const CONTAINER_RULES: readonly Rule[] = [
  ...[...ISOLATION_RULES, ...OPERATION_RULES].sort((a, b) => section(a) - section(b)),
  containerRule({
    id: "rampart-devices",
    severity: "critical",
    title: "has no device of the host",
    why: "a device is a way around every other fence",
    source: cisDocker("5.18"),
    alsoIn: [nist("4.4.3")],
    judged: "each container that runs",
    remedy: "No key gives a container a device: put the container back with `pulumi up --refresh`.",
    fault: ({ devices }) => (devices === 0 ? undefined : `has ${devices} devices of the host`),
  }),
  containerRule({
    id: "rampart-host-mount",
    severity: "high",
    title: "mounts no directory of the host",
    why: "named volumes are the engine's to guard; host paths are not",
    source: nist("4.5.5"),
    alsoIn: [baseline("Helvetia Cloud", "Consider Docker volumes for database services for better isolation")],
    judged: "each container that runs: no mount of a path of the host, the Docker socket aside",
    remedy: "Use a named volume: `volumes: [{ name: uploads, path: /data }]` in place of `hostPath`.",
    keys: ["services.volumes.hostPath", "services.volumes.readOnly", "services.volumes.reason"],
    exceptable: false,
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
    source: nist("4.4.4"),
    alsoIn: [baseline("DragDropDeploy", "Read-only FS for frontend, minimal permissions")],
    judged: "each container that runs: each tmpfs is noexec, nosuid and of a size",
    remedy: "Remove `exec` from the entry of `tmpfs`, and have the program unpack what it runs into its image.",
    keys: ["services.tmpfs.exec", "services.tmpfs.exec.reason"],
    exceptable: false,
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
    source: nist("4.1.4"),
    alsoIn: [
      baseline("DragDropDeploy", "Encourage Docker secrets for production"),
      baseline("AMO portal", "No secrets in Git, Dockerfiles, or committed `.env`"),
      page("docs/decisions/0005-secrets.md"),
    ],
    judged: "each container that runs: no variable holds a secret of the stack",
    remedy: "Have the program read the file that `<NAME>_FILE` names, and remove the name from `secretsInEnvironment`.",
    keys: [
      "services.secretsInEnvironment",
      "services.secretsInEnvironment.names",
      "services.secretsInEnvironment.reason",
    ],
    exceptable: false,
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
    source: baseline("AMO portal", "Retention period `UNKNOWN` days"),
    alsoIn: [baseline("kitiumai/docker", "Logging configured")],
    judged: "each container that runs: its log files have a size and a number",
    remedy:
      "No key turns the rotation off: put the container back with `pulumi up --refresh`. `logging: { maxSizeMiB: " +
      "50, maxFiles: 5 }` sets the size.",
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
    source: page("docs/architecture.md"),
    judged: "each container that runs: at least a second between the stop signal and the kill",
    remedy: "Give the program the time that its requests take: `stopGraceSeconds: 30`.",
    fault: ({ stopGraceSeconds }) => (stopGraceSeconds > 0 ? undefined : "is killed at once"),
  }),
];
