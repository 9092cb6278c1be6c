/** What is told of one key: its type, its default and its text. */
import { formsOf, explainedBy, type JsonSchema, type Place } from "./nodes";
import { KEY_TEXTS } from "./texts";

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  integer: "number",
  number: "number",
  boolean: "boolean",
  array: "list",
  object: "object",
};
const ORDER = ["text", "number", "boolean", "list", "object", "false"];

/** `number or false`. */
export function typeOf(schema: JsonSchema): string {
  const names = formsOf(schema).map((form) =>
    form.const === false ? "false" : (TYPES[[form.type ?? ""].flat()[0] ?? ""] ?? "any"),
  );
  return [...new Set(names)].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)).join(" or ");
}

/** A default that the schema has for everybody, in Markdown. */
function ownDefault({ schema, required }: Place): string {
  if (required) return "required";
  const value = schema.default;
  if (value === undefined) return "none";
  if (typeof value === "number") return String(value);
  return `\`${inYaml(value)}\``;
}

/** In YAML's flow style, on one line. */
function inYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inYaml).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const entries = Object.entries(value).map(([key, item]) => `${key}: ${inYaml(item)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** The default of a key in Markdown. */
export const defaultOf = (place: Place): string => KEY_TEXTS[explainedBy(place.key)]?.default ?? ownDefault(place);

/** What a key takes and does, in Markdown. @throws Error where the text asks for what the schema does not say */
export function allowedOf({ key, schema }: Place): string {
  const text = KEY_TEXTS[explainedBy(key)]?.allowed ?? "";
  return text
    .replace("{range}", () => {
      const form = formsOf(schema).find(({ minimum, maximum }) => minimum !== undefined && maximum !== undefined);
      if (form === undefined) throw new Error(`${key} has no range`);
      return `${form.minimum} to ${form.maximum}`;
    })
    .replace("{values}", () => {
      const values = formsOf(schema).flatMap((form) => form.enum ?? []);
      if (values.length === 0) throw new Error(`${key} has no values`);
      return values.map((value) => `\`${String(value)}\``).join(", ");
    });
}

/** Markdown as plain text, for editors. */
export const plain = (markdown: string): string => markdown.replaceAll("`", "").replace(/\[([^\]]+)\]\([^)]+\)/g, "$1");

/** What an editor shows of a key. */
export function descriptionOf(place: Place): string {
  const allowed = plain(allowedOf(place));
  const value = plain(defaultOf(place));
  return `${allowed}. ${value === "required" ? "Required" : `Default: ${value}`}.`;
}
