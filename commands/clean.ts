import { readFileSync } from "node:fs";
import { disk, type DiskConfig } from "../config/schema/disk";
import { IMAGE_PINS } from "../config/images";
import type { DockerClient } from "../engine/docker";
import { freeSpace } from "../engine/free-space";
import { familiarDigest, repositoryOf } from "../hardening/container/image";
import { defined } from "../hardening/defined";
import { GIB, sizeText } from "../hardening/disk/free-space";
import { buildCache, pruneBuildCache, readImages, removeImage, type EngineImage } from "./clean/engine";
import { imageHistory } from "./clean/needed";
import { counted, going, renderClean, type CleanReport } from "./clean/report";
import { select, type OtherStack } from "./clean/select";
import { command, type Context } from "./shared/command";
import { configFile } from "./shared/common-options";
import { diskSettings } from "./shared/disk-settings";
import { requiredEngine } from "./shared/engine-host";
import { openPulumiStack, type PulumiStack } from "./shared/pulumi-stack";
import { readOthersUpdates, readUpdates } from "./shared/rollback/plan";
import { configurationOf } from "./shared/rollback/stack-text";
import { consent } from "./shared/terminal";

export const clean = command({
  name: "clean",
  summary: "removes old images of the stack that neither a container nor a rollback needs",
  about:
    "Shows which images of the stack's earlier configurations can go, and asks. An image stays while a container on " +
    "the engine has it, while one of the last configurations does (disk.keepConfigurations), and for some days after " +
    "the stack last had it (disk.keepDays; not where less than disk.minFreeGiB is free). Images of other stacks and " +
    "of other programs stay.",
  stack: "required",
  options: {
    yes: { short: "y", summary: "removes, and does not ask" },
    json: { summary: "prints { stack, free, images, removed, … } for tools; removes only with --yes" },
    "build-cache": {
      summary: "also prunes the engine's build cache, which is not the stack's only, by disk.keepDays",
    },
    "config-file": configFile("the stack's file (default: the one of the last start, else Pulumi.<stack>.yaml)"),
  },
  run: async (context, { stack, options }) => {
    const { print, env } = context;
    const pulumi = await openPulumiStack(context, {
      stack,
      readOnly: true,
      ...defined({ configFile: options["config-file"] }),
    });
    const engine = await requiredEngine(pulumi.file, env);
    const settings = diskSettings(pulumi.file);
    const report = await look(pulumi, engine, { settings, cache: options["build-cache"] });
    if (!options.json) print.result(renderClean(report));
    const agreed = options.yes || (!options.json && (await agrees(context, report)));
    const done = agreed ? await remove(engine, report, settings) : NOTHING_DONE;
    if (options.json) print.result(JSON.stringify({ ...report, ...done }, undefined, 2));
    else if (agreed) tell(context, done);
    return done.failed.length === 0 ? 0 : 1;
  },
});

interface Done {
  readonly removed: readonly string[];
  readonly failed: readonly { readonly image: string; readonly error: string }[];
  /** What the build cache gave back, in Docker's words. */
  readonly pruned?: string;
  /** Bytes; absent where nobody could tell. */
  readonly freeAfter?: number;
}

const NOTHING_DONE: Done = { removed: [], failed: [] };

async function look(
  pulumi: PulumiStack,
  engine: DockerClient,
  { settings, cache }: { readonly settings: DiskConfig; readonly cache: boolean },
): Promise<CleanReport> {
  const now = new Date();
  const { stack } = pulumi;
  const { project } = pulumi.file;
  const updates = await readUpdates(pulumi);
  const images = await readImages(engine);
  const free = await freeSpace(engine, { stack });
  // Room that an update asks for goes before images that only may be wanted.
  const short = free !== undefined && free < settings.minFreeGiB * GIB;
  const keepDays = short ? 0 : settings.keepDays;
  const file = configurationOf(readFileSync(pulumi.sourceFile, "utf8"), project);
  const own = imageHistory({ project, updates, file }, { ...settings, keepDays, now });
  const others = await otherStacks(pulumi, images, now);
  return {
    stack,
    engine: engine.host,
    ...defined({ free, buildCache: cache ? ((await buildCache(engine)) ?? "an unknown size") : undefined }),
    images: select({ images, own, others, ownRepositories: OWN_REPOSITORIES, stack, keepDays, now }),
    notes: [
      ...(short
        ? [`Less than ${settings.minFreeGiB} GiB are free (disk.minFreeGiB): disk.keepDays does not count.`]
        : []),
      ...(free === undefined ? ["How much is free on the engine's disk could not be told."] : []),
    ],
  };
}

const OWN_REPOSITORIES = Object.values(IMAGE_PINS).map((pin) => repositoryOf(familiarDigest(pin) ?? pin));

/** What the other stacks on the engine may want, each by its own settings. */
async function otherStacks(pulumi: PulumiStack, images: readonly EngineImage[], now: Date): Promise<OtherStack[]> {
  const names = [...new Set(images.flatMap(({ users }) => users))].filter((name) => name !== undefined);
  const { project } = pulumi.file;
  return Promise.all(
    names
      .filter((name) => name !== pulumi.stack)
      .sort()
      .map(async (stack): Promise<OtherStack> => {
        const updates = await readOthersUpdates(pulumi, stack);
        const settings = disk.safeParse(updates?.[0]?.configuration[`${project}:disk`] ?? {});
        if (updates === undefined || !settings.success) return { stack, history: undefined };
        return { stack, history: imageHistory({ project, updates }, { ...settings.data, now }) };
      }),
  );
}

/** Whether somebody says that it is to be done. */
async function agrees({ print, env }: Context, report: CleanReport): Promise<boolean> {
  const count = going(report).length;
  if (count === 0 && report.buildCache === undefined) return false;
  const ask = consent(env);
  if (ask === undefined) {
    print.progress("Nothing was removed. To do it, add --yes.");
    return false;
  }
  const what = [
    ...(count > 0 ? [counted(count).toLowerCase()] : []),
    ...(report.buildCache ? ["old build cache"] : []),
  ];
  return ask(`Remove ${what.join(" and ")}? [y/N] `);
}

async function remove(engine: DockerClient, report: CleanReport, { keepDays }: DiskConfig): Promise<Done> {
  // First: an engine that refuses this has not lost an image.
  const pruned = report.buildCache === undefined ? undefined : await pruneBuildCache(engine, keepDays);
  const removed: string[] = [];
  const failed: { readonly image: string; readonly error: string }[] = [];
  for (const { image } of going(report)) {
    const error = await removeImage(engine, image);
    if (error === undefined) removed.push(image);
    else failed.push({ image, error });
  }
  const after = await freeSpace(engine, { stack: report.stack });
  return { removed, failed, ...defined({ pruned, freeAfter: after }) };
}

function tell({ print }: Context, { removed, failed, pruned, freeAfter }: Done): void {
  for (const { image, error } of failed) print.missing(`${image} stays: ${error}`);
  const now = freeAfter === undefined ? "" : ` ${sizeText(freeAfter)} are free now.`;
  if (pruned !== undefined) print.ok(`the build cache gave back ${pruned}`);
  print.ok(`${counted(removed.length).toLowerCase()} removed.${now}`);
}
