import { z } from "zod";
import { DATABASE_ROLES } from "../../hardening/postgres/roles/roles";
import { asWritten } from "./dates";
import { checkedString, matching, reason } from "./fields";

/** Roles that an elevation may be for: `backup` reads every tenant's rows. */
const elevationRole = z.enum(DATABASE_ROLES).exclude(["backup"]);

/** Whether the time exists: `Date.parse` takes 30 February for 2 March. */
function isDate(text: string): boolean {
  const day = text.slice(0, 10);
  return !Number.isNaN(Date.parse(text)) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

export const elevation = z.strictObject({
  /** The person; the login is elevated_<who>. */
  who: matching(
    /^[a-z][a-z0-9_]{1,30}$/,
    "lower-case letters, digits and _, 2 to 31 characters",
    "use a short name such as anna",
  ),
  /** Whose rights the login has. */
  role: elevationRole,
  /** The end, with a time zone. */
  until: z.preprocess(
    asWritten,
    checkedString((value) =>
      /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(value) && isDate(value)
        ? undefined
        : { allowed: "a time with its zone, such as 2026-11-24T18:00:00Z", fix: "write date, T, time and Z" },
    ),
  ),
  reason,
});
