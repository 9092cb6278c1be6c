/** Whether a stack can go back across its migrations. */
import { canonicalJson } from "../../../hardening/canonical-json";
import { tree } from "../../../hardening/tree";
import type { Configuration, Update } from "./history";

/** Keys that do not change what a migration does to the database. */
const HARMLESS = ["reversible", "timeoutSeconds", "resources", "confinement"];

const migrationOf = (configuration: Configuration, project: string): Record<string, unknown> =>
  tree(configuration[`${project}:migration`]);

const work = (migration: Record<string, unknown>): string =>
  canonicalJson(Object.fromEntries(Object.entries(migration).filter(([key]) => !HARMLESS.includes(key))));

export interface OneWay {
  /** When the migration was deployed. */
  readonly at: string;
  readonly image: string;
  readonly before: string;
}

export interface MigrationArgs {
  /** All updates, the newest first. */
  readonly updates: readonly Update[];
  /** The index of the one to go back to. */
  readonly target: number;
  /** What the stack's file says now: it may add that a migration is reversible. */
  readonly file: Configuration;
  readonly project: string;
}

/**
 * The newest migration on the way that does not say that the version before works with what it leaves; undefined where
 * there is none. A migration may have run in an update that failed later, so those count.
 */
export function oneWayMigration({ updates, target, file, project }: MigrationArgs): OneWay | undefined {
  const now = migrationOf(file, project);
  for (let index = 0; index < target; index += 1) {
    const [newer, older] = [updates[index], updates[index + 1]];
    if (newer === undefined || older === undefined) continue;
    const [after, before] = [migrationOf(newer.configuration, project), migrationOf(older.configuration, project)];
    if (Object.keys(after).length === 0 || work(after) === work(before)) continue;
    const saysSo = after["reversible"] === true || (work(after) === work(now) && now["reversible"] === true);
    if (!saysSo) return { at: newer.at, image: imageOf(after), before: imageOf(before) };
  }
  return undefined;
}

const imageOf = ({ image }: Record<string, unknown>): string => (typeof image === "string" ? image : "none");
