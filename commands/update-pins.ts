import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { IMAGE_PINS } from "../config/images";
import { jsonText } from "../config/text";
import { RegistryRepository, type RegistryLogin } from "../engine/registry-client";
import { registryOf } from "../hardening/container/image";
import { defined } from "../hardening/defined";
import { readStackFile, stackFilePath } from "../plan/stack-file";
import { command, type Context } from "./shared/command";
import { configFile } from "./shared/common-options";
import { usageError } from "./shared/errors";
import { dockerLogin, stackLogin } from "./shared/registry-logins";
import { consent } from "./shared/terminal";
import { isOutdated, lookAt, type PinReport } from "./update-pins/look";
import { ownPins, stackPins, withPins, type Pin } from "./update-pins/pins";
import { renderPins } from "./update-pins/render";

export const updatePins = command({
  name: "update-pins",
  summary: "asks the registries for newer versions of the pinned images, and writes them",
  about:
    "Shows for each image of a stack's file whether its registry has a newer version of the same line, or another " +
    "digest for the same tag, and asks. Then it writes tags and digests into the file, and leaves every other byte " +
    "as it is. A line is a major version; of HAProxy, nginx, Python and a few others, and before 1.0, it is the " +
    "first two numbers. Nothing moves to another line by itself. Without a stack, in a clone of Rampart: Rampart's " +
    "own images. Registries are asked with the stack's logins, where Pulumi can open them here, else with those of " +
    "the Docker CLI.",
  stack: "optional",
  options: {
    "config-file": configFile("the stack's file (default: Pulumi.<stack>.yaml)"),
    check: { summary: "only looks, and ends with 1 if there is something newer" },
    yes: { short: "y", summary: "writes, and does not ask" },
    json: { summary: "prints { file, pins, written } for tools; writes only with --yes" },
  },
  run: async (context, { stack, options }) => {
    const { print } = context;
    const target = targetOf(context, stack, options["config-file"]);
    const logins = await loginsOf(context, target.pins, { stack, configFile: options["config-file"] });
    const reports = await lookAt(
      target.pins,
      (repository) => new RegistryRepository(repository, logins.get(registryOf(repository))),
    );
    if (!options.json) print.result(renderPins(target.shown, reports));
    const outdated = reports.filter(isOutdated);
    const unknown = reports.filter(({ status }) => status === "unknown");
    const agreed =
      !options.check && outdated.length > 0 && (options.yes || (!options.json && (await agrees(context, outdated))));
    if (agreed) write(target, outdated);
    if (options.json) print.result(jsonText({ file: target.shown, pins: reports, written: agreed }));
    else if (agreed) print.ok(`${outdated.length} written into ${target.shown}. ${target.next}`);
    if (unknown.length > 0 && !options.json)
      print.error(
        `${unknown.length} of ${reports.length} images could not be looked up.`,
        "For a private image: `docker login <registry>`, then run the command again.",
      );
    return unknown.length > 0 || (options.check && outdated.length > 0) ? 1 : 0;
  },
});

interface Target {
  readonly path: string;
  /** As the user knows it. */
  readonly shown: string;
  readonly pins: readonly Pin[];
  /** What to do after the file was written. */
  readonly next: string;
}

/** @throws UserError where it is not clear which file is meant; StackFileError where the stack's file is none */
function targetOf({ root, cwd }: Context, stack: string | undefined, configFile: string | undefined): Target {
  const own = join(root, "config/images.ts");
  if (stack === undefined && configFile === undefined) {
    if (!existsSync(own))
      throw usageError("Name a stack.", "Only in a clone of Rampart are there images without a stack.");
    const next = "Read the release notes, then run `npm test` and the end-to-end tests.";
    return { path: own, shown: "config/images.ts", pins: ownPins(IMAGE_PINS), next };
  }
  const path = configFile === undefined ? stackFilePath(root, stack ?? "") : resolve(cwd, configFile);
  // For its errors: a file that Pulumi would not read is not written.
  readStackFile(root, stack ?? "dev", path);
  const next = `Read the release notes, then: \`npx rampart plan ${stack ?? "<stack>"}\`, \`pulumi up\`.`;
  return { path, shown: relative(root, path), pins: stackPins(readFileSync(path, "utf8")), next };
}

/** A login for each registry that has one: the stack's own, else the Docker CLI's. */
async function loginsOf(
  context: Context,
  pins: readonly Pin[],
  { stack, configFile }: { readonly stack: string | undefined; readonly configFile: string | undefined },
): Promise<ReadonlyMap<string, RegistryLogin>> {
  const logins = new Map<string, RegistryLogin>();
  for (const registry of new Set(pins.map(({ repository }) => registryOf(repository)))) {
    const own =
      stack === undefined ? undefined : await stackLogin(context, { stack, ...defined({ configFile }) }, registry);
    const login = own ?? (await dockerLogin(registry, context.env));
    if (login !== undefined) logins.set(registry, login);
  }
  return logins;
}

async function agrees({ print, env }: Context, outdated: readonly PinReport[]): Promise<boolean> {
  const ask = consent(env);
  if (ask !== undefined) return ask(`Write ${outdated.length} of them? [y/N] `);
  print.progress("Nothing was written. To do it, add --yes.");
  return false;
}

function write({ path }: Target, outdated: readonly PinReport[]): void {
  const changes = outdated.map(({ image, tag, digest, newTag = tag, newDigest = digest }) => ({
    pin: { repository: image, tag, digest },
    tag: newTag,
    digest: newDigest,
  }));
  writeFileSync(path, withPins(readFileSync(path, "utf8"), changes));
}
