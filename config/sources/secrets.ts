/** The secrets of a stack that other programs keep, in the order of the schema. */
import { isTree } from "../../hardening/tree";
import { keyPath } from "../faults";
import { NAMESPACE } from "../raw";
import type { StackConfig } from "../schema";
import type { SecretFrom } from "../schema/secret-source";
import type { SourcedSecret } from "./read";

/** In a configuration that the schema has judged, `from` with keys below it is a secret's source wherever it stands. */
export const sourcedSecrets = (config: StackConfig): SourcedSecret[] => under(config, []);

/** The same of a file that nobody has judged, by the values of its keys: paths only, as any of them may be wrong. */
export const sourcedPaths = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([key, text]) =>
    key.startsWith(`${NAMESPACE}:`) && /^[[{]/.test(text)
      ? under(parsed(text), [key.slice(NAMESPACE.length + 1)]).map(({ path }) => keyPath(path))
      : [],
  );

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function under(value: unknown, path: readonly PropertyKey[]): SourcedSecret[] {
  if (Array.isArray(value)) return value.flatMap((child: unknown, index) => under(child, [...path, index]));
  if (!isTree(value)) return [];
  const { from } = value;
  if (isTree(from)) return [{ name: String(path.at(-1)), path, from: from as SecretFrom }];
  return Object.entries(value).flatMap(([key, child]) => under(child, [...path, key]));
}
