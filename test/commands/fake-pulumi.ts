import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A stand-in for the Pulumi CLI that keeps what it was called with, and answers each command as it is told. */
export class FakePulumi {
  readonly directory = mkdtempSync(join(tmpdir(), "rampart-pulumi-"));

  constructor() {
    writeFileSync(join(this.directory, "pulumi"), SCRIPT, { mode: 0o755 });
  }

  /** @param command by its words: "stack history", "up" */
  answer(command: string, { stdout = "", code = 0 }: { readonly stdout?: string; readonly code?: number }): void {
    const name = command.replace(" ", "-");
    writeFileSync(join(this.directory, `${name}.out`), stdout);
    writeFileSync(join(this.directory, `${name}.code`), String(code));
  }

  /** The command lines so far, without `version`; what a preview or an update read as its stack's file follows `:`. */
  get calls(): string[] {
    const log = join(this.directory, "calls");
    return existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [];
  }

  /** The stack's file that a preview or an update had. */
  file(command: "preview" | "up"): string {
    return readFileSync(join(this.directory, `${command}.file`), "utf8");
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const SCRIPT = `#!/bin/sh
here="$(dirname "$0")"
if [ "$1" = version ]; then echo v3.256.0; exit 0; fi
echo "$*" >> "$here/calls"
while [ "$1" = --non-interactive ] || [ "$1" = --cwd ]; do [ "$1" = --cwd ] && shift; shift; done
name="$1"
[ "$name" != stack ] || name="stack-$2"
case $name in preview | up) cp "\${PULUMI_OPTION_CONFIG_FILE:-Pulumi.dev.yaml}" "$here/$name.file" ;; esac
[ ! -e "$here/$name.out" ] || cat "$here/$name.out"
[ ! -e "$here/$name.code" ] || exit "$(cat "$here/$name.code")"
`;
