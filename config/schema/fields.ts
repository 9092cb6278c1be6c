/** Single values of the configuration, each refused in words of its own. */
import { z } from "zod";
import type { FaultParams } from "../faults";
import type { Check } from "../values/check";
import { identifierCheck } from "../values/database";
import { containerPathCheck } from "../values/paths";
import { plainTextCheck } from "../values/plain-text";
import { argumentCheck, imageCheck } from "../values/program";
import { reasonCheck } from "../values/reason";
import { secretArgument } from "../values/secret-shapes";

/** An issue that carries the three parts of a fault. */
export const toIssue = (fault: FaultParams, input: unknown, path: PropertyKey[] = []): z.core.$ZodRawIssue => ({
  code: "custom",
  message: fault.allowed,
  input,
  path,
  params: { ...fault },
});

/** Characters of a text, where its key says nothing else: no check looks at a longer one. */
const LONGEST_TEXT = 8192;

/** Of one word of a command line and of one variable, as the kernel has it (MAX_ARG_STRLEN). */
export const LONGEST_ARGUMENT = 131_072;

/** A string that a check refuses with its own words, and whatever the key, one that hides something. */
export const checkedString = (check: Check<string>, longest = LONGEST_TEXT): z.ZodType<string, string> =>
  programString((value) => plainTextCheck(value, check), longest);

/** A string that a program is given as it is: what it may hold is the check's business. */
function programString(check: Check<string>, longest: number): z.ZodType<string, string> {
  return z.string().superRefine((value, context) => {
    const fault =
      value.length > longest
        ? {
            given: `a text of ${value.length} characters`,
            allowed: `at most ${longest} characters`,
            fix: "use a shorter one",
          }
        : check(value);
    if (fault !== undefined) context.issues.push(toIssue(fault, value));
  });
}

/** A string of a form. The JSON schema has the form too, and what an editor says of another one. */
export const matching = (pattern: RegExp, allowed: string, fix: string): z.ZodType<string, string> =>
  checkedString((value) => (pattern.test(value) ? undefined : { allowed, fix })).meta({
    pattern: pattern.source,
    patternErrorMessage: `Allowed: ${allowed}. Fix: ${fix}.`,
  });

/** Why something is weakened: a label of the container and a line of the posture. */
export const reason: z.ZodType<string, string> = checkedString(reasonCheck);

export const image: z.ZodType<string, string> = checkedString(imageCheck);

export const name: z.ZodType<string, string> = matching(
  /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/,
  "lower-case letters, digits and hyphens, starting with a letter, at most 30 characters",
  "rename it",
);

export const variableName: z.ZodType<string, string> = matching(
  /^[A-Z_][A-Z0-9_]{0,127}$/,
  "an environment variable's name in upper case",
  "rename it",
);

/** Some programs read only lower case, such as http_proxy. */
export const plainVariableName: z.ZodType<string, string> = matching(
  /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
  "an environment variable's name",
  "rename it",
);

export const containerPath: z.ZodType<string, string> = checkedString(containerPathCheck);

const words = z.array(programString(argumentCheck, LONGEST_ARGUMENT));

/** The words of a command line, of which none is a secret. @param least Words. @default 0 */
export const commandLine = (least = 0) =>
  words.min(least).superRefine((line, context) => {
    const index = secretArgument(line);
    if (index === undefined) return;
    context.issues.push(
      toIssue(
        {
          given: "an argument with a secret in it (hidden)",
          allowed: "arguments without secrets; they are visible in docker inspect",
          fix: "put it under `secrets` and have the program read <NAME>_FILE",
        },
        line,
        [index],
      ),
    );
  });

/** Limits of a container, with their defaults and the least that makes sense. */
export const resources = (
  defaults: { memoryMiB: number; cpus: number; pids: number },
  minimum = { memoryMiB: 16, pids: 4 },
) =>
  z
    .strictObject({
      /** MiB; swap is limited to the same. */
      memoryMiB: z.int().min(minimum.memoryMiB).max(1_048_576).default(defaults.memoryMiB),
      /** Cores. */
      cpus: z
        .number()
        .min(0.05)
        .max(512)
        .refine((value) => Number(value.toFixed(2)) === value, {
          params: { allowed: "at most two decimals; the engine would read back another figure", fix: "round it" },
        })
        .default(defaults.cpus),
      /** Processes and threads at a time. */
      pids: z.int().min(minimum.pids).max(32_768).default(defaults.pids),
    })
    .prefault({});

export const port = z.int().min(1).max(65535);

export const identifier = checkedString(identifierCheck);

export const unique = <T extends z.ZodType<string, string>>(item: T, what: string) =>
  z.array(item).refine((values) => new Set(values).size === values.length, {
    params: { given: `${what} twice`, allowed: `each ${what} once`, fix: "remove one" },
  });

/** The flat key of a secret: `rampart:<key>`. */
export const configKey: z.ZodType<string, string> = matching(
  /^[A-Za-z][A-Za-z0-9_-]{0,99}$/,
  "a configuration key without a namespace",
  "use the flat key given to `pulumi config set --secret`",
);
