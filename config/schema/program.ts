/** What a service and the migration have in common. */
import { z } from "zod";
import type { SchemaContext } from "../environment";
import { hostPathCheck, isLogPath } from "../values/paths";
import { environmentCheck, userCheck } from "../values/program";
import { minimumLength } from "../values/secret-shapes";
import { confinement } from "./confinement";
import {
  checkedString,
  commandLine,
  configKey,
  containerPath,
  image,
  name,
  plainVariableName,
  reason,
  resources,
  toIssue,
  variableName,
} from "./fields";
import { secretSource } from "./secret-source";

const tmpfs = z.strictObject({
  path: containerPath,
  sizeMiB: z.int().min(1).max(16_384),
  exec: z.strictObject({ reason }).optional(),
});

/** Scratch space of a container that says nothing of it; the very object, so that a check can tell. */
export const DEFAULT_TMPFS: z.output<typeof tmpfs> = { path: "/tmp", sizeMiB: 64 };

const volume = z.union(
  [
    z.strictObject({ name, path: containerPath, readOnly: z.boolean().default(false) }),
    z
      .strictObject({
        hostPath: checkedString(hostPathCheck),
        path: containerPath,
        readOnly: z.boolean().default(true),
        reason,
      })
      .superRefine((value, refinement) => {
        if (value.readOnly || !isLogPath(value.hostPath)) return;
        refinement.issues.push(
          toIssue(
            {
              given: "false, for the host's logs",
              allowed: "true: whoever writes to the host's logs can remove what they did",
              fix: "remove readOnly: false",
            },
            value,
            ["readOnly"],
          ),
        );
      }),
  ],
  "{ name, path, readOnly } for a named volume, or { hostPath, path, reason } for a directory of the host's own",
);

const user = z.union(
  [checkedString(userCheck), z.strictObject({ root: reason })],
  "uid:gid, both numeric and neither 0, as text; or { root: <reason> }",
);

/** Where a secret comes from; that a key holds a good one is the business of checks/secrets.ts. */
const secretSpec = z.union(
  [
    z.literal("generated"),
    z.strictObject({ generated: z.int().min(16).max(256) }),
    z.strictObject({ config: configKey }),
    z.strictObject({ from: secretSource }),
  ],
  "generated, { generated: <length> }, { config: <key> } or { from: { … } }; never the value itself",
);

const secrets = z.record(variableName, secretSpec).superRefine((specs, refinement) => {
  for (const [key, value] of Object.entries(specs)) {
    const minimum = minimumLength(key);
    // Shorter than any secret is told already.
    if (typeof value !== "object" || !("generated" in value) || value.generated >= minimum || value.generated < 16)
      continue;
    refinement.issues.push(
      toIssue(
        {
          given: `${value.generated} characters`,
          allowed: `at least ${minimum} characters`,
          fix: `write ${key}: generated`,
        },
        value,
        [key],
      ),
    );
  }
});

export const environmentVariables = (context: SchemaContext) =>
  z
    .record(plainVariableName, z.union([z.string(), z.number(), z.boolean()]).transform(String))
    .superRefine((variables, refinement) => {
      for (const [key, value] of Object.entries(variables)) {
        const fault = environmentCheck(key, value, context.environment);
        if (fault !== undefined) refinement.issues.push(toIssue(fault, value, [key]));
      }
    });

export const container = (context: SchemaContext) => ({
  image,
  entrypoint: commandLine(1).optional(),
  command: commandLine().optional(),
  user: user.default("1000:1000"),
  resources: resources({ memoryMiB: 256, cpus: 0.5, pids: 128 }),
  secrets: secrets.default({}),
  /**
   * Names of secrets, DATABASE_URL or REDIS_URL that the program can only read from its environment.
   * They show in docker inspect.
   */
  secretsInEnvironment: z.strictObject({ names: z.array(variableName).min(1), reason }).optional(),
  environment: environmentVariables(context).default({}),
  volumes: z.array(volume).default([]),
  /** @default /tmp of 64 MiB */
  tmpfs: z.array(tmpfs).default([DEFAULT_TMPFS]),
  confinement,
  stopGraceSeconds: z.int().min(1).max(600).default(10),
});
