/**
 * What a workload is, as plain data: no Pulumi, no Docker types. `render.ts` renders it as a container today;
 * something else may render it as a pod tomorrow.
 */

/** The values of the label `io.rampart.component`. */
export const COMPONENT_KINDS = [
  "edge",
  "gateway",
  "postgres",
  "redis",
  "socket-proxy",
  "service",
  "job",
  "backup",
  "elevation",
  "carrier",
  "forwarder",
  "egress-proxy",
  "monitoring",
  "logging",
  "scheduler",
] as const;
export type ComponentKind = (typeof COMPONENT_KINDS)[number];

/** `uid:gid` of what owns nothing and reads nothing but what everybody may. */
export const NOBODY = "65534:65534";

/** Where a container finds its secrets, a file each. */
export const SECRETS_PATH = "/run/secrets";

/**
 * The fixed networks; a `docker-api-<consumer>` network is added for each consumer of the Docker API, and an
 * `egress-<service>` network for each service with a list of names.
 */
export type NetworkName =
  | "public"
  | "acme"
  | "gateway"
  | "proxy"
  | "internal"
  | "egress"
  | "database-access"
  | "monitoring"
  | "logs"
  | `docker-api-${string}`
  | `egress-${string}`;

export interface NetworkAttachment {
  readonly network: NetworkName;
  /** DNS names of the container on this network. @default none but the container's own name */
  readonly aliases?: readonly string[];
  /** A fixed address inside the network's subnet. @default the engine chooses */
  readonly ipv4Address?: string;
}

export interface PublishedPort {
  /** The host's address to listen on. */
  readonly ip: string;
  readonly external: number;
  readonly internal: number;
}

export type Mount =
  | {
      readonly kind: "volume";
      /** The key by which the renderer finds the volume's name, which may be known only when the program runs. */
      readonly volume: string;
      readonly target: string;
      readonly readOnly: boolean;
    }
  | { readonly kind: "host"; readonly source: string; readonly target: string; readonly readOnly: boolean };

export interface Tmpfs {
  readonly path: string;
  readonly sizeMiB: number;
  /** Octal permissions of the mount point. @default "1777" */
  readonly mode?: string;
  /** Owner of the mount point. @default root */
  readonly uid?: number;
  readonly gid?: number;
  /** Whether programs may be executed from it. @default false */
  readonly exec?: boolean;
}

export interface Resources {
  /** Memory limit in MiB; swap is limited to the same figure, so that there is none. */
  readonly memoryMiB: number;
  /** CPU limit in cores, for example 0.5. */
  readonly cpus: number;
  /** The most processes and threads at a time (cgroup pids.max). */
  readonly pids: number;
}

export interface HealthCheck {
  /** The command in Docker's form: ["CMD", ...] or ["CMD-SHELL", line]. */
  readonly test: readonly string[];
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly startPeriodSeconds: number;
  readonly retries: number;
  /**
   * Whether it may pass on what an earlier container left in a volume, until this one has looked for itself: then
   * only the engine's own rounds count, of which the first is after one interval.
   * @default false
   */
  readonly judgesThePast?: boolean;
}

/** Kinds of program: their profiles deny what such a program never needs. */
export const SECCOMP_KINDS = ["api", "frontend", "worker"] as const;

/** Programs that were recorded at work: their profiles allow what each was seen to call. */
export const RECORDED_KINDS = ["build", "haproxy", "nginx", "node", "postgres", "redis", "restic", "traefik"] as const;

export const SECCOMP_PROFILES = [...SECCOMP_KINDS, ...RECORDED_KINDS] as const;

export type SeccompProfileName = (typeof SECCOMP_PROFILES)[number];

export type SeccompOption =
  /** The engine's own default profile. */
  | { readonly kind: "default" }
  /** One of the profiles that Rampart ships: see seccomp.ts. */
  | { readonly kind: "profile"; readonly profile: SeccompProfileName; readonly complain: boolean }
  | { readonly kind: "unconfined"; readonly reason: string };

export type AppArmorOption =
  /** The engine's own `docker-default`. */
  | { readonly kind: "default" }
  /** A profile that the host has loaded (see docs/confinement.md). */
  | { readonly kind: "profile"; readonly profile: string }
  | { readonly kind: "unconfined"; readonly reason: string };

/**
 * A control that a stack declares it does not hold, and why. It is a label of the container and an `accepted` line of
 * the posture.
 */
export interface AcceptedException {
  /** The rule's id, for example "cis-5.8". */
  readonly rule: string;
  readonly reason: string;
}

export interface Workload {
  /** Logical name, unique within the stack: the value of the label `io.rampart.name`. */
  readonly name: string;
  readonly component: ComponentKind;
  /** `repo:tag@sha256:…` */
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** Plain, never secret, environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** `uid:gid`, both numeric. */
  readonly user: string;
  readonly networks: readonly NetworkAttachment[];
  /** Names and their addresses in /etc/hosts, beside the engine's own. @default none */
  readonly hosts?: readonly { readonly host: string; readonly ip: string }[];
  readonly publishedPorts: readonly PublishedPort[];
  readonly mounts: readonly Mount[];
  readonly tmpfs: readonly Tmpfs[];
  readonly resources: Resources;
  /** MiB of /dev/shm. @default the engine's 64 */
  readonly shmMiB?: number;
  /** Capabilities that the image needs after ALL were dropped, in the form CAP_X. */
  readonly capabilities: readonly string[];
  readonly seccomp: SeccompOption;
  readonly appArmor: AppArmorOption;
  readonly readOnlyRoot: boolean;
  /** @default none: only jobs and carriers may go without */
  readonly healthCheck?: HealthCheck;
  /** "no" for one-shot jobs; everything else restarts at most five times (CIS 5.15). */
  readonly restart: "on-failure" | "no";
  readonly stopSignal?: string;
  /** Seconds between the stop signal and SIGKILL. */
  readonly stopGraceSeconds: number;
  /** Seconds within which the container has to become healthy. */
  readonly startTimeoutSeconds: number;
  readonly logging: { readonly maxSizeMiB: number; readonly maxFiles: number };
  readonly accepted: readonly AcceptedException[];
}
