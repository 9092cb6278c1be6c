import { readFileSync } from "node:fs";
import { pulumiCommandLine, type PulumiForm } from "../../config/commands";
import { field, parseJson, text } from "./json";

/** Where the Pulumi CLI comes from. */
export const PULUMI_INSTALL = "`curl -fsSL https://get.pulumi.com | sh` or https://www.pulumi.com/docs/install/";

/** @param floor the oldest CLI that will do */
export const missingPulumi = (floor: string): string =>
  `The Pulumi CLI (\`pulumi\`) is missing: install version ${floor} or later (${PULUMI_INSTALL})`;

/** A stack of `npm start`, and the file that it is deployed from as the user names it. */
export interface StartedStack {
  readonly stack: string;
  readonly sourceName: string;
}

/** How a person runs Pulumi on a stack of `npm start`. */
export const startedForm = ({ stack, sourceName }: StartedStack): PulumiForm => ({
  program: "npx rampart pulumi",
  stack,
  ...(sourceName === `Pulumi.${stack}.yaml` ? {} : { configFile: sourceName }),
});

/** The command that runs Pulumi on a stack of `npm start`, to be named in a sentence. */
export const pulumiCommand = (started: StartedStack, command: string): string =>
  pulumiCommandLine(startedForm(started), command);

/**
 * The version of one of Pulumi's packages, as the project has it installed, or as Rampart has where the project has
 * not.
 */
export function packageVersion(root: string, name: string): string {
  const path = require.resolve(`@pulumi/${name}/package.json`, { paths: [root, __dirname] });
  const manifest = parseJson(readFileSync(path, "utf8"));
  return text(field(manifest, "version")) ?? "unknown";
}
