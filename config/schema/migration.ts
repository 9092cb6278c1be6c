import { z } from "zod";
import type { SchemaContext } from "../environment";
import { container } from "./program";

export const migration = (context: SchemaContext) =>
  z.strictObject({
    ...container(context),
    /** @default 600 */
    timeoutSeconds: z.int().min(5).max(86_400).default(600),
  });
