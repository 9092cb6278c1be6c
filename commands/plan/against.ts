import { existsSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { parseStackFile, PROJECT_FILE, readStackFile, stackFilePath, type StackFile } from "../../plan/stack-file";
import { usageError, type UserError } from "../shared/errors";
import { capture } from "../shared/run";

export interface AgainstArgs {
  readonly root: string;
  readonly stack: string;
  /** The stack's own file, as an absolute path. */
  readonly stackFile: string;
  /** A path to another stack's file, or a git revision that has this one. */
  readonly given: string;
  /** Where a relative path counts from. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** What to compare with. @throws UserError where it is neither a file nor a revision that has the stack's file */
export async function readAgainst(args: AgainstArgs): Promise<StackFile> {
  const { root, stack, given, cwd } = args;
  const path = resolve(cwd, given);
  if (existsSync(path) && statSync(path).isFile()) return readStackFile(root, stack, path);
  return readRevision(args);
}

async function readRevision({ root, stack, stackFile, given, env }: AgainstArgs): Promise<StackFile> {
  const git = (...args: string[]): ReturnType<typeof capture> => capture("git", ["-C", root, ...args], env);
  const revision = await git("rev-parse", "--verify", "--quiet", "--end-of-options", `${given}^{commit}`);
  const refused = (why: string): UserError =>
    usageError(
      `--against: given '${given}'; allowed: a stack's file, or a git revision that has ${relative(root, stackFile)}`,
      why,
    );
  if (revision.code === 127) throw refused("There is no such file, and git is not installed.");
  if (revision.code !== 0) throw refused("There is no such file, and no such revision in this repository.");
  const commit = revision.stdout.trim();
  const show = async (file: string): Promise<string | undefined> => {
    // `./` makes it a path from the project, wherever in the repository that lies.
    const path = relative(root, file).split(sep).join("/");
    const { code, stdout } = await git("show", `${commit}:./${path}`);
    return code === 0 ? stdout : undefined;
  };
  const text = await show(stackFile);
  if (text === undefined) throw refused(`The revision has no ${relative(root, stackFile)}.`);
  const project = join(root, PROJECT_FILE);
  return parseStackFile(stack, {
    project: { name: `${PROJECT_FILE} of ${given}`, text: (await show(project)) ?? readFileSync(project, "utf8") },
    stack: { name: `${relative(root, stackFile)} of ${given}`, text },
  });
}

/** The file that a plan of the stack is made from. @param given from `cwd`. @default Pulumi.<stack>.yaml */
export const stackFileOf = (root: string, stack: string, given: string | undefined, cwd: string): string =>
  given === undefined ? stackFilePath(root, stack) : resolve(cwd, given);
