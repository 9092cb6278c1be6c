import { isTree } from "../../hardening/tree";

/** A list; of one where a single value may stand for a list; empty where there is nothing. */
export const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : value === undefined || value === null ? [] : [value];

/** Text, also of a figure or a switch; undefined for anything else. */
export const text = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;

/** The texts of a list. */
export const texts = (value: unknown): string[] => list(value).flatMap((one) => text(one) ?? []);

/** A mapping, or a list of `NAME=value`: the text of each name, undefined for a name without a value. */
export function pairs(value: unknown): Map<string, string | undefined> {
  if (isTree(value)) return new Map(Object.entries(value).map(([key, one]) => [key, text(one)]));
  return new Map(
    texts(value).map((one) => {
      const at = one.indexOf("=");
      return at < 0 ? [one, undefined] : [one.slice(0, at), one.slice(at + 1)];
    }),
  );
}

export const isTrue = (value: unknown): boolean => value === true || value === "true";
