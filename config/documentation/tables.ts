/** The tables of docs/configuration.md. */
import { allowedOf, defaultOf, typeOf } from "./describe";
import { placesOf, explainedBy, type JsonSchema } from "./nodes";
import { fullKey, TABLES } from "./texts";

const HEAD = ["| key | type | default | allowed | example |", "|---|---|---|---|---|"];

/**
 * Puts the tables into the page: under each heading that has one, the first table is written again.
 * @param keys the schema of the configuration's keys
 * @throws Error where a heading or its table is not on the page, or a text explains a key that does not exist
 */
export function withTables(page: string, keys: JsonSchema): string {
  const places = new Map(placesOf(keys).map((place) => [explainedBy(place.key), place]));
  return Object.entries(TABLES).reduce((text, [heading, texts]) => {
    const rows = Object.entries(texts).map(([key, { example }]) => {
      const place = places.get(fullKey(texts, key));
      if (place === undefined) throw new Error(`there is no key ${key}`);
      const cells = [`\`${key}\``, typeOf(place.schema), defaultOf(place), allowedOf(place)];
      return `| ${cells.join(" | ")} |${example === undefined ? "" : ` \`${example}\``} |`;
    });
    const start = text.indexOf(`## ${heading}\n`);
    const table = text.indexOf(HEAD[0] ?? "", start);
    if (start < 0 || table < 0) throw new Error(`docs/configuration.md has no table under "${heading}"`);
    const end = /\n(?!\|)/.exec(text.slice(table))?.index ?? text.length - table;
    return text.slice(0, table) + [...HEAD, ...rows].join("\n") + text.slice(table + end);
  }, page);
}
