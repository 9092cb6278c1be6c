/** Backups of a deployed stack: checks for the life of the stack `kept`, whose environment has them by default. */
import { docker, container, type Container } from "../lib/engine";
import { run, until, type RunResult } from "../lib/process";
import { REPOSITORY } from "../lib/pulumi";
import { expect, expectMatch, expectNone, type Check } from "../lib/runner";
import type { Context } from "../lib/stacks";

const PARTS = ["backup", "backup-store", "restore-drill"] as const;

const command = (name: string, args: readonly string[]): Promise<RunResult> =>
  run("node", ["bin/rampart.cjs", name, ...args], { cwd: REPOSITORY, timeoutSeconds: 300 });
const parts = ({ kept }: Context): Promise<Container[]> => Promise.all(PARTS.map((part) => container(kept.name, part)));

/** As the superuser, by the container's own socket. */
async function sql({ kept }: Context, text: string): Promise<string> {
  const { Id } = await container(kept.name, "postgres");
  const result = await docker(
    [
      "exec",
      "--interactive",
      Id,
      "sh",
      "-c",
      'PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") psql -X -q -A -t -v ON_ERROR_STOP=1 -h /var/run/postgresql ' +
        '-U "$POSTGRES_USER" -d "$POSTGRES_DB"',
    ],
    { input: text },
  );
  if (result.code !== 0) throw new Error(result.output);
  return result.stdout.trim();
}

/** The ids that `rampart restore` lists. */
export async function listBackups(stack: string): Promise<string[]> {
  const listed = await command("restore", [stack]);
  expect(listed.code === 0, listed.output);
  return [...listed.stdout.matchAll(/^([0-9a-f]{8}) {2}/gm)].map((match) => match[1] ?? "");
}

export const backupChecks: readonly Check<Context>[] = [
  {
    name: "the containers of the backups are healthy, hold no socket, no root and no secret in their environment",
    run: async (context) => {
      const containers = await until("all are healthy", 90, async () => {
        const all = await parts(context);
        return all.every(({ State }) => State.Health?.Status === "healthy") && all;
      });
      expectNone(
        containers.flatMap((one) => [
          ...(one.Config.User.startsWith("0") ? [`${one.Name} runs as root`] : []),
          ...(one.HostConfig.ReadonlyRootfs ? [] : [`${one.Name} has a writable root`]),
          ...(one.Mounts.some(({ Source }) => Source.includes("docker.sock")) ? [`${one.Name} has the socket`] : []),
          ...(one.Config.Env ?? [])
            .filter((variable) => /postgresql:|PASSWORD=|SECRET/.test(variable))
            .map((variable) => `${one.Name}: ${variable.split("=")[0]}`),
        ]),
      );
      expect(
        containers.map(({ HostConfig }) => HostConfig.NetworkMode !== "none").join() === "true,false,false",
        "the store or the drill is on a network",
      );
    },
  },
  {
    name: "npm run backup and npm run restore-drill pass on the deployed stack",
    run: async (context) => {
      await sql(context, "INSERT INTO app.items (note) VALUES ('before the backup')");
      const backup = await command("backup", [context.kept.name]);
      expect(backup.code === 0, backup.output);
      const drill = await command("restore-drill", [context.kept.name]);
      expect(drill.code === 0, drill.output);
      return drill.stdout.trim().split("\n").join("; ");
    },
  },
  {
    name: "npm run restore --to live brings back what was deleted, and the service goes on by itself",
    run: async (context) => {
      const { name } = context.kept;
      // The newest backup is that of the check before.
      const count = await sql(context, "SELECT count(*) FROM app.items");
      expect(Number(count) > 0, "there is nothing to lose");
      await sql(context, "DELETE FROM app.items");
      const refused = await command("restore", [name, "--to", "live"]);
      expect(refused.code === 1 && refused.stdout.includes("Nothing was changed"), refused.output);
      expect(
        (await sql(context, "SELECT count(*) FROM app.items")) === "0",
        "a restore without confirmation changed something",
      );
      const restored = await command("restore", [name, "--to", "live", "--confirm", name]);
      expect(restored.code === 0, restored.output);
      expectMatch(restored.stdout, /is the restored one now.*kept as app_before_/, "its words");
      expect((await sql(context, "SELECT count(*) FROM app.items")) === count, "the rows are not back");
      await until(
        "the service is healthy",
        60,
        async () => (await container(name, "api")).State.Health?.Status === "healthy",
      );
      expect(
        (await command("backup", [name])).code === 0 && (await command("restore-drill", [name])).code === 0,
        "backup and drill after the restore",
      );
      const preview = await context.kept.preview(["--expect-no-changes"]);
      expect(preview.code === 0, preview.output);
    },
  },
];
