/** A `.env` file or an `env_file`, as Compose reads it. */

export interface Assignment {
  readonly name: string;
  readonly value: string;
  /** In single quotes: variables in it stay as they are. */
  readonly literal: boolean;
}

const LINE =
  /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*(?:=|:[ \t])[ \t]*(?:'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|([^\r\n]*))/gm;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Names without a value (`NAME` on a line) are left out: their value comes from elsewhere. */
export function readDotenv(text: string): Assignment[] {
  return [...text.matchAll(LINE)].map(([, name = "", single, double, bare = ""]) => {
    if (single !== undefined) return { name, value: single, literal: true };
    if (double !== undefined)
      return {
        name,
        value: double.replace(/\\([\s\S])/g, (_all, letter: string) => ESCAPES[letter] ?? letter),
        literal: false,
      };
    return { name, value: bare.replace(/(?:^|\s+)#.*$/, "").trim(), literal: false };
  });
}
