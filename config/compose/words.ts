/** Words, durations and sizes as Compose writes them. */
import { shellWord } from "../../hardening/shell-word";

/** A command line in words, as a shell splits it: quotes and backslashes, no expansion. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at] ?? "";
    if (quote !== "") {
      if (letter === quote) quote = "";
      else if (letter === "\\" && quote === '"' && /["\\$`\n]/.test(line[at + 1] ?? "")) word += line[(at += 1)] ?? "";
      else word += letter;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      word ??= "";
    } else if (letter === "\\" && at + 1 < line.length) {
      const next = line[(at += 1)] ?? "";
      if (next !== "\n") word = (word ?? "") + next;
    } else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + letter;
  }
  return word === undefined ? words : [...words, word];
}

/** Words as a line that a shell splits into the same words. */
export const quoteWords = (words: readonly string[]): string => words.map(shellWord).join(" ");

const SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 0.000001, ns: 0.000000001 };

/** `1m30s` in seconds; undefined for what is no duration. A plain number is seconds. */
export function seconds(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|us|ns|s))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|us|ns|s)/g)].reduce(
    (sum, [, figure, unit = "s"]) => sum + Number(figure) * (SECONDS[unit] ?? 1),
    0,
  );
}

const BYTES: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `512m` or `1.5GB` in MiB, rounded up; undefined for what is no size. A plain number is bytes. */
export function mebibytes(value: unknown): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(
    typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "",
  );
  if (match === null) return undefined;
  return Math.ceil((Number(match[1]) * (BYTES[(match[2] ?? "").toLowerCase()] ?? 1)) / 1024 ** 2);
}

export const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);
