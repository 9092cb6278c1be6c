/**
 * A stack on another engine: the commands of docs/backups.md as they stand there, from an empty clone, for a stack of
 * `npm start` and for one of `pulumi up`. Only the names of the stack and of an image are other ones.
 */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { container, docker, LABEL, sweep } from "../lib/engine";
import { must, run, tail, type RunResult } from "../lib/process";
import { REPOSITORY, Stack } from "../lib/pulumi";
import { expect, expectMatch, type Check, type Suite } from "../lib/runner";
import { movedSettings, type Context } from "../lib/stacks";

const STACK = "e2e-moved";

/** The blocks of shell under the page's heading, by what each does. */
function blocks(image: string): (holds: string) => string {
  const page = readFileSync(join(REPOSITORY, "docs/backups.md"), "utf8");
  const [, section = ""] = /\n## On another engine\n([^]*?)\n## /.exec(page) ?? [];
  const found = [...section.matchAll(/```sh\n([^]*?)```/g)].map(([, text = ""]) =>
    text.replaceAll(/\bprod\b/g, STACK).replaceAll("postgres:16-alpine", image),
  );
  return (holds) => {
    const block = found.find((text) => text.includes(holds));
    if (block === undefined) throw new Error(`docs/backups.md has no block with ${holds} under "On another engine"`);
    return block;
  };
}

/** An empty machine: a clone, and nothing of Pulumi's but its program. */
interface Machine {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

async function clone(work: string, name: string, env: Readonly<Record<string, string>>): Promise<Machine> {
  const directory = join(work, name);
  mkdirSync(directory, { recursive: true });
  await must("bash", [
    "-c",
    'cd "$1" && git ls-files -z --cached --others --exclude-standard | ' +
      "while IFS= read -r -d '' file; do [ ! -e \"$file\" ] || printf '%s\\0' \"$file\"; done | " +
      'tar --null -T - -c | tar -x -C "$2"',
    "-",
    REPOSITORY,
    directory,
  ]);
  symlinkSync(join(REPOSITORY, "node_modules"), join(directory, "node_modules"));
  return { directory, env };
}

async function shell({ directory, env }: Machine, text: string, input = ""): Promise<RunResult> {
  const result = await run("bash", ["-e", "-o", "pipefail", "-c", text], {
    cwd: directory,
    env,
    input,
    timeoutSeconds: 420,
  });
  expect(result.code === 0, `${text}\nended with ${result.code}: ${tail(result.output, 40)}`);
  return result;
}

/** As the superuser, by the container's own socket. */
async function sql(text: string): Promise<string> {
  const { Id } = await container(STACK, "postgres");
  const psql =
    'PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") psql -X -q -A -t -v ON_ERROR_STOP=1 -h /var/run/postgresql ' +
    '-U "$POSTGRES_USER" -d "$POSTGRES_DB"';
  const result = await docker(["exec", "--interactive", Id, "sh", "-c", psql], { input: text });
  if (result.code !== 0) throw new Error(result.output);
  return result.stdout.trim();
}

/** What is left of the old host: the password in somebody's safe, and a copy of the volume. */
interface Kept {
  readonly password: string;
  readonly repository: string;
}

let kept: Kept | undefined;

/** Everything of the stack is gone from the engine, as if this were another one. */
const empty = (): Promise<void> => sweep([`${LABEL.stack}=${STACK}`]);

/** The page's steps on an empty machine. @param deploys holds step 2 */
async function moves(context: Context, machine: Machine, deploys: string): Promise<string> {
  if (kept === undefined) throw new Error("nothing is left of the old host");
  const block = blocks(context.images.postgres);
  writeFileSync(
    join(machine.directory, `Pulumi.${STACK}.yaml`),
    stringify({ config: configured(movedSettings(context.images, { password: { config: "backupPassword" } })) }),
  );
  copyFileSync(kept.repository, join(machine.directory, "repository.tar"));
  await shell(machine, block(deploys), kept.password);
  expect((await sql("SELECT count(*) FROM app.items WHERE note LIKE 'moved %'")) === "0", "the rows are there already");
  await shell(machine, block('docker stop "$store"'));
  const restored = await shell(machine, block(`restore ${STACK} --to live`));
  expectMatch(restored.output, /is the restored one now/, "the restore");
  expectMatch(restored.output, /RESTORE DRILL PASSED/, "the drill");
  expect((await sql("SELECT count(*) FROM app.items WHERE note LIKE 'moved %'")) === "100", "the rows are not back");
  return restored.stdout.trim().split("\n").at(-1) ?? "";
}

const configured = (settings: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(settings).map(([key, value]) => [`rampart:${key}`, value]));

const CHECKS: readonly Check<Context>[] = [
  {
    name: "a stack is backed up, its repository copied, and its host is lost",
    critical: true,
    run: async (context) => {
      await empty();
      const stack = new Stack(STACK, context.work);
      await stack.init();
      await stack.mustUp(movedSettings(context.images, {}));
      await sql("INSERT INTO app.items (note) SELECT 'moved ' || i FROM generate_series(1, 100) i");
      const backup = await run("node", ["bin/rampart.cjs", "backup", STACK, "--config-file", stack.file], {
        cwd: REPOSITORY,
        env: stack.env,
        timeoutSeconds: 300,
      });
      expect(backup.code === 0, backup.output);
      const password = (await stack.outputs()).backups?.password ?? "";
      expect(password.length > 20, "the outputs have no password of the repository");
      const old: Machine = { directory: join(context.work, "old-host"), env: {} };
      mkdirSync(old.directory, { recursive: true });
      await shell(old, blocks(context.images.postgres)(">repository.tar"));
      kept = { password, repository: join(old.directory, "repository.tar") };
      await empty();
    },
  },
  {
    name: "the page's commands bring it back on an empty engine, as a stack of `npm start` in a new clone",
    continues: true,
    run: async (context) => {
      const machine = await clone(context.work, "new-host-start", {});
      try {
        return await moves(context, machine, `npm start -- ${STACK}`);
      } finally {
        await empty();
      }
    },
  },
  {
    name: "and as a stack of `pulumi up` on a new backend; the next preview is empty",
    continues: true,
    run: async (context) => {
      const backend = join(context.work, "new-backend");
      mkdirSync(backend, { recursive: true });
      const machine = await clone(context.work, "new-host-pulumi", {
        PULUMI_BACKEND_URL: `file://${backend}`,
        PULUMI_CONFIG_PASSPHRASE: "another machine's, and nowhere else",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        // A person would be asked.
        PULUMI_OPTION_YES: "true",
        PULUMI_OPTION_SKIP_PREVIEW: "true",
        PULUMI_OPTION_NON_INTERACTIVE: "true",
      });
      try {
        const told = await moves(context, machine, `pulumi up --stack ${STACK}`);
        await shell(
          machine,
          `PULUMI_OPTION_YES= PULUMI_OPTION_SKIP_PREVIEW= pulumi preview --stack ${STACK} --expect-no-changes`,
        );
        return told;
      } finally {
        await empty();
      }
    },
  },
];

export const anotherEngine: Suite<Context> = {
  name: "another engine",
  stack: "another engine",
  once: true,
  checks: CHECKS,
};
