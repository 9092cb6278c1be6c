import { isAbsolute } from "node:path";
import { identifier } from "../../hardening/postgres/server/identifiers";
import { SNAPSHOT, stackFileFor } from "../shared/common-options";
import { messageOf, usageError, wrongOption, type UserError } from "../shared/errors";
import { anyText, type Input } from "../shared/options";

/** Where a restore goes. */
export type Target =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "database"; readonly name: string }
  | { readonly kind: "live" };

export const OPTIONS = {
  to: {
    value: "TARGET",
    summary: "live, database:NAME or directory:PATH, as above; without it the backups are listed",
    read: (given: string, refusal: (allowed: string) => UserError): Target => {
      const [kind = "", ...rest] = given.split(":");
      const value = rest.join(":");
      if (given === "live") return { kind: "live" };
      if (kind === "directory" && isAbsolute(value)) return { kind, path: value };
      if (kind === "database" && value !== "") return { kind, name: named("--to database", value) };
      throw refusal("live, database:<new name> or directory:<absolute path>");
    },
  },
  confirm: {
    value: "STACK",
    summary: "the stack's name again; without it the command says what it would do, and changes nothing",
    read: anyText,
  },
  snapshot: { ...SNAPSHOT, summary: `${SNAPSHOT.summary} (default: the newest)` },
  database: {
    value: "NAME",
    summary: "one of the backup's databases (default: all of them)",
    read: (given: string): string => named("--database", given),
  },
  "config-file": stackFileFor("for docker:host, tenants and rights"),
} as const;

export type RestoreInput = Input<typeof OPTIONS, "required">;

/** @throws UserError where the target takes one database and none is named */
export function checkTarget({ options: { to, database } }: RestoreInput): void {
  if (to?.kind === "database" && database === undefined)
    throw wrongOption({
      option: "--database",
      allowed: "the database that --to database:<new name> takes",
      fix: "Add --database <name>.",
    });
}

function named(option: string, value: string): string {
  try {
    return identifier(option, value);
  } catch (error) {
    throw usageError(messageOf(error));
  }
}
