import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";

/** A stack's configuration as its file holds it, in the form in which the engine hands it to a program. */
export interface StackFile {
  readonly stack: string;
  readonly project: string;
  /** Full keys, such as `rampart:services`; structures as JSON. */
  readonly values: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
}

/** Stands for a value that is encrypted in the file: long, varied, and nobody's. Its length is all that a check sees. */
const UNREADABLE = "EncryptedInTheStackFileAndNotReadByThePlan7Kq2";

export class StackFileError extends Error {}

/**
 * Reads `Pulumi.<stack>.yaml`, or another file, and the defaults of Pulumi.yaml. Nothing is decrypted.
 * @throws StackFileError when there is no such file, or it is not YAML
 */
export function readStackFile(directory: string, stack: string, configFile?: string): StackFile {
  const path = configFile ?? stackFilePath(directory, stack);
  const project = join(directory, PROJECT_FILE);
  return parseStackFile(stack, {
    project: { name: project, text: readText(project, "run this in a Pulumi project") },
    stack: { name: path, text: readText(path, "create it, or name another with --config-file <path>") },
  });
}

export const PROJECT_FILE = "Pulumi.yaml";

/** Where Pulumi looks for a stack's file. */
export const stackFilePath = (directory: string, stack: string): string =>
  join(directory, `Pulumi.${basename(stack)}.yaml`);

/** A file's text, and its name for messages. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** The same from texts that were read elsewhere. @throws StackFileError where one is not YAML */
export function parseStackFile(
  stack: string,
  files: { readonly project: NamedText; readonly stack: NamedText },
): StackFile {
  const project = parseYaml(files.project);
  const name = typeof project["name"] === "string" ? project["name"] : "rampart";
  const values: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const [key, entry] of [
    ...Object.entries(defaults(project["config"])),
    ...Object.entries(record(parseYaml(files.stack)["config"])),
  ]) {
    if (entry === null || entry === undefined) continue;
    const full = key.includes(":") ? key : `${name}:${key}`;
    if (holdsSecret(entry)) secretKeys.push(full);
    values[full] = isSecure(entry) ? UNREADABLE : typeof entry === "string" ? entry : JSON.stringify(entry);
  }
  return { stack, project: name, values, secretKeys };
}

function readText(path: string, fix: string): string {
  if (!existsSync(path)) throw new StackFileError(`there is no ${path}; ${fix}`);
  return readFileSync(path, "utf8");
}

function parseYaml({ name, text }: NamedText): Record<string, unknown> {
  try {
    return record(parse(text));
  } catch (error) {
    throw new StackFileError(`${name} is not valid YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Pulumi.yaml's `config:` block: a key's default, under `default` or `value`, or the value itself. */
function defaults(block: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record(block)).flatMap(([key, entry]) => {
      const typed = record(entry);
      const value =
        "default" in typed ? typed["default"] : "value" in typed ? typed["value"] : "type" in typed ? undefined : entry;
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
const isSecure = (value: unknown): boolean => typeof record(value)["secure"] === "string";

function holdsSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isSecure(value) || Object.values(value).some(holdsSecret);
}
