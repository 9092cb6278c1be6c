import { z } from "zod";

/** What an update leaves free on the engine's disk, and which images `rampart clean` keeps. */
export const disk = z
  .strictObject({
    /** GiB that have to be free before an image is pulled. 0: nothing is asked. */
    minFreeGiB: z.int().min(0).max(10_000).default(2),
    /** Configurations before the present one whose images stay. */
    keepConfigurations: z.int().min(1).max(50).default(3),
    /** Days for which an image stays after the stack last had it. */
    keepDays: z.int().min(0).max(3650).default(14),
  })
  .prefault({});

export type DiskConfig = z.output<typeof disk>;
