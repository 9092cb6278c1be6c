import { z } from "zod";
import type { SchemaContext } from "../environment";
import { resources } from "./fields";

export function redis(context: SchemaContext) {
  return z
    .strictObject({
      /** Whether Redis takes only TLS. @default false: in clear on the internal network */
      tls: z.boolean().default(false),
      resources: resources({ memoryMiB: 256, cpus: 0.5, pids: 64 }, { memoryMiB: 32, pids: 8 }),
      protect: z.boolean().default(context.environment !== "dev"),
    })
    .prefault({});
}
