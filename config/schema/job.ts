import { z } from "zod";
import { OVERLAPS } from "../../hardening/jobs/scheduler";
import type { SchemaContext } from "../environment";
import { onceCheck, scheduleCheck } from "../values/schedule";
import { dataUse } from "./data-use";
import { checkedString, toIssue } from "./fields";
import { container } from "./program";

/** A program that ends: on a schedule, or once for each change of it. */
export const job = (context: SchemaContext) =>
  z
    .strictObject({
      ...container(context),
      ...dataUse,
      /** Five fields of cron's in UTC, or one of its names such as @daily. */
      schedule: checkedString(scheduleCheck).optional(),
      /** True: after a change of the job; a text: after a change of the text as well. */
      once: z.union([z.literal(true), checkedString(onceCheck)]).optional(),
      /** After which a run is stopped, and has failed. @default 600 */
      deadlineSeconds: z.int().min(5).max(86_400).default(600),
      /** What happens if the job is due and still runs. @default forbid */
      overlap: z.enum(OVERLAPS).default("forbid"),
    })
    .superRefine(({ schedule, once }, refinement) => {
      if ((schedule === undefined) !== (once === undefined)) return;
      const both = schedule !== undefined;
      refinement.issues.push(
        toIssue(
          {
            given: both ? "schedule and once" : "nothing",
            allowed: "schedule or once: when the job runs",
            fix: both ? "remove one of the two" : 'add schedule: "0 3 * * *" (UTC), or once: true',
          },
          undefined,
          [both ? "once" : "schedule"],
        ),
      );
    });
