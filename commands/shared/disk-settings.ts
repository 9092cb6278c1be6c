import { disk, type DiskConfig } from "../../config/schema/disk";
import { NAMESPACE } from "../../config/raw";
import type { StackFile } from "../../plan/stack-file";
import { UserError } from "./errors";
import { parseJson } from "./json";

/** `rampart:disk` of a stack's file. @param file @default the defaults @throws UserError where it has a fault */
export function diskSettings(file: StackFile | undefined): DiskConfig {
  const given = file?.values[`${NAMESPACE}:disk`] ?? "{}";
  const read = disk.safeParse(given === "" ? {} : parseJson(given));
  if (read.success) return read.data;
  throw new UserError(`${NAMESPACE}:disk of stack ${file?.stack ?? ""} has a fault.`, {
    hint: `\`npx rampart plan ${file?.stack ?? ""}\` says which, and what is allowed.`,
  });
}
