import { resolve } from "node:path";
import { BACKUP_CONTAINERS, script } from "../hardening/backup/paths";
import { CommandError, containerOf, engineOf, execIn } from "./backup/engine";
import { runMain } from "./backup/main";
import { parseBackupOptions } from "./backup/options";
import { describeDrill, readDrill } from "./backup/drill-result";

const USAGE = `usage: npm run restore-drill -- <stack> [--snapshot ID|latest] [--config-file FILE]

Restores a backup into a throw-away server that is on no network, compares rows, checksums, policies, roles and grants with
what the database held when the backup was taken, and says what differs. The live database is not touched.
`;

const root = resolve(__dirname, "..");

async function main(args: readonly string[]): Promise<number> {
  const options = parseBackupOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const engine = await engineOf(root, options, process.env);
  const container = await containerOf(engine, options.stack, BACKUP_CONTAINERS.drill);
  await containerOf(engine, options.stack, BACKUP_CONTAINERS.store);
  process.stdout.write(`A restore drill of stack ${options.stack} begins.\n`);
  const result = await execIn(engine, container, ["sh", script("drill"), "now", options.snapshot ?? "latest"]);
  const drill = readDrill(result.stdout);
  if (drill === undefined)
    throw new CommandError(
      `The drill gave no result: ${result.stderr.trim() || result.stdout.slice(0, 300) || `its container ended; see \`docker logs ${container.slice(0, 12)}\`, and run it again`}`,
    );
  process.stdout.write(describeDrill(drill));
  return drill.ok && result.code === 0 ? 0 : 1;
}

runMain(main);
