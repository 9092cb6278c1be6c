/** Why a control is weakened: somebody reads it in the posture, so it has to say something. */
import { hasUnseen } from "../text";
import type { Check } from "./check";

const LEAST = 10;
const MOST = 500;
/** Letters of any script; a reason has a word. */
const LEAST_LETTERS = 6;
const LEAST_DIFFERENT = 4;

/** What stands where a reason should. */
const EMPTY_WORDS = new RegExp(
  [
    String.raw`(?<![\p{L}])(?:todo|fixme|tbd|tba|xxx+|n/?a|none|no|nothing|null|undefined|reasons?|reasoning`,
    "because|why|placeholder|test(?:ing)?|temp(?:orary)?|explain|explanation|here|fill|in|me|later",
    String.raw`asdf\w*|qwert\w*|foo|bar|baz|lorem|ipsum|dolor|bla+h?|some|your|the|a|is|this|it|needed`,
    String.raw`required)(?![\p{L}])`,
  ].join("|"),
  "giu",
);

/** A reason on one line that says something. */
export const reasonCheck: Check<string> = (given) => {
  const text = given.trim();
  const allowed = `a reason of at least ${LEAST} characters on one line; it becomes part of the posture`;
  const fix = "say why this is needed";
  if (text.length < LEAST || given.length > MOST)
    return { allowed: given.length > MOST ? `${allowed}, and at most ${MOST}` : allowed, fix };
  if (hasUnseen(given))
    return {
      allowed: `${allowed}; no control characters, and none that hide or turn text`,
      fix: "write it again as plain text",
    };
  // Letters of words: one that stands by itself says nothing.
  const words = text.replace(EMPTY_WORDS, "").match(/[\p{L}\p{M}]{2,}/gu) ?? [];
  const letters = words.join("").match(/\p{L}/gu) ?? [];
  if (letters.length >= LEAST_LETTERS && new Set(letters).size >= LEAST_DIFFERENT) return undefined;
  return { allowed: `${allowed}, so it has words`, fix };
};
