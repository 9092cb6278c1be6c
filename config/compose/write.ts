/** The text of a stack's file. */
import { Document, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from "yaml";
import { NAMESPACE } from "../raw";

export interface KeptSecrets {
  readonly top: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface StackText {
  /** Lines above everything, without `#`. */
  readonly header: readonly string[];
  /** By their keys without the namespace, in the order in which they are written. */
  readonly values: Readonly<Record<string, unknown>>;
  /** What a file that is written again keeps: the salt, and encrypted values by their full keys. */
  readonly kept?: KeptSecrets;
  readonly comments?: readonly { readonly path: readonly (string | number)[]; readonly text: string }[];
}

export function writeStackFile({ header, values, kept, comments = [] }: StackText): string {
  const config = Object.fromEntries(Object.entries(values).map(([key, value]) => [`${NAMESPACE}:${key}`, value]));
  const document = new Document(
    { ...kept?.top, config: { ...config, ...kept?.config } },
    { aliasDuplicateObjects: false },
  );
  for (const { path, text } of comments) {
    const [first, ...rest] = path;
    comment(document, ["config", `${NAMESPACE}:${first ?? ""}`, ...rest], text);
  }
  style(document.contents);
  document.commentBefore = header.map((line) => ` ${line}`.trimEnd()).join("\n");
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** A comment above the key at a path, or above its first key where it is a service. */
function comment(document: Document, path: readonly (string | number)[], text: string): void {
  const parent = document.getIn(path.slice(0, -1));
  if (!isMap(parent)) return;
  const pair = (parent.items as Pair<Scalar, Node>[]).find(({ key }) => key.value === path.at(-1));
  if (pair === undefined) return;
  const node: { commentBefore?: string | null } =
    isMap(pair.value) && pair.value.items[0] !== undefined ? (pair.value.items[0].key as Scalar) : pair.key;
  node.commentBefore = [node.commentBefore, ` ${text}`]
    .filter((line) => line !== undefined && line !== null)
    .join("\n");
}

/** YAML 1.1 reads these as figures and switches; other tools read the file, too. */
const AMBIGUOUS = /^(?:y|n|yes|no|on|off|true|false|null|~|[\d.:_+eE-]+|0[xo][\da-f]+)$/i;

/**
 * Lists of words stand on one line where they fit, as people write them; text that looks like something else is quoted.
 */
function style(node: unknown): void {
  if (isScalar(node) && typeof node.value === "string" && AMBIGUOUS.test(node.value)) node.type = "QUOTE_DOUBLE";
  if (isMap(node)) for (const { value } of node.items) style(value);
  if (!isSeq(node)) return;
  for (const item of node.items) style(item);
  const words = node.items.map((item) => (isScalar(item) && typeof item.value === "string" ? item.value : undefined));
  if (words.every((word) => word !== undefined && !word.includes("\n")) && words.join(", ").length < 90)
    node.flow = true;
}
