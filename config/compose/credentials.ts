/** Credentials in the words of a command line. */
import { argumentCheck } from "../values/program";
import { isMarked, type Hidden } from "./hidden";

/** `--token`, `--requirepass`: the next word is a secret. */
const FLAG = /^--?[\w-]*(?:passw(?:or)?d|requirepass|pass|secret|token|api-?key|masterauth|credentials?)$/i;

/** `TOKEN=x`, `-u name:x`, `mysql -px`, `redis-cli -a x`: what no variable of the shell stands for. */
const IN_LINE: readonly RegExp[] = [
  /\b\w*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|_PASS)=(?!["']?\$)["']?[^\s"']/i,
  /(?:^|\s)(?:-u|--user)[\s=]+["']?[^\s:"']+:(?!\$)[^\s"']+/,
  /\b(?:mysql|mariadb)[\w-]*\b.*\s-p(?!["']?\$)[^\s"']+/,
  /\bredis-cli\b.*\s-a\s+(?!["']?\$)[^\s"']/,
  /\bmongo(?:sh)?\b.*\s-p\s+(?!["']?\$)[^\s"']/,
];

/** Whether each word of a command line holds a secret. */
export function secretWords(words: readonly string[], hidden: Hidden): boolean[] {
  return words.map((word, index) => {
    const before = words.slice(0, index).join(" ");
    const flagged = FLAG.test(words[index - 1] ?? "") && !/^[-$]/.test(word);
    return flagged || argumentCheck(word) !== undefined || hidden.leaks(word) || holds(before, word);
  });
}

/** Whether a word makes a line hold a secret that the line did not hold before it. */
const holds = (before: string, word: string): boolean =>
  IN_LINE.some((form) => form.test(`${before} ${word}`) && !form.test(before));

/** Whether a command line may not be written: it holds a secret, or a variable without a value. */
export const isPrivate = (words: readonly string[], hidden: Hidden): boolean =>
  words.some(isMarked) || secretWords(words, hidden).some(Boolean);
