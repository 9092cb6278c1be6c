import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Answer {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly code?: number;
  /** How often it answers with exit code 1 and nothing else before it answers so. */
  readonly afterFailures?: number;
  /** It never answers. */
  readonly hangs?: boolean;
  /** What another command writes from then on. */
  readonly next?: Readonly<Record<string, string>>;
}

/** A stand-in for the Docker CLI that keeps what it was called with, and answers each command as it is told. */
export class FakeDocker {
  private readonly directory = mkdtempSync(join(tmpdir(), "rampart-docker-"));

  constructor() {
    writeFileSync(join(this.directory, "docker"), SCRIPT, { mode: 0o755 });
  }

  get path(): string {
    return `${this.directory}:/usr/bin:/bin`;
  }

  /** @param command The Docker command: "ps", "inspect", … */
  answer(command: string, { stdout, stderr, code, afterFailures, hangs, next = {} }: Answer): void {
    const facts = {
      out: stdout,
      err: stderr,
      code: code?.toString(),
      failures: afterFailures?.toString(),
      hangs: hangs === true ? "" : undefined,
    };
    for (const [suffix, text] of Object.entries(facts))
      if (text !== undefined) writeFileSync(join(this.directory, `${command}.${suffix}`), text);
    for (const [other, text] of Object.entries(next))
      writeFileSync(join(this.directory, `${command}.next.${other}`), text);
  }

  /** The command lines so far, one a line, without the program's name. */
  get calls(): string[] {
    const log = join(this.directory, "calls");
    return existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [];
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

// `docker --host <host> <command> …`
const SCRIPT = `#!/bin/sh
answer="$(dirname "$0")/$3"
{ printf '%s' "$*" | tr '\\n' ' '; echo; } >> "$(dirname "$0")/calls"
if [ -e "$answer.hangs" ]; then exec sleep 60; fi
if [ -e "$answer.failures" ]; then
  left=$(cat "$answer.failures")
  if [ "$left" -gt 0 ]; then echo $((left - 1)) > "$answer.failures"; exit 1; fi
fi
for next in "$answer".next.*; do
  if [ -e "$next" ]; then cp "$next" "$(dirname "$0")/\${next##*.}.out"; fi
done
if [ -e "$answer.out" ]; then cat "$answer.out"; fi
if [ -e "$answer.err" ]; then cat "$answer.err" >&2; fi
if [ -e "$answer.code" ]; then exit "$(cat "$answer.code")"; fi
`;
