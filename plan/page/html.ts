const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Markup. Only `markup` and `raw` make it, so that a text never becomes markup by accident. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = Markup | string | number | readonly Part[];

const render = (part: Part): string => {
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map(render).join("");
  return String(part).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
};

/**
 * Markup from a template: every value in it is escaped, but for what is markup already. A line break of the template
 * and the indent behind it are nothing beside a tag, and a blank in a text.
 */
export const markup = (strings: TemplateStringsArray, ...values: readonly Part[]): Markup =>
  new Markup(
    strings
      .map((text, index) => `${unfolded(text)}${index < values.length ? render(values[index] ?? "") : ""}`)
      .join(""),
  );

const unfolded = (text: string): string =>
  text.replace(/(^|.)\n\s*(?=($|.))/g, (_fold, before: string, after: string) =>
    before === ">" || after === "<" || before + after === "" ? before : `${before} `,
  );

/** A text of this program's own, which is markup. */
export const raw = (text: string): Markup => new Markup(text);

export const NOTHING = raw("");
