/** A stack's file with the values of another time: comments and order stay wherever nothing changes. */
import { isMap, isScalar as isScalarNode, parseDocument, stringify, visit, type Document } from "yaml";
import { canonicalJson } from "../../../hardening/canonical-json";
import { isTree, tree } from "../../../hardening/tree";
import type { Configuration } from "./history";

/** What a tracked file says, without secrets, as a history would have it. */
export function configurationOf(source: string, project: string): Configuration {
  const config = tree(tree(parseDocument(source, { merge: true }).toJS())["config"]);
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => {
      const full = fullKey(key, project);
      const empty = value === null || value === "" || (isTree(value) && Object.keys(value).length === 0);
      if (!full.startsWith(`${project}:`) || holdsSecret(value) || empty) return [];
      return [[full, isScalar(value) ? String(value) : value]];
    }),
  );
}

/** @param source the tracked file's text */
export function withConfiguration(source: string, configuration: Configuration, project: string): string {
  if (canonicalJson(configurationOf(source, project)) === canonicalJson(configuration)) return source;
  const document = parseDocument(source, { merge: true });
  const edit = new Edit(source, document);
  if (!isMap(document.get("config"))) document.set("config", document.createNode({}));
  const now = tree(tree(document.toJS())["config"]);
  const spelled = new Map(Object.keys(now).map((key) => [fullKey(key, project), key]));
  for (const [full, key] of spelled) {
    const own = full.startsWith(`${project}:`) && !holdsSecret(now[key]);
    if (own && configuration[full] === undefined) edit.remove(["config", key]);
  }
  // What is written once and referred to elsewhere cannot be changed in one place only.
  const whole = hasAliases(document);
  for (const [full, value] of Object.entries(configuration)) {
    const key = spelled.get(full) ?? full;
    if (value === undefined || holdsSecret(now[key])) continue;
    if (whole) edit.set(["config", key], scalar(value));
    else change(edit, ["config", key], now[key], value);
  }
  return edit.text((text) => canonicalJson(configurationOf(text, project)) === canonicalJson(configuration));
}

/** Changes of a document. Where only single values change, every other byte of the file stays. */
class Edit {
  private readonly splices: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  private structural = false;

  constructor(
    private readonly source: string,
    private readonly document: Document,
  ) {}

  remove(path: readonly string[]): void {
    this.structural = true;
    this.document.deleteIn(path);
  }

  set(path: readonly string[], value: unknown): void {
    const node: unknown = this.document.getIn(path, true);
    if (isScalarNode(node) && isScalar(value)) {
      // The node stays, with the comment beside it.
      if (node.range) {
        const text = stringify(value, { lineWidth: 0 }).trimEnd();
        this.splices.push({ from: node.range[0], to: node.range[1], text });
      }
      node.value = value;
      return;
    }
    this.structural = true;
    this.document.setIn(path, this.document.createNode(value));
  }

  /** @param right whether a text says what is wanted: a value may need quotes where it stands */
  text(right: (text: string) => boolean): string {
    const spliced = [...this.splices]
      .sort((a, b) => b.from - a.from)
      .reduce((text, { from, to, text: own }) => text.slice(0, from) + own + text.slice(to), this.source);
    return !this.structural && right(spliced) ? spliced : this.document.toString({ lineWidth: 0 });
  }
}

function hasAliases(document: Document): boolean {
  let found = false;
  visit(document, { Alias: () => (found = true) && visit.BREAK });
  return found;
}

const same = (before: unknown, after: unknown): boolean =>
  typeof before === "object" && before !== null
    ? canonicalJson(before) === canonicalJson(after)
    : typeof after === "object"
      ? false
      : isScalar(before) && isScalar(after) && String(before) === String(after);

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";

function change(edit: Edit, path: readonly string[], before: unknown, after: unknown): void {
  if (before !== undefined && same(before, after)) return;
  if (!isTree(before) || !isTree(after)) {
    edit.set(path, path.length === 2 ? scalar(after) : after);
    return;
  }
  for (const key of Object.keys(before)) if (!(key in after)) edit.remove([...path, key]);
  for (const [key, value] of Object.entries(after)) change(edit, [...path, key], before[key], value);
}

/** A history has every scalar at the top as text; the file has a number or a boolean as such. */
const scalar = (value: unknown): unknown =>
  value === "true" ? true : value === "false" ? false : /^-?\d{1,15}$/.test(String(value)) ? Number(value) : value;

const fullKey = (key: string, project: string): string => (key.includes(":") ? key : `${project}:${key}`);

function holdsSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return typeof tree(value)["secure"] === "string" || Object.values(value).some(holdsSecret);
}
