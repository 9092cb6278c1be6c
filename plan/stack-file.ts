import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { countOf, faultList, keyName, type Fault } from "../config/faults";
import { NAMESPACE, UNREAD_SECRET } from "../config/raw";
import { isStackKey } from "../config/schema";
import { printable } from "../config/text";
import { filePath, readYaml } from "./stack-yaml";
import { isTree, tree } from "../hardening/tree";

/** A stack's configuration as its file holds it, in the form in which the engine hands it to a program. */
export interface StackFile {
  readonly stack: string;
  readonly project: string;
  /** Full keys, such as `rampart:services`; structures as JSON. */
  readonly values: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
}

/** There is no such file, or nobody can read it. */
export class StackFileError extends Error {
  constructor(
    message: string,
    /** What is wrong inside of the file. */
    readonly faults: readonly Fault[] = [],
  ) {
    super(message);
  }
}

const faulty = (path: string, faults: readonly Fault[], syntax = false): StackFileError => {
  const heading = syntax ? `${path} is not valid YAML: ${countOf(faults)}` : `${countOf(faults)} in ${path}`;
  return new StackFileError(faultList(heading, faults), faults);
};

/**
 * Reads `Pulumi.<stack>.yaml`, or another file, and the defaults of Pulumi.yaml. Nothing is decrypted.
 * @throws StackFileError when there is no such file, it is not YAML, or Pulumi would read it in another way
 */
export function readStackFile(directory: string, stack: string, configFile?: string): StackFile {
  const path = configFile ?? stackFilePath(directory, stack);
  const project = join(directory, PROJECT_FILE);
  return parseStackFile(stack, {
    project: { name: project, text: readBytes(project, "run this in a Pulumi project") },
    stack: { name: path, text: readBytes(path, "create it, or name another with --config-file <path>") },
  });
}

export const PROJECT_FILE = "Pulumi.yaml";

/** Where Pulumi looks for a stack's file. */
export const stackFilePath = (directory: string, stack: string): string =>
  join(directory, `Pulumi.${basename(stack)}.yaml`);

/** A file's text, as text or as its bytes, and its name for messages. */
export interface NamedText {
  readonly name: string;
  readonly text: string | Uint8Array;
}

/** The same from texts that were read elsewhere. @throws StackFileError as `readStackFile` does */
export function parseStackFile(
  stack: string,
  files: { readonly project: NamedText; readonly stack: NamedText },
): StackFile {
  const project = tree(parseYaml(files.project));
  const name = typeof project["name"] === "string" ? project["name"] : "rampart";
  const own = ownConfiguration(parseYaml(files.stack), name, files.stack.name);
  const values: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const [key, entry] of [...Object.entries(defaults(project["config"])), ...Object.entries(own)]) {
    const full = fullKey(key, name);
    if (holdsSecret(entry)) secretKeys.push(full);
    // As Pulumi hands on a key without a value.
    values[full] = isSecure(entry) ? UNREAD_SECRET : textOf(entry ?? "");
  }
  return { stack, project: name, values, secretKeys };
}

const textOf = (entry: unknown): string => (typeof entry === "string" ? entry : JSON.stringify(entry));

const fullKey = (key: string, project: string): string => (key.includes(":") ? key : `${project}:${key}`);

/** What stands under `config`, if all of the file is as Pulumi reads it. @throws StackFileError */
function ownConfiguration(file: unknown, project: string, path: string): Record<string, unknown> {
  const faults = [
    ...shapeFaults(file),
    ...misplacedFaults(tree(file)),
    ...keyFaults(tree(tree(file)["config"]), project),
  ];
  if (faults.length > 0) throw faulty(path, faults);
  return tree(tree(file)["config"]);
}

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? "a list" : value === null ? "nothing" : `a ${typeof value}`;

function shapeFaults(file: unknown): Fault[] {
  const fix = "write `config:`, and below it `rampart:services:` and the other keys of docs/configuration.md";
  // An empty file, and one that holds only a salt, are configurations without a key.
  if (file === null || file === undefined) return [];
  if (!isTree(file))
    return [
      {
        path: "config",
        given: `a file that is ${kindOf(file)}`,
        allowed: "the key `config` with the stack's keys",
        fix,
      },
    ];
  const { config } = tree(file);
  if (config === undefined || config === null || isTree(config)) return [];
  return [{ path: "config", given: kindOf(config), allowed: "keys such as rampart:services with their values", fix }];
}

/** Keys that stand beside `config` instead of below it: Pulumi ignores them. */
function misplacedFaults(file: Record<string, unknown>): Fault[] {
  return Object.keys(file)
    .filter((key) => key.startsWith(`${NAMESPACE}:`) || (isStackKey(key) && key !== "environment"))
    .map((key) => ({
      path: filePath([key]),
      given: "a key beside `config`, which nothing reads",
      allowed: "the stack's keys below `config`",
      fix:
        "indent it, so that it stands below config: as " +
        (key.startsWith(NAMESPACE) ? keyName(key.slice(NAMESPACE.length + 1)) : `${NAMESPACE}:${keyName(key)}`),
    }));
}

/** A key in both of its spellings, of which Pulumi takes one; and keys that Pulumi cannot read. */
function keyFaults(config: Record<string, unknown>, project: string): Fault[] {
  const keys = Object.keys(config);
  return keys.flatMap((key): Fault[] => {
    if (key.split(":").length > 2)
      return [
        {
          path: filePath(["config", key]),
          given: "a key with more than one colon",
          allowed: "<namespace>:<key>",
          fix:
            `write it as ${keyName(key.split(":")[0] ?? "")}:${keyName(key.split(":")[1] ?? "")}: ` +
            `{ ${keyName(key.split(":")[2] ?? "")}: … }`,
        },
      ];
    const own = key.replace(`${NAMESPACE}:`, "");
    if ((config[key] === null || config[key] === undefined) && isStackKey(own))
      return [
        {
          path: filePath(["config", key]),
          given: "a key without a value",
          allowed: "a value of the key's own form (docs/configuration.md)",
          fix: "give it a value, or remove the key",
        },
      ];
    if (key.includes(":") || !keys.includes(`${project}:${key}`)) return [];
    return [
      {
        path: filePath(["config", `${project}:${key}`]),
        given: `the key twice, as ${keyName(key)} and as ${project}:${keyName(key)}`,
        allowed: "each key once",
        fix: `remove one of the two: Pulumi reads ${project}:${keyName(key)} only`,
      },
    ];
  });
}

/** @throws StackFileError */
function readBytes(path: string, fix: string): Uint8Array {
  if (!existsSync(path)) throw new StackFileError(`there is no ${printable(path)}; ${fix}`);
  if (!statSync(path).isFile())
    throw faulty(path, [{ path: "config", given: "something that is no file", allowed: "a file", fix }]);
  return readFileSync(path);
}

/** @throws StackFileError */
function parseYaml({ name, text }: NamedText): unknown {
  const result = readYaml(typeof text === "string" ? Buffer.from(text) : text);
  if (result.kind === "value") return result.value;
  throw faulty(name, [result.fault], result.syntax);
}

/** Pulumi.yaml's `config:` block: a key's default, under `default` or `value`, or the value itself. */
function defaults(block: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(tree(block)).flatMap(([key, entry]) => {
      const typed = tree(entry);
      const value =
        "default" in typed ? typed["default"] : "value" in typed ? typed["value"] : "type" in typed ? undefined : entry;
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

const isSecure = (value: unknown): boolean => typeof tree(value)["secure"] === "string";

function holdsSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isSecure(value) || Object.values(value).some(holdsSecret);
}
