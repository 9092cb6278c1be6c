/**
 * A stack's file as YAML: what Pulumi and this program would read alike, and nothing else.
 * No fault repeats a line of it.
 */
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type Scalar,
  type YAMLError,
} from "yaml";
import { keyPath, pathTail, type Fault, type FaultParams } from "../config/faults";
import { NAMESPACE } from "../config/raw";
import { keyAround } from "./yaml-place";
import { SYNTAX_FAULTS } from "./yaml-syntax";

/** Of one file, in bytes. */
const MAX_BYTES = 1024 * 1024;
/** Values that a file may stand for once its aliases are followed. */
const MAX_VALUES = 200_000;
const MAX_ALIASES = 1000;
const MAX_DEPTH = 100;

export type YamlResult =
  | { readonly kind: "value"; readonly value: unknown }
  /** `syntax`: it is no YAML; otherwise it is, but not every reader understands it alike. */
  | { readonly kind: "fault"; readonly fault: Fault; readonly syntax: boolean };

type Path = readonly (string | number)[];

/** Reads a file; the first thing that is wrong with it is the fault, as what follows is mostly its consequence. */
export function readYaml(bytes: Uint8Array): YamlResult {
  const text = decode(bytes);
  if (typeof text !== "string") return faulty([], text);
  const hidden = text.search(FORBIDDEN);
  if (hidden >= 0) return faulty(keyAround(text, hidden), CONTROL);
  const lines = new LineCounter();
  const document = parsed(text, lines);
  if (document === undefined) return faulty([], TOO_DEEP);
  const [error] = document.errors;
  if (error !== undefined) return { kind: "fault", fault: syntaxFault(error, text, lines), syntax: true };
  const fault = new Walk(lines).judge(document);
  if (fault !== undefined) return { kind: "fault", fault, syntax: false };
  return { kind: "value", value: document.toJS({ maxAliasCount: -1 }) as unknown };
}

/**
 * Characters that YAML has no place for (YAML 1.2, 5.1);
 * a byte order mark may stand at the beginning, and is gone by now.
 */
const FORBIDDEN = /[^\t\n\r\x20-\x7e\x85\xa0-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;

const CONTROL: FaultParams = {
  given: "a control character",
  allowed: "text without control characters other than tabs and the ends of lines",
  fix: 'remove it, or write it as an escape in "double quotes"',
};

const TOO_DEEP: FaultParams = {
  given: `a structure of more than ${MAX_DEPTH} levels`,
  allowed: `at most ${MAX_DEPTH} levels`,
  fix: "see docs/configuration.md for its form",
};

const faulty = (path: Path, { given = "a value", ...rest }: FaultParams): YamlResult => ({
  kind: "fault",
  fault: { path: filePath(path), given, ...rest },
  syntax: false,
});

function parsed(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    // Without pretty errors: they quote the line, which may hold a secret. Merge keys are resolved, as Pulumi does.
    return parseDocument(text, {
      lineCounter,
      logLevel: "error",
      merge: true,
      prettyErrors: false,
      uniqueKeys: false,
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** UTF-8, with or without a byte order mark. */
function decode(bytes: Uint8Array): string | FaultParams {
  if (bytes.length > MAX_BYTES)
    return {
      given: `a file of ${bytes.length} bytes`,
      allowed: `at most ${MAX_BYTES} bytes`,
      fix: "keep only the stack's configuration in it",
    };
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return { given: "a file in UTF-16", allowed: "text in UTF-8", fix: "save it as UTF-8" };
  const binary = { given: "a file that is not text", allowed: "text in UTF-8", fix: "name the stack's YAML file" };
  if (bytes.includes(0)) return binary;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { ...binary, given: "a file with bytes that are not UTF-8", fix: "save it as UTF-8" };
  }
}

function syntaxFault(error: YAMLError, text: string, lines: LineCounter): Fault {
  const [offset] = error.pos;
  const { what, ...rest } = SYNTAX_FAULTS[error.code];
  const { line, col } = lines.linePos(offset);
  return { path: filePath(keyAround(text, offset)), given: `${what}, at line ${line}, column ${col}`, ...rest };
}

/** From a place in the file to the path of its key: `config`, `rampart:services.web`, `docker:host`. */
export function filePath([head = "config", key, ...rest]: Path): string {
  if (typeof head === "string" && head.startsWith(`${NAMESPACE}:`))
    return filePath(["config", head, ...(key === undefined ? [] : [key]), ...rest]);
  if (head !== "config")
    return `${keyPath([head]).slice(`${NAMESPACE}:`.length)}${pathTail(key === undefined ? [] : [key, ...rest])}`;
  if (key === undefined) return "config";
  const full = String(key);
  if (full.startsWith(`${NAMESPACE}:`)) return keyPath([full.slice(NAMESPACE.length + 1), ...rest]);
  return /^[\w-]{1,80}:[\w-]{1,80}$/.test(full) ? `${full}${pathTail(rest)}` : keyPath([full, ...rest]);
}

/** Tags that every reader of YAML understands alike. */
const CORE_TAGS = ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`);

/** Numbers that one reader takes as octal, another as decimal, a third as text. */
const UNDERSCORED = /^[-+]?\d[\d_]*\.?[\d_]*(?:e[-+]?\d+)?$/i;
const AMBIGUOUS_NUMBER = /^[-+]?0(?:[0-9_]+|[oxb][0-9a-f_]+|e[0-9]+)(?:\.\d*)?$/i;

/** Looks at each node once; an alias counts as much as what it stands for. */
class Walk {
  private readonly anchors = new Map<string, Node>();
  private readonly weights = new Map<Node, number>();
  private readonly open = new Set<Node>();
  private aliases = 0;
  private fault: Fault | undefined;

  constructor(private readonly lines: LineCounter) {}

  judge({ contents }: Document.Parsed): Fault | undefined {
    if (contents !== null) this.weigh(contents, []);
    return this.fault;
  }

  /** How many values a node stands for; 0 once there is a fault. */
  private weigh(node: unknown, path: Path): number {
    if (this.fault !== undefined) return 0;
    if (path.length > MAX_DEPTH) return this.refuse(path.slice(0, 4), undefined, TOO_DEEP);
    if (isAlias(node)) return this.weighAlias(node, path);
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return 1;
    const { tag, anchor } = node;
    if (tag !== undefined && !CORE_TAGS.includes(tag))
      return this.refuse(path, node, {
        given: "a YAML tag",
        allowed: "plain values without a tag; text that looks like something else in quotes",
        fix: "remove the tag (the word that begins with !), or quote the value",
      });
    if (anchor !== undefined) this.anchors.set(anchor, node);
    if (isScalar(node)) return this.weighScalar(node, path);
    this.open.add(node);
    let weight = 1;
    const items: readonly unknown[] = node.items;
    if (isMap(node) && this.hasTwice(node.items, path)) return 0;
    for (const [index, item] of items.entries())
      weight += isPair(item) ? this.weighPair(item, path) : this.weigh(item, [...path, index]);
    this.open.delete(node);
    this.weights.set(node, weight);
    return weight > MAX_VALUES ? this.tooMany(path, node) : weight;
  }

  private weighAlias(alias: Alias, path: Path): number {
    const target = this.anchors.get(alias.source);
    if (target === undefined || this.open.has(target))
      return this.refuse(path, alias, {
        given:
          target === undefined ? "an alias of an anchor that is not there" : "an alias of the value that it stands in",
        allowed: "an alias (*name) of an anchor (&name) that stands before it and is complete",
        fix: "write the value out",
      });
    this.aliases += 1;
    const weight = this.weights.get(target) ?? 1;
    return this.aliases > MAX_ALIASES || weight > MAX_VALUES ? this.tooMany(path, alias) : weight;
  }

  private tooMany(path: Path, node: Node): number {
    return this.refuse(path, node, {
      given: "more values than a stack has, once its aliases are followed",
      allowed: `${MAX_VALUES} values and ${MAX_ALIASES} aliases at most`,
      fix: "use fewer aliases (*name)",
    });
  }

  private weighPair({ key, value }: Pair, path: Path): number {
    if (isMergeKey(key)) return this.weighMerge(value, path);
    if (!isScalar(key) || key.value === null || typeof key.value === "object") {
      const { given, fix } = isScalar(key)
        ? { given: "a key without a name", fix: "write the key before the colon" }
        : { given: "a key that is a list, an object or an alias", fix: "write the key as text" };
      return this.refuse(path, isNode(key) ? key : undefined, { given, allowed: "text as a key", fix });
    }
    // A key may have an anchor or a tag as well.
    const name = nameOf(key);
    return this.weigh(key, [...path, name]) + this.weigh(value, [...path, name]);
  }

  /** Whether a key stands twice in one object. The parser would compare each with each. */
  private hasTwice(items: readonly Pair[], path: Path): boolean {
    const seen = new Set<string>();
    for (const { key } of items) {
      if (!isScalar(key)) continue;
      const name = isMergeKey(key) ? MERGE_KEY : nameOf(key);
      if (seen.has(name)) {
        const { what, ...rest } = SYNTAX_FAULTS.DUPLICATE_KEY;
        this.refuse([...path, name], key, { given: what, ...rest });
        return true;
      }
      seen.add(name);
    }
    return false;
  }

  /** `<<: *defaults`, or a list of such. */
  private weighMerge(value: unknown, path: Path): number {
    const sources: readonly unknown[] = isSeq(value) ? value.items : [value];
    const target = (source: unknown): unknown => (isAlias(source) ? this.anchors.get(source.source) : source);
    const stray = sources.find((source) => target(source) !== undefined && !isMap(target(source)));
    if (stray !== undefined)
      return this.refuse([...path, MERGE_KEY], isNode(stray) ? stray : undefined, {
        given: "a merge key with something other than an object",
        allowed: "an alias of an object, or a list of such",
        fix: "write it as <<: *name, where &name stands at an object",
      });
    return sources.reduce<number>((sum, source) => sum + this.weigh(source, path), 1);
  }

  private weighScalar(scalar: Scalar, path: Path): number {
    const { type, source = "", value, tag } = scalar;
    if (typeof value === "bigint" || (type === "PLAIN" && tag === undefined && isAmbiguous(source, value)))
      return this.refuse(path, scalar, {
        given: "a number in a form that not every reader of YAML takes for the same",
        allowed: "a decimal number without leading zeros and underscores, of at most 15 digits; or text in quotes",
        fix: "write a plain decimal number, or put quotes around it",
      });
    return 1;
  }

  private refuse(path: Path, node: Node | undefined, { given = "a value", ...rest }: FaultParams): number {
    const offset = node?.range?.[0];
    const place = offset === undefined ? "" : `, at line ${this.lines.linePos(offset).line}`;
    this.fault ??= { path: filePath(path), given: `${given}${place}`, ...rest };
    return 0;
  }
}

const isNode = (value: unknown): value is Node => isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);

const nameOf = ({ value }: Scalar): string => (typeof value === "string" ? value : JSON.stringify(value));

const MERGE_KEY = "<<";

const isMergeKey = (key: unknown): boolean => isScalar(key) && typeof key.value === "symbol";

function isAmbiguous(source: string, value: unknown): boolean {
  if (source.length > 400) return false;
  if (AMBIGUOUS_NUMBER.test(source) || (source.includes("_") && UNDERSCORED.test(source))) return true;
  return (
    typeof value === "number" && (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
  );
}
