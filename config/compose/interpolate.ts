/** Variables in a compose file: `$NAME`, `${NAME:-default}` and their relatives, as Compose reads them. */
import { isSecretName } from "../values/secret-shapes";
import { unsetMark, type Hidden } from "./hidden";

/** A variable's value; undefined where nothing sets it. */
export type LookUp = (name: string) => string | undefined;

interface Braced {
  readonly name: string;
  /** `:-`, `-`, `:?`, `?`, `:+`, `+`, or nothing. */
  readonly operator: string;
  readonly operand: string;
}

/** A text with its variables replaced. Secrets become marks, and so do variables that nothing sets. */
export function interpolate(text: string, lookUp: LookUp, hidden: Hidden): string {
  let out = "";
  for (let at = 0; at < text.length;) {
    if (text[at] !== "$") {
      out += text[at++];
      continue;
    }
    if (text[at + 1] === "$") {
      out += "$";
      at += 2;
      continue;
    }
    const plain = /^\$([A-Za-z_]\w*)/.exec(text.slice(at, at + 200));
    if (plain !== null) {
      out += valueOf({ name: plain[1] ?? "", operator: "", operand: "" }, lookUp, hidden);
      at += plain[0].length;
      continue;
    }
    const end = text[at + 1] === "{" ? closing(text, at + 1) : -1;
    const braced = end < 0 ? undefined : readBraced(text.slice(at + 2, end));
    if (braced === undefined) {
      out += text[at++];
      continue;
    }
    out += valueOf(braced, lookUp, hidden);
    at = end + 1;
  }
  return out;
}

/** The brace that closes the one at a position; -1 where there is none. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}" && (depth -= 1) === 0) return at;
  }
  return -1;
}

function readBraced(inside: string): Braced | undefined {
  const match = /^([A-Za-z_]\w*)(?:(:?[-?+])([\s\S]*))?$/.exec(inside);
  return match === null ? undefined : { name: match[1] ?? "", operator: match[2] ?? "", operand: match[3] ?? "" };
}

function valueOf({ name, operator, operand }: Braced, lookUp: LookUp, hidden: Hidden): string {
  const value = lookUp(name);
  const set = value !== undefined && (value !== "" || !operator.startsWith(":"));
  switch (operator.replace(":", "")) {
    case "+":
      return set ? interpolate(operand, lookUp, hidden) : "";
    case "-":
      return hidden.hide(name, set ? value : interpolate(operand, lookUp, hidden), "variable");
    default:
      if (set) return hidden.hide(name, value, "variable");
      return isSecretName(name) ? hidden.hideUnknown(name) : unsetMark(name);
  }
}

/** The same for every text of a structure; keys stay as they are. */
export function interpolateAll(value: unknown, lookUp: LookUp, hidden: Hidden): unknown {
  if (typeof value === "string") return interpolate(value, lookUp, hidden);
  if (Array.isArray(value)) return value.map((child: unknown) => interpolateAll(child, lookUp, hidden));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, interpolateAll(child, lookUp, hidden)]));
}
