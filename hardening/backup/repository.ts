/** Where backups go. */

/** A volume of the stack's own, beside the database it protects. */
export const LOCAL_REPOSITORY = "volume";

export interface RepositoryFault {
  /** What stands in the value's place in a message, where the value may hold a password. */
  readonly given?: string;
  readonly allowed: string;
  readonly fix: string;
}

/** What restic takes as a repository, without a password in it: those are credentials. */
const WEB = /^(?:s3:https:\/\/|rest:https:\/\/)(?:[^\s@:/?#]+@)?[A-Za-z0-9.-]+(?::\d{1,5})?(?:\/[^\s@?#]*)?$/;
const SFTP = /^sftp:(?:\/\/)?[A-Za-z0-9._-]+@[A-Za-z0-9.-]+(?::\d{1,5})?[:/][^\s]*$/;

const LONGEST = 2048;

/** Why a repository may not be used, or undefined if it may. Source: restic, "Preparing a new repository". */
export function repositoryFault(value: string): RepositoryFault | undefined {
  if (value === LOCAL_REPOSITORY) return undefined;
  if (value.length <= LONGEST && (WEB.test(value) || SFTP.test(value))) return undefined;
  return {
    ...(/:[^@]*@/.test(value) ? { given: "a repository with a password in it (hidden)" } : {}),
    allowed:
      "volume, s3:https://<host>/<bucket>, rest:https://<host>/<path> or sftp:<user>@<host>:/<path>, without a " +
      "password",
    fix: "put passwords and keys under credentials",
  };
}

/** The variables that a kind of repository takes, and those of them that it cannot do without. */
interface Credentials {
  readonly allowed: readonly string[];
  readonly required: readonly string[];
}

const CREDENTIALS: Readonly<Record<"volume" | "s3" | "rest" | "sftp", Credentials>> = {
  volume: { allowed: [], required: [] },
  s3: {
    allowed: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "RESTIC_CACERT"],
    required: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
  },
  rest: { allowed: ["RESTIC_REST_USERNAME", "RESTIC_REST_PASSWORD", "RESTIC_CACERT"], required: [] },
  sftp: { allowed: ["SFTP_PRIVATE_KEY", "SFTP_KNOWN_HOSTS"], required: ["SFTP_PRIVATE_KEY", "SFTP_KNOWN_HOSTS"] },
};

/** Variables whose values are names, public keys or in PEM: what is asked of a password does not fit them. */
export const UNJUDGED_CREDENTIALS: readonly string[] = [
  "AWS_ACCESS_KEY_ID",
  "AWS_DEFAULT_REGION",
  "RESTIC_CACERT",
  "RESTIC_REST_USERNAME",
  "SFTP_KNOWN_HOSTS",
  "SFTP_PRIVATE_KEY",
];

/** What the credentials of a repository (one that `repositoryFault` passes) may and have to name. */
export function repositoryCredentials(repository: string): Credentials {
  if (repository.startsWith("s3:")) return CREDENTIALS.s3;
  if (repository.startsWith("rest:")) return CREDENTIALS.rest;
  return repository.startsWith("sftp:") ? CREDENTIALS.sftp : CREDENTIALS.volume;
}
