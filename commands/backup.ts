import { resolve } from "node:path";
import { BACKUP_CONTAINERS, script } from "../hardening/backup/paths";
import { CommandError, containerOf, engineOf, execIn } from "./backup/engine";
import { runMain } from "./backup/main";
import { parseBackupOptions } from "./backup/options";

const USAGE = `usage: npm run backup -- <stack> [--config-file FILE]

Takes a backup now, waits until it is stored and checked, and prints its snapshot's id.
`;

const root = resolve(__dirname, "..");

interface Answer {
  readonly snapshot?: string;
  readonly time?: string;
  readonly bytes?: number;
  readonly added?: number;
  readonly step?: string;
  readonly error?: string;
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseBackupOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const engine = await engineOf(root, options, process.env);
  const container = await containerOf(engine, options.stack, BACKUP_CONTAINERS.dump);
  await containerOf(engine, options.stack, BACKUP_CONTAINERS.store);
  const result = await execIn(engine, container, ["sh", script("dump"), "now"]);
  const answer = read(result.stdout);
  if (result.code !== 0 || answer.snapshot === undefined) {
    throw new CommandError(
      `The backup failed${answer.step === undefined ? "" : ` at ${answer.step}`}: ${answer.error ?? (result.stderr.trim() || `its container ended; see \`docker logs ${container.slice(0, 12)}\`, and run it again`)}`,
    );
  }
  process.stdout.write(
    `${answer.snapshot}\nThe databases as of ${answer.time ?? "now"}: ${answer.bytes ?? 0} bytes, of which ${answer.added ?? 0} are new in the repository.\n`,
  );
  return 0;
}

function read(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return {};
  }
}

runMain(main);
