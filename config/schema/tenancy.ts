import { z } from "zod";
import { QUALIFIED_NAME, TENANT_VARIABLE } from "../../hardening/postgres/tenancy/tenancy";
import { identifier, matching, reason, unique } from "./fields";

/** Types of a tenant column; the session variable is cast to it. */
export const TENANT_TYPES = ["uuid", "bigint", "integer", "text"] as const;

const objectName = (what: string, example: string) => matching(QUALIFIED_NAME, what, `write it as ${example}`);

/** What tenancy leaves out, which is another matter in each database. */
export const tenancyScope = {
  /** Tables that belong to no tenant. @default every table that has no such column and refers to no table that has */
  sharedTables: unique(objectName("<schema>.<table>", "app.countries"), "table").optional(),
  /** Views and functions that were looked at and may stay as they are. */
  exceptions: z
    .array(z.strictObject({ object: objectName("<schema>.<view, function or table>", "app.totals"), reason }))
    .default([]),
};

export const tenancy = z.strictObject({
  /** The session variable that holds the tenant, set with SET LOCAL in each transaction. */
  variable: matching(
    TENANT_VARIABLE,
    "a name with one dot, such as app.tenant_id",
    "PostgreSQL takes own variables only with a prefix",
  ),
  /** The column that every table of a tenant's has. */
  column: identifier,
  type: z.enum(TENANT_TYPES),
  ...tenancyScope,
});
