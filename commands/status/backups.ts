/** What the containers of the backups say of their last work, from the volume that they share. */
import { BACKUP_PATHS } from "../../hardening/backup/paths";
import { field, parseJson, text } from "../shared/json";

const FILES = ["store/good", "store/failed", "dump/failed", "drill/result"] as const;

/** Run within the store's container. */
export const RECEIPTS_SCRIPT =
  `cd ${BACKUP_PATHS.state} && for file in ${FILES.join(" ")}; do [ ! -r "$file" ] ` +
  `|| { printf '%s ' "$file"; cat "$file"; }; done`;

export interface BackupFacts {
  /** The newest backup that was stored and checked. */
  readonly last?: { readonly at: string; readonly snapshot: string };
  readonly failed?: { readonly at: string; readonly error: string };
  readonly drill?: { readonly at: string; readonly ok: boolean; readonly error: string };
}

/** @param receipts what the script wrote: a file's name and its JSON, each on a line */
export function backupFacts(receipts: string): BackupFacts {
  const file = (name: (typeof FILES)[number]): unknown =>
    parseJson(
      receipts
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1) ?? "",
    );
  const good = file("store/good");
  const snapshot = text(field(good, "snapshot"));
  const failed = file("store/failed") ?? file("dump/failed");
  const drill = file("drill/result");
  return {
    ...(snapshot === undefined ? {} : { last: { at: text(field(good, "time")) ?? "", snapshot } }),
    ...(failed === undefined
      ? {}
      : { failed: { at: text(field(failed, "time")) ?? "", error: text(field(failed, "error")) ?? "no message" } }),
    ...(drill === undefined
      ? {}
      : {
          drill: {
            at: text(field(drill, "time")) ?? "",
            ok: field(drill, "ok") === true,
            error: text(field(drill, "error")) ?? "",
          },
        }),
  };
}
