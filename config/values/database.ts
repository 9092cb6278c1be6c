import { identifier } from "../../hardening/postgres/server/identifiers";
import type { Check } from "./check";

/** A database's or a schema's name. */
export const identifierCheck: Check<string> = (given) => {
  const allowed =
    "a lower-case SQL identifier that PostgreSQL does not reserve: letters, digits and _, at most 63 characters";
  if (/^(?:postgres|template[01]|information_schema)$/.test(given)) return { allowed, fix: "rename it" };
  try {
    identifier("name", given);
    return undefined;
  } catch {
    return { allowed, fix: "rename it" };
  }
};
