/** What no text of the configuration may hold, whatever its key: all of them are shown to people. */
import type { FaultParams } from "../faults";
import { hasUnseen } from "../text";
import type { Check } from "./check";
import { hasCredentials, tellsCredentials } from "./secret-shapes";

const HIDDEN = "a value with credentials in it (hidden)";

/** The end of a line, as certificates have them. */
const LINE_ENDS = /\r?\n/g;

/** The faults of a check; none of them shows a credential, and a text that the check takes holds none. */
export function plainTextCheck(value: string, check: Check<string>): FaultParams | undefined {
  const fault = check(value);
  if (hasCredentials(value) && (fault !== undefined || tellsCredentials(value))) {
    if (fault === undefined)
      return {
        given: HIDDEN,
        allowed: "text without credentials: the stack's file, labels and plans show it",
        fix: "remove the secret, and change it: it has been in a file that is shared",
      };
    return fault.given?.includes("(hidden)") === true ? fault : { ...fault, given: HIDDEN };
  }
  if (fault !== undefined || !hasUnseen(value.replace(LINE_ENDS, ""))) return fault;
  return {
    allowed: "text without control characters, and without characters that hide or turn text",
    fix: "write it again as plain text",
  };
}
