/** Where the three containers of the backups find what they share, and what they are told. */

import { SECRETS_PATH } from "../container/workload";

export const BACKUP_PATHS = {
  /** Scripts and SQL, read-only. */
  scripts: "/etc/rampart",
  /** What each container says of its last work; the others read it. */
  state: "/state",
  /** The plain dump, from when it is taken until it is stored. */
  scratch: "/scratch",
  /** The repository, where it is a volume. */
  repository: "/repository",
  /** restic's cache, its temporary files, and a snapshot that is restored for a drill. */
  restored: "/restored",
  /** The drill's throw-away server. */
  drill: "/drill",
  secrets: SECRETS_PATH,
} as const;

/** The names of the containers within the stack, and of their scripts. */
export const BACKUP_CONTAINERS = { dump: "backup", store: "backup-store", drill: "restore-drill" } as const;
export const script = (name: "dump" | "store" | "drill"): string => `${BACKUP_PATHS.scripts}/${name}.sh`;

/** What the dump of one database is called, and its manifest. */
export const dumpFile = (database: string): string => `${database}.dump`;
export const manifestFile = (database: string): string => `${database}.manifest`;
export const GLOBALS_FILE = "globals.sql";
export const INFO_FILE = "info.json";
