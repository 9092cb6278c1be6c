/**
 * The three containers of a stack's backups, as plain data. Each can do one part, and has what that part needs and
 * nothing else.
 */
import { hardenedWorkload } from "../container/hardened-workload";
import type { HealthCheck, Mount, NetworkName, Resources, Workload } from "../container/workload";
import { fileText } from "../files";
import { SERVER_UID, SERVER_USER } from "../postgres/server/user";
import { BACKUP_CONTAINERS, BACKUP_PATHS, script } from "./paths";
import { LOCAL_REPOSITORY } from "./repository";

/** The official Postgres image's own user; its group reads what the store restores, and the store what it dumps. */
export const DUMP_USER = SERVER_USER;
/** `nobody`: ssh wants a user that the image's /etc/passwd knows. */
export const STORE_USER = `65534:${SERVER_UID}`;
/** Of the memory limit, what restic's garbage collector aims at. */
const GO_MEMORY_SHARE = 0.75;

export interface BackupSettings {
  readonly stack: string;
  /** UTC, HH:MM. */
  readonly at: string;
  readonly databases: readonly string[];
  /** `volume`, or a remote repository as restic writes it. */
  readonly repository: string;
  /** Names of the variables that the repository needs. */
  readonly credentials: readonly string[];
  readonly keep: { readonly daily: number; readonly weekly: number; readonly monthly: number };
  readonly maxAgeHours: number;
  readonly drillEveryDays: number | false;
  /** Percent of the repository's data. */
  readonly readDailyPercent: number;
  readonly resources: Resources;
  readonly logging: Workload["logging"];
  readonly images: { readonly postgres: string; readonly restic: string };
}

/** Keys of the volumes that the three mount. */
export const BACKUP_VOLUMES = ["scratch", "state", "restored", "drill", "repository"] as const;
export type BackupVolume = (typeof BACKUP_VOLUMES)[number];

/**
 * The owner, in labels, of the volumes that hold nothing worth keeping; the dot keeps it apart from every name of a
 * user's.
 */
export const BACKUP_WORK_OWNER = "backup.work";

export const isRemote = (repository: string): boolean => repository !== LOCAL_REPOSITORY;
/** Where a credential lies within the container: a file named as the variable is. */
export const credentialFile = (variable: string): string => variable.toLowerCase();

/** What the three containers find under `BACKUP_PATHS.scripts`: each file lies beside this module. */
const SCRIPTS = [
  "common.sh",
  "dump.sh",
  "store.sh",
  "drill.sh",
  "dump.sql",
  "manifest.sql",
  "compare-head.sql",
  "compare-middle.sql",
  "compare-tail.sql",
] as const;

/** The scripts and the SQL, by file name; the same for every stack. */
export const backupScripts = (): Record<string, string> =>
  Object.fromEntries(SCRIPTS.map((name) => [name, fileText(__dirname, name)]));

interface Part {
  readonly part: "dump" | "store" | "drill";
  readonly image: string;
  readonly user: string;
  readonly network?: NetworkName;
  readonly volumes: readonly (readonly [key: string, target: string, access: "read-only" | "read-write"])[];
  readonly environment: Readonly<Record<string, string>>;
  readonly tmpMiB: number;
}

const health = (part: Part["part"]): HealthCheck => ({
  test: ["CMD", "/bin/sh", script(part), "health"],
  intervalSeconds: 10,
  timeoutSeconds: 20,
  startPeriodSeconds: 30,
  retries: 3,
  judgesThePast: true,
});

function workload(settings: BackupSettings, part: Part): Workload {
  const mounts = [
    ["scripts", BACKUP_PATHS.scripts, "read-only"] as const,
    ["state", BACKUP_PATHS.state, "read-write"] as const,
    ...part.volumes,
  ];
  return hardenedWorkload({
    name: BACKUP_CONTAINERS[part.part],
    component: "backup",
    image: part.image,
    entrypoint: ["/bin/sh", script(part.part), "run"],
    environment: {
      RAMPART_STACK: settings.stack,
      RAMPART_AT: settings.at,
      RAMPART_MAX_AGE_HOURS: String(settings.maxAgeHours),
      ...part.environment,
    },
    user: part.user,
    networks: part.network === undefined ? [] : [{ network: part.network }],
    mounts: mounts.map(([volume, target, access]): Mount => ({
      kind: "volume",
      volume,
      target,
      readOnly: access === "read-only",
    })),
    tmpfs: [{ path: "/tmp", sizeMiB: part.tmpMiB }],
    resources: settings.resources,
    healthCheck: health(part.part),
    // Five health checks. A repository that the password does not open stays so, and an update should not wait longer
    // to say it.
    startTimeoutSeconds: 60,
    logging: settings.logging,
    accepted: [],
  });
}

/** Reads the databases, only on the internal network, and knows nothing of the repository. */
export const dumpWorkload = (settings: BackupSettings): Workload =>
  workload(settings, {
    part: "dump",
    image: settings.images.postgres,
    user: DUMP_USER,
    network: "internal",
    volumes: [
      ["dump-secrets", BACKUP_PATHS.secrets, "read-only"],
      ["scratch", BACKUP_PATHS.scratch, "read-write"],
    ],
    environment: { RAMPART_DATABASES: [...settings.databases].sort().join(" ") },
    tmpMiB: 16,
  });

/** Has the repository and its password; on the way out for a remote one, else on no network at all. */
export function storeWorkload(settings: BackupSettings): Workload {
  const remote = isRemote(settings.repository);
  return workload(settings, {
    part: "store",
    image: settings.images.restic,
    user: STORE_USER,
    ...(remote ? { network: "egress" } : {}),
    volumes: [
      ["store-secrets", BACKUP_PATHS.secrets, "read-only"],
      ["scratch", BACKUP_PATHS.scratch, "read-only"],
      ["restored", BACKUP_PATHS.restored, "read-write"],
      ...(remote ? [] : [["repository", BACKUP_PATHS.repository, "read-write"] as const]),
    ],
    environment: {
      GOMEMLIMIT: `${Math.floor(settings.resources.memoryMiB * GO_MEMORY_SHARE)}MiB`,
      RAMPART_CREDENTIALS: [...settings.credentials].sort().join(" "),
      RAMPART_KEEP: `${settings.keep.daily} ${settings.keep.weekly} ${settings.keep.monthly}`,
      RAMPART_READ_PERCENT: String(settings.readDailyPercent),
      RAMPART_REPOSITORY: remote ? settings.repository : BACKUP_PATHS.repository,
    },
    tmpMiB: 16,
  });
}

/** Restores for practice: on no network, without a secret. */
export const drillWorkload = (settings: BackupSettings): Workload =>
  workload(settings, {
    part: "drill",
    image: settings.images.postgres,
    user: DUMP_USER,
    volumes: [
      ["restored", BACKUP_PATHS.restored, "read-only"],
      ["drill", BACKUP_PATHS.drill, "read-write"],
    ],
    environment: {
      RAMPART_DRILL_EVERY_DAYS: String(settings.drillEveryDays === false ? 0 : settings.drillEveryDays),
      RAMPART_MEMORY_MIB: String(settings.resources.memoryMiB),
    },
    tmpMiB: 64,
  });
