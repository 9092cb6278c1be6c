/** What a rollback would do, from the stack's history and its file. */
import { readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { defined } from "../../../hardening/defined";
import { parseStackFile, PROJECT_FILE, type StackFile } from "../../../plan/stack-file";
import { UserError, wrongOption } from "../errors";
import { parseJson } from "../json";
import type { PulumiStack } from "../pulumi-stack";
import { mergeStackFile } from "../stack-config";
import { candidates, differs, keeping, updatesOf, type Update, wasDestroyed } from "./history";
import { imagesOf } from "./images";
import { oneWayMigration, type OneWay } from "./migration";
import { configurationOf, withConfiguration } from "./stack-text";

/** Updates that are looked through; Pulumi gives them by pages. */
const MOST_UPDATES = 200;
const HISTORY = ["stack", "history", "--json", "--page-size", `${MOST_UPDATES}`] as const;

export interface Rollback {
  readonly current: Update;
  readonly target: Update;
  /** The tracked file as it is, and as it would be. */
  readonly source: string;
  readonly text: string;
  /** The file that Pulumi would read. */
  readonly pulumiText: string;
  readonly before: StackFile;
  readonly after: StackFile;
  /** Whether the tracked file has changes that were never deployed. */
  readonly undeployed: boolean;
  /** Images that what runs now does not have. */
  readonly images: readonly string[];
}

/**
 * @param none where it is allowed, a stack that was destroyed, or never deployed, has no update
 * @throws UserError where the history cannot be read, or has no update unless that is allowed
 */
export async function readUpdates(
  pulumi: PulumiStack,
  { none = "refused" }: { readonly none?: "allowed" | "refused" } = {},
): Promise<readonly Update[]> {
  const { code, stdout, stderr } = await pulumi.ask(HISTORY);
  if (code !== 0)
    throw new UserError(`The history of stack ${pulumi.stack} could not be read: ${stderr.trim()}`, {
      hint: "Log in where its state is (`pulumi login`), and choose a stack that exists there (`pulumi stack ls`).",
    });
  const history = parseJson(stdout);
  if (none === "allowed" && wasDestroyed(history)) return [];
  const updates = updatesOf(history, { project: pulumi.file.project, defaults: projectDefaults(pulumi) });
  if (updates.length === 0 && none === "refused")
    throw new UserError(`Stack ${pulumi.stack} was never deployed: its history has no update.`);
  return updates;
}

/** The updates of another stack of the same project and backend; undefined where nobody can read them from here. */
export async function readOthersUpdates(pulumi: PulumiStack, stack: string): Promise<readonly Update[] | undefined> {
  const { code, stdout } = await pulumi.askOf(stack, HISTORY);
  if (code !== 0) return undefined;
  const updates = updatesOf(parseJson(stdout), { project: pulumi.file.project, defaults: projectDefaults(pulumi) });
  return updates.length === 0 ? undefined : updates;
}

const projectText = ({ root }: PulumiStack): { name: string; text: string } => ({
  name: PROJECT_FILE,
  text: readFileSync(join(root, PROJECT_FILE), "utf8"),
});

const projectDefaults = (pulumi: PulumiStack): Readonly<Record<string, string>> =>
  parseStackFile(pulumi.stack, { project: projectText(pulumi), stack: { name: "no file", text: "" } }).values;

/**
 * @param to how many configurations back. @throws UserError where there are not so many, or a migration stands in
 * the way
 */
export function planRollback(pulumi: PulumiStack, updates: readonly Update[], to: number): Rollback {
  const { project } = pulumi.file;
  const found = candidates(updates, project);
  const index = found[to - 1];
  const [current] = updates;
  const target = updates[index ?? -1];
  if (current === undefined || index === undefined || target === undefined) throw nothing(pulumi, found.length, to);
  const source = readFileSync(pulumi.sourceFile, "utf8");
  const file = configurationOf(source, project);
  const oneWay = oneWayMigration({ updates, target: index, file, project });
  if (oneWay !== undefined) throw acrossMigration(pulumi, oneWay);
  const text = withConfiguration(source, keeping(target.configuration, file, project), project);
  const deployed = withConfiguration(source, keeping(current.configuration, file, project), project);
  return {
    current,
    target,
    source,
    text,
    pulumiText: pulumiText(pulumi, text),
    before: stackFile(pulumi, deployed),
    after: stackFile(pulumi, text),
    undeployed: differs(file, current.configuration, project),
    images: imagesOf(target.configuration, project).filter(
      (image) => !imagesOf(current.configuration, project).includes(image),
    ),
  };
}

/**
 * The stack's file as it was at the last update that succeeded, with the secrets that it has now; undefined where there
 * is none.
 */
export function deployedFile(pulumi: PulumiStack, updates: readonly Update[]): StackFile | undefined {
  const { project } = pulumi.file;
  const last = updates.find(({ succeeded }) => succeeded);
  if (last === undefined) return undefined;
  return stackFile(pulumi, withConfiguration(readFileSync(pulumi.sourceFile, "utf8"), last.configuration, project));
}

function nothing({ stack }: PulumiStack, count: number, to: number): UserError {
  if (count === 0)
    return new UserError(
      `Stack ${stack} has no earlier configuration to go back to: no update succeeded before the one that it has now.`,
      { hint: "To go back by version control: `git revert <commit>`, then `pulumi up`." },
    );
  return wrongOption({ option: "--to", given: String(to), allowed: `1 to ${count}`, fix: "Use --list to see them." });
}

const acrossMigration = ({ stack, sourceName }: PulumiStack, { at, image, before }: OneWay): UserError =>
  new UserError(
    `The migration changed with the update of ${at} (${before} → ${image}), and does not say that the version before ` +
      "works with the database as it left it. Nothing was changed.",
    {
      hint:
        "Ways out:\n" +
        `  the version before works with it: set migration.reversible: true in ${sourceName}, and run the ` +
        `command again\n` +
        `  it does not: \`git revert\` the change, restore a backup from before it (\`npx rampart restore ` +
        `${stack}\`),\n` +
        "  then `pulumi up`. What was written since that backup is lost: docs/operations.md (Roll back)",
    },
  );

function pulumiText({ workspace, file: { project }, sourceName }: PulumiStack, source: string): string {
  if (workspace === undefined) return source;
  const { pulumiFile } = workspace;
  const kept = existsSync(pulumiFile) ? readFileSync(pulumiFile, "utf8") : undefined;
  return mergeStackFile({ project, source, sourceName, ...defined({ kept }) });
}

const stackFile = (pulumi: PulumiStack, text: string): StackFile =>
  parseStackFile(pulumi.stack, {
    project: projectText(pulumi),
    stack: { name: pulumi.sourceName, text: pulumiText(pulumi, text) },
  });
