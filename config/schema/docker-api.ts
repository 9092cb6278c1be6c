import { z } from "zod";
import { expandPermissions, permissionFaults, type PermissionRequest } from "../../hardening/docker-api/permissions";
import { toIssue } from "./fields";

export const dockerApi = z
  .strictObject({ allow: z.array(z.string()).default([]), presets: z.array(z.string()).default([]) })
  .superRefine((value, refinement) => {
    const faults = permissionFaults(value);
    for (const { path, given, allowed, fix } of faults) {
      const [list = "allow", index = "0"] = path.replace("]", "").split("[");
      refinement.issues.push(toIssue({ given: JSON.stringify(given), allowed, fix }, given, [list, Number(index)]));
    }
    if (faults.length === 0 && expandPermissions(value as PermissionRequest).length === 0) {
      refinement.issues.push(
        toIssue(
          {
            given: "no permission",
            allowed: "at least one entry under allow or presets",
            fix: "list what the service calls, or remove dockerApi",
          },
          value,
        ),
      );
    }
  })
  // Checked above: from here on they are known names.
  .transform((value) => expandPermissions(value as PermissionRequest));
