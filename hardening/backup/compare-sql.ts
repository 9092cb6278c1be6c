/** Compares two manifests (see manifest-sql.ts) inside of psql, so that a container without any other tool can. */
import { fileText, withParts } from "../files";
import { SERVER_KINDS } from "./manifest-sql";

/** Whether the facts of the server (roles, memberships, settings) are compared too. */
export type Scope = "all" | "database";

/** Before the expected manifest's lines. */
export const compareHead = (): string => fileText(__dirname, "compare-head.sql");

/** Between the expected manifest's lines and the found one's. */
export const compareMiddle = (): string => fileText(__dirname, "compare-middle.sql");

const NO_SEQUENCE = "kind !~ '^sequence '";

/** After the found manifest's lines: writes one JSON object a difference, and at last one with the figures. */
export function compareTail(scope: Scope): string {
  const text = fileText(__dirname, "compare-tail.sql");
  if (scope === "all") return text;
  const left = SERVER_KINDS.map((kind) => `'${kind}'`).join(", ");
  return withParts(text, { [NO_SEQUENCE]: `${NO_SEQUENCE} AND kind NOT IN (${left})` });
}
