import { z } from "zod";
import { repositoryFault } from "../../hardening/backup/repository";
import type { SchemaContext } from "../environment";
import { checkedString, matching, resources, variableName } from "./fields";
import { secretReference } from "./secret";

const credential = secretReference();

export const backups = (context: SchemaContext) =>
  z
    .union(
      [
        z.literal(false),
        z.strictObject({
          /** UTC, a time of day. */
          at: matching(/^([01]\d|2[0-3]):[0-5]\d$/, "a time of day in UTC, such as 02:30", "write HH:MM").default(
            "02:30",
          ),
          /** Where backups go: `volume`, or a repository as restic writes it: s3:https://…, sftp:…, rest:https://…. */
          repository: checkedString(repositoryFault).default("volume"),
          /**
           * Variables that the repository needs, such as AWS_ACCESS_KEY_ID, RESTIC_REST_PASSWORD or SFTP_PRIVATE_KEY.
           */
          credentials: z.record(variableName, credential).default({}),
          /** The password of the repository. @default generated, and kept in the state */
          password: z.union([z.literal("generated"), credential]).default("generated"),
          keep: z
            .strictObject({
              daily: z.int().min(1).max(3650).default(7),
              weekly: z.int().min(0).max(520).default(4),
              monthly: z.int().min(0).max(120).default(6),
            })
            .prefault({}),
          /**
           * Hours after which the newest good backup is too old, and the container unhealthy:
           * more than a day, as there is one a day.
           */
          maxAgeHours: z.int().min(25).max(8760).default(26),
          /** Days between restore drills; false: none on a schedule. */
          drillEveryDays: z.union([z.literal(false), z.int().min(1).max(90)]).default(7),
          /**
           * Percent of the repository's data that the check after a backup reads, once a day; another part each day.
           * All of it where it is at most 1 GiB.
           */
          readDailyPercent: z.int().min(1).max(100).default(4),
          resources: resources({ memoryMiB: 512, cpus: 0.5, pids: 96 }, { memoryMiB: 128, pids: 32 }),
        }),
      ],
      "false, or { at, repository, credentials, password, keep, maxAgeHours, drillEveryDays, readDailyPercent, " +
        "resources }",
    )
    .prefault(context.environment === "dev" ? false : {});
