/**
 * Where rules come from. A section that is not listed here does not compile: each number was looked up, the Docker
 * benchmark's in docker-bench-security (1.6), the PostgreSQL benchmark's in pgdsat 2.0 (17), NIST's in the publication.
 */

/** Sections of the CIS Docker Benchmark 1.6, and their subjects. */
const CIS_DOCKER = {
  "1.1.1": "separate partition for containers",
  "1.1.2": "users who control the engine",
  "1.1.3": "auditing of the engine",
  "1.1.4": "auditing of /run/containerd",
  "1.1.5": "auditing of /var/lib/docker",
  "1.1.6": "auditing of /etc/docker",
  "1.1.7": "auditing of docker.service",
  "1.1.8": "auditing of containerd.sock",
  "1.1.9": "auditing of docker.socket",
  "1.1.10": "auditing of /etc/default/docker",
  "1.1.11": "auditing of daemon.json",
  "1.1.12": "auditing of containerd's configuration",
  "1.1.13": "auditing of /etc/sysconfig/docker",
  "1.1.14": "auditing of containerd",
  "1.1.15": "auditing of containerd-shim",
  "1.1.16": "auditing of containerd-shim-runc-v1",
  "1.1.17": "auditing of containerd-shim-runc-v2",
  "1.1.18": "auditing of runc",
  "1.2.1": "hardening of the host",
  "1.2.2": "version of Docker",
  "2.1": "engine without root",
  "2.2": "traffic on the default bridge",
  "2.3": "logging level",
  "2.4": "iptables",
  "2.5": "insecure registries",
  "2.6": "storage driver",
  "2.7": "TLS of the engine",
  "2.8": "default ulimits",
  "2.9": "user namespaces of the engine",
  "2.14": "new privileges by default",
  "2.15": "live restore",
  "2.16": "userland proxy",
  "2.17": "seccomp profile of the engine",
  "2.18": "experimental features",
  "3.1": "owner of docker.service",
  "3.2": "mode of docker.service",
  "3.3": "owner of docker.socket",
  "3.4": "mode of docker.socket",
  "3.5": "owner of /etc/docker",
  "3.6": "mode of /etc/docker",
  "3.7": "owner of registries' certificates",
  "3.8": "mode of registries' certificates",
  "3.9": "owner of the engine's CA certificate",
  "3.10": "mode of the engine's CA certificate",
  "3.11": "owner of the engine's certificate",
  "3.12": "mode of the engine's certificate",
  "3.13": "owner of the engine's key",
  "3.14": "mode of the engine's key",
  "3.15": "owner of the Docker socket",
  "3.16": "mode of the Docker socket",
  "3.17": "owner of daemon.json",
  "3.18": "mode of daemon.json",
  "3.19": "owner of /etc/default/docker",
  "3.20": "mode of /etc/default/docker",
  "3.21": "mode of /etc/sysconfig/docker",
  "3.22": "owner of /etc/sysconfig/docker",
  "3.23": "owner of containerd's socket",
  "3.24": "mode of containerd's socket",
  "4.1": "user of the container",
  "4.2": "trusted base images",
  "4.4": "security patches of images",
  "4.6": "health check of the image",
  "5.2": "AppArmor",
  "5.4": "capabilities",
  "5.5": "privileged containers",
  "5.6": "system directories of the host",
  "5.8": "privileged ports",
  "5.9": "open ports",
  "5.10": "network namespace",
  "5.11": "memory",
  "5.12": "CPU",
  "5.13": "read-only root file system",
  "5.14": "address of published ports",
  "5.15": "restarts",
  "5.16": "process namespace",
  "5.17": "IPC namespace",
  "5.18": "devices of the host",
  "5.19": "ulimits",
  "5.21": "UTS namespace",
  "5.22": "seccomp",
  "5.25": "cgroup",
  "5.26": "additional privileges",
  "5.27": "health at run time",
  "5.28": "newest version of the image",
  "5.29": "PIDs limit",
  "5.31": "user namespaces",
  "5.32": "Docker socket",
} as const;

/** Sections of NIST SP 800-190, and the risks that they counter. */
const NIST = {
  "4.1.1": "image vulnerabilities",
  "4.1.2": "image configuration defects",
  "4.1.4": "embedded clear text secrets",
  "4.1.5": "use of untrusted images",
  "4.2.1": "insecure connections to registries",
  "4.2.2": "stale images in registries",
  "4.2.3": "authentication and authorization of registries",
  "4.3.1": "unbounded administrative access",
  "4.3.2": "unauthorized access",
  "4.3.3": "poorly separated inter-container network traffic",
  "4.4.2": "unbounded network access from containers",
  "4.4.3": "insecure container runtime configurations",
  "4.4.4": "app vulnerabilities",
  "4.5.5": "host file system tampering",
} as const;

/** Sections of the CIS PostgreSQL 17 Benchmark, and their subjects. */
const CIS_POSTGRES = {
  "4.3": "administrative privileges",
  "4.4": "accounts that are not in use",
  "4.7": "row level security",
  "5.4": "login over TCP",
  "5.5": "connection limits of accounts",
  "6.8": "TLS",
} as const;

type Baseline = "AMO portal" | "DragDropDeploy" | "Helvetia Cloud" | "kitiumai/docker";

/** A number of the CIS Docker Benchmark. */
export type CisDocker = keyof typeof CIS_DOCKER;

export const cisDocker = (section: CisDocker): string =>
  `CIS Docker Benchmark 1.6, ${section} (${CIS_DOCKER[section]})`;

export const nist = (section: keyof typeof NIST): string => `NIST SP 800-190, ${section} (${NIST[section]})`;

export const cisPostgres = (section: keyof typeof CIS_POSTGRES): string =>
  `CIS PostgreSQL 17 Benchmark, ${section} (${CIS_POSTGRES[section]})`;

/** A line of one of the baselines that Rampart was written against. */
export const baseline = (name: Baseline, line: string): string => `${name}: ${line}`;

/** A page of the documentation, from the repository's root. */
export const page = (path: `docs/${string}.md`): string => path;
