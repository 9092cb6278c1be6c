import { postgresMajor } from "../hardening/postgres/upgrade/upgrade";
import type { ShowPath } from "./cross-checks";
import type { Fault } from "./faults";
import { IMAGE_PINS, parseImage } from "./images";
import type { StackConfig } from "./schema";

/** The image's tag says which major version it is: the data volume and the check before an upgrade go by it. */
export function postgresMajorFaults(config: StackConfig, show: ShowPath): Fault[] {
  const reference = config.images.postgres ?? IMAGE_PINS.postgres;
  const parsed = parseImage(reference);
  // A reference that is not pinned is the schema's own fault.
  if (parsed === undefined) return [];
  const major = postgresMajor(parsed.tag);
  if (major === undefined) {
    return [
      {
        path: show(["images", "postgres"]),
        given: JSON.stringify(parsed.tag),
        allowed: "a tag that begins with PostgreSQL's major version",
        fix: "use a tag such as 16.15-alpine",
      },
    ];
  }
  const index = config.database.previousMajors.indexOf(major);
  return index < 0
    ? []
    : [
        {
          path: show(["database", "previousMajors", index]),
          given: String(major),
          allowed: "majors other than that of images.postgres",
          fix: "remove it",
        },
      ];
}
