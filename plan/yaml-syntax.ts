/**
 * What is wrong with a file that is not YAML, and what to do.
 * The parser's own messages quote the file, so none is shown.
 */
import type { YAMLError } from "yaml";

interface SyntaxFault {
  readonly what: string;
  readonly allowed: string;
  readonly fix: string;
}

const fault = (what: string, allowed: string, fix: string): SyntaxFault => ({ what, allowed, fix });

const INDENTATION = fault(
  "an indentation that does not fit the lines around it",
  "blanks only, as many as the keys beside it have",
  "indent the key like its neighbours, close every quote and bracket, and quote a text that holds a colon",
);
const UNEXPECTED = fault(
  "something that YAML does not allow here",
  "`key: value` on a line, lists in [ ] or with dashes",
  "look for a missing quote, bracket or colon on this line and the one before",
);
const MISSING = fault(
  "a quote, bracket or comma that is missing",
  "each \" ' [ { with its counterpart, and commas between elements",
  "close what is open",
);
const ANCHOR = fault("an anchor or an alias out of place", "`&name` before a value, `*name` instead of one", "move it");
const ESCAPE = fault(
  "a backslash that begins no escape of YAML",
  'in "double quotes" only escapes such as \\n and \\\\',
  "use 'single quotes', where a backslash is a backslash",
);
const KEY = fault(
  "a key that is no single line of text",
  "keys on one line, of at most 1024 characters",
  "shorten the key, and put it on one line",
);
const START = fault(
  "a text that begins with a character that YAML keeps for itself",
  "such a text in quotes",
  "put quotes around the value",
);
const TAG = fault("a YAML tag", "plain values without a tag", "remove the tag (the word that begins with !)");

/** By the parser's codes. */
export const SYNTAX_FAULTS: Readonly<Record<YAMLError["code"], SyntaxFault>> = {
  ALIAS_PROPS: ANCHOR,
  BAD_ALIAS: ANCHOR,
  BAD_COLLECTION_TYPE: TAG,
  BAD_DIRECTIVE: fault("a YAML directive", "a file without lines that begin with %", "remove the line"),
  BAD_DQ_ESCAPE: ESCAPE,
  BAD_INDENT: INDENTATION,
  BAD_PROP_ORDER: ANCHOR,
  BAD_SCALAR_START: START,
  BLOCK_AS_IMPLICIT_KEY: INDENTATION,
  BLOCK_IN_FLOW: UNEXPECTED,
  DUPLICATE_KEY: fault("a key that stands here twice", "each key once", "remove one of the two"),
  IMPOSSIBLE: UNEXPECTED,
  KEY_OVER_1024_CHARS: KEY,
  MISSING_CHAR: MISSING,
  MULTILINE_IMPLICIT_KEY: KEY,
  MULTIPLE_ANCHORS: ANCHOR,
  MULTIPLE_DOCS: fault("a second document", "one document in a file", "remove the line --- and what follows it"),
  MULTIPLE_TAGS: TAG,
  NON_STRING_KEY: KEY,
  RESOURCE_EXHAUSTION: fault(
    "a structure that is deeper than any of a stack's",
    "a structure of at most 16 levels",
    "see docs/configuration.md for its form",
  ),
  TAB_AS_INDENT: fault("a tab as indentation", "blanks only", "replace the tab by blanks"),
  TAG_RESOLVE_FAILED: TAG,
  UNEXPECTED_TOKEN: UNEXPECTED,
};
