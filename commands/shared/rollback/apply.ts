import { basename, join, relative } from "node:path";
import { rmSync, writeFileSync } from "node:fs";
import type { Printer } from "../output";
import type { PulumiStack } from "../pulumi-stack";
import { UserError } from "../errors";
import { makePrivateDirectory, statePaths, writePrivateFile } from "../state";
import { prepareWorkspace } from "../workspace";
import type { Rollback } from "./plan";

/** Where the file to be previewed lies, and the files as they were before a rollback. Git ignores it. */
const directoryOf = ({ root }: PulumiStack): string => join(statePaths(root).directory, "rollback");

/** Pulumi's own preview with the earlier configuration. @throws UserError where it fails */
export async function preview(pulumi: PulumiStack, { pulumiText }: Rollback): Promise<void> {
  const directory = directoryOf(pulumi);
  makePrivateDirectory(statePaths(pulumi.root).directory);
  makePrivateDirectory(directory);
  const file = join(directory, `Pulumi.${pulumi.stack}.yaml`);
  writePrivateFile(file, pulumiText);
  try {
    const code = await pulumi.show(["preview", "--diff=false"], file);
    if (code !== 0) throw new UserError(`The preview ended with ${code}; its messages are above. Nothing was changed.`);
  } finally {
    rmSync(file, { force: true });
  }
}

/** A file name's time: `20261127T120000Z`. */
const stamp = (now: Date): string => now.toISOString().replace(/[-:]|\.\d+/g, "");

/**
 * Writes the earlier values into the tracked file, and deploys it. The file comes first: whatever becomes of the
 * update, the next `pulumi up` continues with what was wanted.
 * @throws UserError where the update fails
 */
export async function apply(pulumi: PulumiStack, rollback: Rollback, print: Printer, now = new Date()): Promise<void> {
  const { root, sourceFile, sourceName, workspace, stack } = pulumi;
  const copy = join(directoryOf(pulumi), `${stamp(now)}-${basename(sourceFile)}`);
  writePrivateFile(copy, rollback.source);
  writeFileSync(sourceFile, rollback.text);
  if (workspace !== undefined) prepareWorkspace(workspace);
  print.progress(`${sourceName} has the earlier values now; as it was: ${relative(root, copy)}`);
  const message = `rampart rollback to ${rollback.target.at}`;
  const code = await pulumi.show(["up", "--yes", "--skip-preview", "--message", message]);
  if (code !== 0)
    throw new UserError(`The update ended with ${code}; its messages are above.`, {
      hint:
        `${sourceName} has the earlier values: \`${pulumi.command("up")}\` continues. To stay with what was deployed ` +
        `before, put ${relative(root, copy)} in its place, and run \`${pulumi.command("up")}\`.`,
    });
  print.result(
    [
      `Stack ${stack} has the configuration of ${rollback.target.at} again.`,
      `Commit ${sourceName}, or the next deployment from version control brings the newer one back:`,
      `  git commit --message "Roll ${stack} back" -- ${sourceName}`,
    ].join("\n"),
  );
}
