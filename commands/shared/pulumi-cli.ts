import { readFileSync } from "node:fs";
import { join } from "node:path";
import { field, parseJson, text } from "./json";

/** Where the Pulumi CLI comes from. */
export const PULUMI_INSTALL = "`curl -fsSL https://get.pulumi.com | sh` or https://www.pulumi.com/docs/install/";

/** @param floor the oldest CLI that will do */
export const missingPulumi = (floor: string): string =>
  `The Pulumi CLI (\`pulumi\`) is missing: install version ${floor} or later (${PULUMI_INSTALL})`;

/** The command that runs Pulumi on a stack of `npm start`, to be named in a sentence. */
export const pulumiCommand = (stack: string, command: string): string =>
  `npx rampart pulumi ${command}${stack === "dev" ? "" : ` --stack ${stack}`}`;

/** The version of one of Pulumi's packages, as the project has it installed. */
export function packageVersion(root: string, name: string): string {
  const manifest = parseJson(readFileSync(join(root, "node_modules", "@pulumi", name, "package.json"), "utf8"));
  return text(field(manifest, "version")) ?? "unknown";
}
