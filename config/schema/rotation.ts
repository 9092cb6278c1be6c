import { z } from "zod";
import { DATABASE_ROLES } from "../../hardening/postgres/roles/roles";
import { asDay } from "./dates";
import { matching, name } from "./fields";

/** Any text, or a number; another text is another password. */
const rotationKey = z
  .preprocess(
    asDay,
    matching(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/,
      "1 to 40 letters, digits and . _ -",
      "use the day, such as 2026-11-24",
    ),
  )
  .meta({ type: ["string", "number"] });

/** Passwords turn over when their key here changes. */
export const rotation = z
  .strictObject({
    /** All passwords below at once. */
    everything: rotationKey.optional(),
    roles: z.partialRecord(z.enum(["superuser", ...DATABASE_ROLES]), rotationKey).default({}),
    /** The certificates of Postgres and Redis, with new keys. The stack's authority stays. */
    certificates: rotationKey.optional(),
    /** A service's Redis user. */
    redis: z.record(name, rotationKey).default({}),
  })
  .prefault({});
