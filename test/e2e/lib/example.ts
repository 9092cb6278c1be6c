/** A file of examples/, from which a test makes settings of its own. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { isTree, type Tree } from "../../../hardening/tree";
import { REPOSITORY } from "./pulumi";

/** What stands below a key that an example has to have. @param file for the message */
export const treeOf =
  (file: string) =>
  (value: unknown, key: string): Tree => {
    const found = isTree(value) ? value[key] : undefined;
    if (!isTree(found)) throw new Error(`${file}: ${key} is not there`);
    return found;
  };

/**
 * The example's keys, without their namespace.
 * @param hosts the example's texts and what stands for them, in this order
 * @param leftOut keys that are not taken
 */
export function exampleKeys(
  file: string,
  hosts: readonly (readonly [given: string, own: string])[],
  leftOut: readonly string[],
): Tree {
  const text = hosts.reduce(
    (changed, [given, own]) => changed.replaceAll(given, own),
    readFileSync(join(REPOSITORY, file), "utf8"),
  );
  const own = Object.entries(treeOf(file)(parse(text), "config")).map(([key, value]): [string, unknown] => [
    key.replace(/^rampart:/, ""),
    value,
  ]);
  return Object.fromEntries(own.filter(([key]) => !leftOut.includes(key)));
}
