/** What a service and a job may reach beside their own container. */
import { z } from "zod";
import { identifierCheck } from "../values/database";
import { checkedString, matching } from "./fields";

const keyPrefix = matching(/^[A-Za-z0-9_:.{}-]{1,64}$/, "letters, digits and _ : . { } -", "choose another prefix");

export const dataUse = {
  data: z.enum(["none", "read-only", "read-write"]).default("none"),
  /** Which of the stack's databases. @default database.name */
  database: checkedString(identifierCheck).optional(),
  /** A Redis user of the service's own. @default false; true means the key prefix `<service>:` */
  cache: z
    .union([
      z.boolean(),
      z.strictObject({
        keyPrefixes: z.array(keyPrefix).min(1),
        /**
         * Beginnings of the keys that hold sessions, each within a prefix: `rampart respond` deletes those keys.
         */
        sessions: z.array(keyPrefix).min(1).optional(),
      }),
    ])
    .default(false),
  /**
   * Whether the service is on `internal` as well, where those without a route are.
   * @default only if it uses data or has no route
   */
  internal: z.boolean().default(false),
  /** Whether the service may open connections to the internet. */
  egress: z.boolean().default(false),
};
