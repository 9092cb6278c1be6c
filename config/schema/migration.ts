import { z } from "zod";
import type { SchemaContext } from "../environment";
import { container } from "./program";

export const migration = (context: SchemaContext) =>
  z.strictObject({
    ...container(context),
    /**
     * Whether the version before works with the database as this migration leaves it. @default not known: a rollback
     * is refused
     */
    reversible: z.boolean().optional(),
    /** @default 600 */
    timeoutSeconds: z.int().min(5).max(86_400).default(600),
  });
