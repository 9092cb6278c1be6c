/**
 * How much a container may take and how it runs, as the CIS Docker Benchmark asks for it. An id has the number that its
 * control has in the benchmark; `cis-5.18` has the one of edition 1.2, by which exceptions and reports know it.
 */
import { containerRule, type Rule } from "./rule";
import { baseline, cisDocker, nist } from "./sources";

/** CIS 5.8 counts 1024 in, as its own audit does. */
export const isPrivilegedPort = (port: number): boolean => port <= 1024;

/** Commands that succeed whatever the program does. */
const ALWAYS_PASSES = /^(?:(?:\/usr)?(?:\/bin\/)?true|:|exit 0|echo\b.*)$/;

function healthFault(test: readonly string[]): string | undefined {
  const [kind = "NONE", ...words] = test;
  if (kind === "NONE") return "has no health check";
  const [shell = "", option = "", ...rest] = words;
  const inner = /^(?:\/bin\/)?(?:ba|da)?sh$/.test(shell) && option === "-c" ? rest : words;
  return ALWAYS_PASSES.test(inner.join(" ").trim())
    ? `has a health check that always passes: ${inner.join(" ")}`
    : undefined;
}

export const OPERATION_RULES: readonly Rule[] = [
  containerRule({
    id: "cis-5.8",
    severity: "low",
    title: "publishes no privileged port",
    why: "ports below 1024 belong to the system's own services",
    source: cisDocker("5.8"),
    alsoIn: [nist("4.4.3")],
    judged: "each container that runs: no published port up to 1024",
    remedy:
      "Only the gateway publishes ports. Behind a load balancer, use higher ones: `edge: { httpPort: 8080, " +
      "httpsPort: 8443 }`.",
    keys: ["edge.httpPort", "edge.httpsPort"],
    exceptable: false,
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
    source: cisDocker("5.9"),
    alsoIn: [
      nist("4.4.3"),
      baseline("kitiumai/docker", "No Port Exposure in Production"),
      baseline("AMO portal", "Public: EDGE `443` only"),
    ],
    judged: "each container that runs",
    remedy:
      "Give the service a route instead of a port. Leave plain HTTP out with `edge: { httpPort: false }`, and the " +
      "forwarder with `database: { access: direct }`.",
    keys: ["edge.httpPort", "edge.httpsPort", "database.access", "database.forwarderPort"],
    exceptable: false,
    fault: ({ ports }) =>
      ports.length === 0 ? undefined : `publishes ${ports.map((port) => `${port.ip}:${port.external}`).join(", ")}`,
  }),
  containerRule({
    id: "cis-5.11",
    severity: "medium",
    title: "has a memory limit, and no swap beyond it",
    why: "one leak must not take the host down",
    source: cisDocker("5.11"),
    alsoIn: [
      nist("4.4.3"),
      baseline("kitiumai/docker", "Resource Limits"),
      baseline("Helvetia Cloud", "Set resource limits (CPU, memory)"),
    ],
    judged: "each container that runs: it has a limit, and memory and swap together have the same",
    remedy: "Set the limit: `resources: { memoryMiB: 256 }`. Swap is limited to the same.",
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
    source: cisDocker("5.12"),
    alsoIn: [
      nist("4.4.3"),
      baseline("kitiumai/docker", "Resource Limits"),
      baseline("Helvetia Cloud", "Set resource limits (CPU, memory)"),
    ],
    judged: "each container that runs",
    remedy: "Set the limit: `resources: { cpus: 0.5 }`.",
    fault: ({ cpus }) => (cpus > 0 ? undefined : "has no CPU limit"),
  }),
  containerRule({
    id: "cis-5.14",
    severity: "low",
    title: "publishes on named addresses only",
    why: "a wildcard also publishes on interfaces that are added later",
    source: cisDocker("5.14"),
    judged: "each container that runs: no published port on all addresses of the host",
    remedy: "Name the address that clients come to: `edge: { listenAddress: 203.0.113.7 }`.",
    keys: ["edge.listenAddress"],
    exceptable: false,
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
    source: cisDocker("5.15"),
    judged: "each container that runs: no restart, or at most five after failures",
    remedy: "No key changes the restarts: put the container back with `pulumi up --refresh`.",
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
    source: cisDocker("5.19"),
    judged: "each container that runs: it has limits on nofile and core",
    remedy: "No key changes the ulimits: put the container back with `pulumi up --refresh`.",
    fault: ({ ulimits }) =>
      ulimits.includes("nofile") && ulimits.includes("core") ? undefined : "lacks a limit on nofile or core",
  }),
  containerRule({
    id: "cis-5.25",
    severity: "medium",
    title: "stays in the engine's cgroup",
    why: "another parent may have no limits",
    source: cisDocker("5.25"),
    judged: "each container that runs",
    remedy: "No key names a cgroup: put the container back with `pulumi up --refresh`.",
    fault: ({ namespaces }) =>
      namespaces.cgroupParent === "" ? undefined : `has the cgroup parent ${namespaces.cgroupParent}`,
  }),
  containerRule({
    id: "cis-5.27",
    severity: "low",
    title: "has a health check, or is a job that ends",
    why: "a program that hangs looks alive",
    source: cisDocker("5.27"),
    alsoIn: [cisDocker("4.6"), baseline("kitiumai/docker", "Health checks implemented")],
    judged: "each container that runs, except for jobs: a check that always passes, such as `true`, fails",
    remedy:
      "Give the service a check that fails when the program does: `healthCheck: { http: /healthz }`, or " +
      "`healthCheck: { command: [worker, healthy] }`.",
    keys: ["services.healthCheck.command", "services.healthCheck.http"],
    fault: ({ healthCheck, component }) => (component === "job" ? undefined : healthFault(healthCheck)),
  }),
  containerRule({
    id: "cis-5.29",
    severity: "medium",
    title: "has a PIDs limit",
    why: "a fork bomb ends at its own container",
    source: cisDocker("5.29"),
    alsoIn: [nist("4.4.3")],
    judged: "each container that runs",
    remedy: "Set the limit: `resources: { pids: 128 }`.",
    fault: ({ pids }) => (pids > 0 ? undefined : "has no PIDs limit"),
  }),
];
