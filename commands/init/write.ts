import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import type { KeptSecrets } from "../../config/compose/write";
import { messageOf, UserError } from "../shared/errors";
import { field, text } from "../shared/json";

/** A file to write. */
export interface Target {
  readonly path: string;
  /** As the user knows it. */
  readonly shown: string;
  /** Whether it is the file that every command takes where none is named. */
  readonly standard: boolean;
}

/** What a stack's file begins with: editors find the schema by the first line. */
export const header = (origin: string): string[] => [
  "yaml-language-server: $schema=./schema/rampart.schema.json",
  `${origin} docs/configuration.md lists every key.`,
];

/** @throws UserError where the file is there and may not be overwritten, or cannot be written */
export function writeFile({ path, shown }: Target, content: string, force: boolean): void {
  try {
    writeFileSync(path, content, { flag: force ? "w" : "wx" });
  } catch (error) {
    throw new UserError(`${shown} was not written: ${messageOf(error)}`);
  }
}

const SALTS = ["encryptionsalt", "secretsprovider", "encryptedkey"];

/** The encrypted values of a file that is about to be overwritten, with what opens them. */
export function keptSecrets(path: string): KeptSecrets | undefined {
  if (!existsSync(path)) return undefined;
  let before: unknown;
  try {
    before = parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
  const config = field(before, "config");
  const secure = Object.entries(typeof config === "object" && config !== null ? config : {}).filter(
    ([, value]) => text(field(value, "secure")) !== undefined,
  );
  if (secure.length === 0) return undefined;
  return {
    top: Object.fromEntries(
      SALTS.flatMap((key) => (field(before, key) === undefined ? [] : [[key, field(before, key)]])),
    ),
    config: Object.fromEntries(secure),
  };
}
