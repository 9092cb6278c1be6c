/** Where backups go. */

/** A volume of the stack's own, beside the database it protects. */
export const LOCAL_REPOSITORY = "volume";

export interface RepositoryFault {
  readonly allowed: string;
  readonly fix: string;
}

/** What restic takes as a repository, without a password in it: those are credentials. */
const REMOTE = /^(?:s3:https:\/\/|rest:https:\/\/)(?:[^\s@:/?#]+@)?[A-Za-z0-9.-]+(?::\d{1,5})?(?:\/[^\s@?#]*)?$|^sftp:(?:\/\/)?[A-Za-z0-9._-]+@[A-Za-z0-9.-]+(?::\d{1,5})?[:/][^\s]*$/;

/** Why a repository may not be used, or undefined if it may. Source: restic, "Preparing a new repository". */
export function repositoryFault(value: string): RepositoryFault | undefined {
  if (value === LOCAL_REPOSITORY || REMOTE.test(value)) return undefined;
  return {
    allowed: "volume, s3:https://<host>/<bucket>, rest:https://<host>/<path> or sftp:<user>@<host>:/<path>, without a password",
    fix: "put passwords and keys under credentials",
  };
}
