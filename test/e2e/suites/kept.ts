import { readFileSync } from "node:fs";
import { join } from "node:path";
import { containers, docker, ids, kindOf, LABEL, mustDocker, nameOf } from "../lib/engine";
import { ask } from "../lib/http";
import { run, tail, until } from "../lib/process";
import { REPOSITORY, type StackSettings } from "../lib/pulumi";
import { expect, expectMatch, expectNone, type Suite } from "../lib/runner";
import { KEPT, keptSettings, type Context, type Images } from "../lib/stacks";
import { backupChecks, listBackups } from "./backups";

const settings = { host: KEPT.host, port: KEPT.httpsPort };

/** Writes a row, and tells how many there are. */
async function rows(): Promise<number> {
  const answer = await until("the API answers", 30, async () => {
    const one = await ask({ ...settings, path: "/api/db" });
    return one.status === 200 && one;
  });
  return (JSON.parse(answer.body) as { count: number }).count;
}

/** A later patch of the same image, as far as an engine can tell: another digest under another tag. */
async function patched(reference: string): Promise<string> {
  const tag = `${reference.split("@")[0] ?? ""}-patched`;
  await mustDocker(["build", "--quiet", "--tag", tag, "-"], {
    input: `FROM ${reference}\nLABEL io.rampart.e2e.patched=1\n`,
    env: { DOCKER_BUILDKIT: "0" },
    timeoutSeconds: 120,
  });
  await mustDocker(["push", "--quiet", tag]);
  const digests = (
    await mustDocker(["image", "inspect", "--format", "{{range .RepoDigests}}{{println .}}{{end}}", tag])
  ).split("\n");
  const repository = tag.slice(0, tag.lastIndexOf(":"));
  const digest = digests.find(
    (one) => one.startsWith(`${repository}@`) && !reference.endsWith(one.slice(one.indexOf("@"))),
  );
  if (digest === undefined) throw new Error(`no digest of ${tag} in ${digests.join(" ")}`);
  return `${tag}${digest.slice(digest.indexOf("@"))}`;
}

async function patchedImages(images: Images): Promise<Images> {
  const [postgres, redis, traefik] = [
    await patched(images.postgres),
    await patched(images.redis),
    await patched(images.traefik),
  ];
  return { ...images, postgres, redis, traefik };
}

/** The shell commands of the page itself, for this stack and without the `pulumi up` that follows them. */
function takeOverCommands(name: string): string {
  const page = readFileSync(join(REPOSITORY, "docs/operations.md"), "utf8");
  const block = /## Bring a stack up on a retained volume[\s\S]*?```sh\n(name=[\s\S]*?)```/.exec(page)?.[1];
  if (block === undefined) throw new Error("docs/operations.md has no commands for it");
  return block.replace(/^name=.*$/m, `name=${name}`).replace(/^pulumi up$/m, "");
}

const dataVolumes = ({ kept }: Context): Promise<string[]> => ids("volume", [`label=${LABEL.stack}=${kept.name}`]);
const DATA = ["rampart-e2e-kept-backups-repository", "rampart-e2e-kept-postgres-data", "rampart-e2e-kept-redis-data"];

/**
 * What is read before a destroy, and brought back after it: the repository's password, and the backups that it opens.
 */
const saved = { password: "", backups: [] as readonly string[] };
const BACKUP_PASSWORD = "backupPassword";

/** As docs/operations.md says of a stack whose volumes were kept: the same file, with the old password named. */
function onKeptData(images: Images): StackSettings {
  const settings = keptSettings(images);
  const database = settings["database"] as { readonly backups: object };
  return {
    ...settings,
    database: { ...database, backups: { ...database.backups, password: { config: BACKUP_PASSWORD } } },
  };
}

async function deploy(context: Context, changes: Parameters<typeof keptSettings>[1] = {}): Promise<void> {
  await context.kept.mustUp(keptSettings(context.images, changes));
}

export const kept: Suite<Context> = {
  name: "protected",
  stack: "kept",
  sequence: true,
  checks: [
    {
      name: "a stack whose data is protected deploys",
      critical: true,
      run: async (context) => {
        await context.kept.init();
        await deploy(context);
        expect((await rows()) === 1, "the database was not empty");
      },
    },
    {
      name: "new images of Postgres, Redis and the edge go through, and the data survives",
      run: async (context) => {
        const before = await rows();
        const images = await patchedImages(context.images);
        await deploy(context, { images });
        expect((await rows()) === before + 1, "rows are missing");
        const running = await containers(context.kept.name);
        const postgres = running.find((one) => kindOf(one) === "postgres");
        const wanted = (await mustDocker(["image", "inspect", "--format", "{{.Id}}", images.postgres])).trim();
        expect(postgres?.Image === wanted, `Postgres runs ${postgres?.Image}, not ${wanted}`);
      },
    },
    {
      name: "so do new settings of theirs, on the way back to the old images",
      run: async (context) => {
        const before = await rows();
        await deploy(context, { memoryMiB: 384, tls: "modern" });
        expect((await rows()) === before + 1, "rows are missing");
        const postgres = (await containers(context.kept.name)).find((one) => kindOf(one) === "postgres");
        expect(postgres?.HostConfig.Memory === 384 * 1024 * 1024, `Postgres has ${postgres?.HostConfig.Memory} bytes`);
      },
    },
    ...backupChecks,
    {
      name: "destroy refuses while the data is protected, and everything goes on serving",
      run: async ({ kept: stack }) => {
        const before = (await containers(stack.name)).map(nameOf).sort().join(" ");
        // As a user runs it: the preview refuses. With --skip-preview,
        // Pulumi would find the protection only at the volumes.
        const result = await stack.cli("destroy", ["--yes"], 180);
        expect(result.code !== 0 && /protect/.test(result.output), tail(result.output, 30));
        const after = (await containers(stack.name)).map(nameOf).sort().join(" ");
        expect(after === before, `of ${before} there remain ${after}`);
        await rows();
      },
    },
    {
      name: "destroy with the protection lifted keeps the data volumes, and nothing else",
      run: async (context) => {
        // As docs/operations.md says under "To keep the data": what opens the backups is read before it is gone.
        saved.password = (await context.kept.outputs()).backups?.password ?? "";
        saved.backups = await listBackups(context.kept.name);
        expect(
          saved.password.length >= 32 && saved.backups.length > 0,
          `a password of ${saved.password.length} characters, ${saved.backups.length} backups`,
        );
        const unprotected = await context.kept.cli("state", ["unprotect", "--all", "--yes"], 60);
        void unprotected;
        const result = await context.kept.destroy(["--ignore-protect"]);
        expect(result.code === 0, tail(result.output, 40));
        const left = await dataVolumes(context);
        expect(left.sort().join() === DATA.join(), `volumes left: ${left.join(" ")}`);
        const filter = [`label=${LABEL.stack}=${context.kept.name}`];
        expectNone(
          [...(await ids("container", filter)), ...(await ids("network", filter))],
          "containers and networks left behind",
        );
      },
    },
    {
      name: "a new up on the kept data stops at the roles, and says where to read on",
      run: async (context) => {
        context.kept.configure(keptSettings(context.images));
        await context.kept.setSecret(`rampart:${BACKUP_PASSWORD}`, saved.password);
        context.kept.configure(onKeptData(context.images));
        const result = await context.kept.up();
        expect(result.code !== 0, "it passed: then the next check and docs/operations.md are out of date");
        expectMatch(result.output, /rampart-e2e-kept-roles-migrator: [^\n]*docs\/operations\.md/, "the way out");
        expect(!/backup-store did not become healthy/.test(result.output), tail(result.output, 40));
        return `${result.seconds.toFixed(1)} s`;
      },
    },
    {
      name: "taking the roles over as docs/operations.md says brings the data and the old backups back",
      run: async (context) => {
        const adopted = await run("bash", ["-eu", "-o", "pipefail", "-c", takeOverCommands("rampart-e2e-kept")], {
          cwd: context.kept.directory,
          env: context.kept.env,
          timeoutSeconds: 120,
        });
        expect(adopted.code === 0, adopted.output);
        await context.kept.mustUp(onKeptData(context.images));
        const count = await rows();
        expect(count > 3, `${count} rows: the data is gone`);
        const found = await listBackups(context.kept.name);
        expectNone(
          saved.backups.filter((one) => !found.includes(one)),
          "backups of before the destroy that are not listed",
        );
        const preview = await context.kept.preview(["--expect-no-changes"]);
        expect(preview.code === 0, tail(preview.output, 40));
        return `${count} rows, ${found.length} backups`;
      },
    },
    {
      name: "and can be destroyed for good",
      run: async (context) => {
        const result = await context.kept.destroy(["--ignore-protect"]);
        expect(result.code === 0, tail(result.output, 40));
        for (const volume of await dataVolumes(context)) await docker(["volume", "rm", volume]);
        const left = await dataVolumes(context);
        expect(left.length === 0, left.join(" "));
      },
    },
  ],
};
