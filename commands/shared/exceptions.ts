import { NAMESPACE } from "../../config/raw";
import { exceptions, type Exceptions } from "../../config/schema/exceptions";
import type { StackFile } from "../../plan/stack-file";
import { UserError } from "./errors";
import { parseJson } from "./json";

/** `rampart:exceptions` of a stack's file. @param file @default no exceptions @throws UserError where it has a fault */
export function exceptionsOf(file: StackFile | undefined): Exceptions {
  const given = file?.values[`${NAMESPACE}:exceptions`] ?? "";
  const read = exceptions.safeParse(given === "" ? [] : parseJson(given));
  if (read.success) return read.data;
  throw new UserError(`${NAMESPACE}:exceptions of stack ${file?.stack ?? ""} has a fault.`, {
    hint: `\`npx rampart plan ${file?.stack ?? ""}\` says which, and what is allowed.`,
  });
}
