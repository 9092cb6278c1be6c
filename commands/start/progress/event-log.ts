import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";

const CHUNK = 64 * 1024;

/**
 * A file that the Pulumi CLI writes its events into, a line each, and that is read meanwhile. Among the events are
 * debug messages that may hold secrets: nobody else may read the file, and it goes with `close`.
 */
export class EventLog {
  private readonly file: number;
  private readonly decoder = new StringDecoder("utf8");
  private rest = "";
  private offset = 0;

  constructor(readonly path: string) {
    rmSync(path, { force: true });
    this.file = openSync(path, "wx+", 0o600);
  }

  /** The lines that were completed since the last time. */
  lines(): string[] {
    const buffer = Buffer.alloc(CHUNK);
    let text = this.rest;
    for (;;) {
      const length = readSync(this.file, buffer, 0, CHUNK, this.offset);
      if (length === 0) break;
      this.offset += length;
      text += this.decoder.write(buffer.subarray(0, length));
    }
    const lines = text.split("\n");
    this.rest = lines.pop() ?? "";
    return lines;
  }

  close(): void {
    closeSync(this.file);
    rmSync(this.path, { force: true });
  }
}
