import { readFileSync } from "node:fs";
import { field, parseJson, text } from "./json";

/** Where the Pulumi CLI comes from. */
export const PULUMI_INSTALL = "`curl -fsSL https://get.pulumi.com | sh` or https://www.pulumi.com/docs/install/";

/** @param floor the oldest CLI that will do */
export const missingPulumi = (floor: string): string =>
  `The Pulumi CLI (\`pulumi\`) is missing: install version ${floor} or later (${PULUMI_INSTALL})`;

/** The command that runs Pulumi on a stack of `npm start`, to be named in a sentence. */
export const pulumiCommand = (stack: string, command: string): string =>
  `npx rampart pulumi ${command}${stack === "dev" ? "" : ` --stack ${stack}`}`;

/**
 * The version of one of Pulumi's packages, as the project has it installed, or as Rampart has where the project has
 * not.
 */
export function packageVersion(root: string, name: string): string {
  const path = require.resolve(`@pulumi/${name}/package.json`, { paths: [root, __dirname] });
  const manifest = parseJson(readFileSync(path, "utf8"));
  return text(field(manifest, "version")) ?? "unknown";
}
