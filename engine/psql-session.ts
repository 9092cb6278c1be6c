import type { DatabaseScript } from "../hardening/postgres/tenancy/policy-scripts";

/** What a script's statements made psql write to its errors: notices, and the error that ended the session. */
export interface Said {
  readonly database: string;
  readonly words: string;
}

/** Stands in the errors where a script begins. */
const MARK = "rampart: script ";

/**
 * What one psql reads to run several scripts; it is connected to the first one's database. Each script has a
 * connection and a transaction of its own, so what it sets for its session ends with it. psql ends at the first error
 * (ON_ERROR_STOP), a refused connection included: what came before is committed, and what follows does not begin.
 */
export function sessionInput(scripts: readonly DatabaseScript[]): string {
  return scripts
    .map(({ database, statements }, index) => {
      const connect = index === 0 ? "" : `\\connect "${database.replaceAll('"', '""')}"\n`;
      return `\\warn '${MARK}${index}'\n${connect}BEGIN;\n${statements.join(";\n")};\nCOMMIT;\n`;
    })
    .join("");
}

/** The errors of a session by script, as far as the session came; at least the first script is there. */
export function saidOf(scripts: readonly DatabaseScript[], stderr: string): Said[] {
  const said: { database: string; lines: string[] }[] = [];
  const before: string[] = [];
  for (const line of stderr.split("\n")) {
    const next = line === `${MARK}${said.length}` ? scripts[said.length] : undefined;
    if (next === undefined) (said.at(-1)?.lines ?? before).push(line);
    else said.push({ database: next.database, lines: said.length === 0 ? before : [] });
  }
  // psql did not even connect.
  if (said.length === 0) said.push({ database: scripts[0]?.database ?? "", lines: before });
  return said.map(({ database, lines }) => ({ database, words: lines.join("\n") }));
}
