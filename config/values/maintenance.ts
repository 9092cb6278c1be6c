/** What visitors of a host in maintenance read. */
import { hasUnseen } from "../text";
import type { Check } from "./check";

const MOST = 300;

/** A message on one line. */
export const messageCheck: Check<string> = (given) => {
  if (given.trim() !== "" && given === given.trim() && given.length <= MOST && !hasUnseen(given)) return undefined;
  return {
    allowed: `plain text on one line, of 1 to ${MOST} characters, without spaces around it`,
    fix: 'write it again, such as "We are back at 18:00 UTC."',
  };
};
