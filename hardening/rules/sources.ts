/**
 * Where rules come from. A section that is not listed here does not compile: each number was looked up, the Docker
 * benchmark's in docker-bench-security (1.6), the PostgreSQL benchmark's in pgdsat 2.0 (17), NIST's in the publication.
 */

/** Sections of the CIS Docker Benchmark 1.6, and their subjects. */
const CIS_DOCKER = {
  "2.5": "insecure registries",
  "2.7": "TLS of the engine",
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

export const cisDocker = (section: keyof typeof CIS_DOCKER): string =>
  `CIS Docker Benchmark 1.6, ${section} (${CIS_DOCKER[section]})`;

export const nist = (section: keyof typeof NIST): string => `NIST SP 800-190, ${section} (${NIST[section]})`;

export const cisPostgres = (section: keyof typeof CIS_POSTGRES): string =>
  `CIS PostgreSQL 17 Benchmark, ${section} (${CIS_POSTGRES[section]})`;

/** A line of one of the baselines that Rampart was written against. */
export const baseline = (name: Baseline, line: string): string => `${name}: ${line}`;

/** A page of the documentation, from the repository's root. */
export const page = (path: `docs/${string}.md`): string => path;
