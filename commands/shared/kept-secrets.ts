import { existsSync } from "node:fs";
import { join } from "node:path";
import { readStackFile, type StackFile } from "../../plan/stack-file";
import { statePaths } from "./state";

/**
 * A tracked file with the secrets that `npx rampart pulumi config set --secret` keeps beside the state of `npm start`:
 * they are in no tracked file, and without them a configuration that names them is refused. Nothing is decrypted.
 * @returns the file as it is where nothing is kept for its stack
 * @throws StackFileError where what is kept is not YAML
 */
export function withKeptSecrets(root: string, file: StackFile): StackFile {
  const path = join(statePaths(root).directory, `Pulumi.${file.stack}.yaml`);
  if (!existsSync(path)) return file;
  const kept = readStackFile(root, file.stack, path);
  const more = kept.secretKeys.filter((key) => !Object.hasOwn(file.values, key));
  return {
    ...file,
    values: { ...file.values, ...Object.fromEntries(more.map((key) => [key, kept.values[key] ?? ""])) },
    secretKeys: [...file.secretKeys, ...more],
  };
}
