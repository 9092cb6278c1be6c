import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { run, type RunResult } from "../e2e/lib/process";
import { REPOSITORY } from "../e2e/lib/pulumi";
import { must } from "./measure";

/** A Pulumi program of bare containers, with a backend of its own. */
export class BareProgram {
  private readonly directory: string;
  private readonly env: Record<string, string>;

  constructor(work: string, image: string, count: number) {
    this.directory = join(work, "bare");
    mkdirSync(join(this.directory, "state"), { recursive: true });
    symlinkSync(join(REPOSITORY, "node_modules"), join(this.directory, "node_modules"));
    writeFileSync(
      join(this.directory, "Pulumi.yaml"),
      stringify({ name: "bare", runtime: { name: "nodejs", options: { typescript: false } }, main: "index.js" }),
    );
    writeFileSync(
      join(this.directory, "index.js"),
      `const docker = require("@pulumi/docker");
const image = new docker.RemoteImage("app", { name: ${JSON.stringify(image)}, keepLocally: true });
for (let i = 0; i < ${count}; i += 1)
  new docker.Container(\`bare-\${i}\`, { image: image.imageId, command: ["frontend"] });
`,
    );
    this.env = {
      PULUMI_BACKEND_URL: `file://${join(this.directory, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "bench",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
  }

  private cli(args: readonly string[]): Promise<RunResult> {
    return run("pulumi", ["--non-interactive", "--color", "never", ...args], {
      cwd: this.directory,
      env: this.env,
      timeoutSeconds: 300,
    });
  }

  async up(): Promise<void> {
    must(await this.cli(["stack", "init", "bare"]));
    must(await this.cli(["up", "--yes", "--skip-preview"]));
  }

  preview(): Promise<RunResult> {
    return this.cli(["preview", "--expect-no-changes"]);
  }

  destroy(): Promise<RunResult> {
    return this.cli(["destroy", "--yes", "--skip-preview"]);
  }
}
