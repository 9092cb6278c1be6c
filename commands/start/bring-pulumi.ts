import { createRequire } from "node:module";
import type * as Automation from "@pulumi/pulumi/automation";
import { messageOf } from "../shared/errors";
import type { Printer } from "../shared/output";
import { pulumiCandidates, versionsDirectory } from "../shared/pulumi-program";

const load = createRequire(__filename);

/** How the CLI may be brought. */
export interface Offer {
  /** The SDK's version, in which the CLI is brought. */
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly print: Printer;
  /** `--yes`: nobody is asked. */
  readonly yes: boolean;
  /** Asks a person; undefined where there is none, as in CI. Gives whether the person agreed. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  /** Downloads the CLI. @default the SDK's own way */
  readonly install?: () => Promise<void>;
}

/**
 * Brings the Pulumi CLI, if whoever runs the command agrees.
 * @returns whether it is there now
 */
export async function bringPulumi(offer: Offer): Promise<boolean> {
  const { version, env, print, yes, ask, install = installPulumi } = offer;
  const where = `${versionsDirectory(env)}/${version}`;
  if (!yes) {
    if (ask === undefined) {
      print.missing(`The Pulumi CLI ${version} is not here; \`npm start -- --yes\` downloads it to ${where}.`);
      return false;
    }
    const again = pulumiCandidates(env).length > 0 ? "is too old" : "is missing";
    if (!(await ask(`The Pulumi CLI ${again}. Download version ${version} from get.pulumi.com to ${where}? [Y/n] `)))
      return false;
  }
  print.progress(`  ..  downloading the Pulumi CLI ${version} from get.pulumi.com to ${where}`);
  try {
    await install();
    return true;
  } catch (error) {
    print.missing(`The Pulumi CLI could not be downloaded: ${reasonOf(messageOf(error))}`);
    return false;
  }
}

/** The line that says why: of the installer's script, the last thing that it wrote. */
function reasonOf(message: string): string {
  const script = /stderr: ([\s\S]*?)(?:\n err\?: |$)/.exec(message)?.[1];
  const lines = (script ?? message).split("\n").filter((line) => line.trim() !== "");
  return (script === undefined ? lines[0] : lines.at(-1))?.trim() ?? "no reason was given";
}

/** The SDK's own way: only now loaded, as it takes a second. */
async function installPulumi(): Promise<void> {
  const { PulumiCommand } = load("@pulumi/pulumi/automation") as typeof Automation;
  await PulumiCommand.install();
}
