import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { must, run, tail, type RunResult } from "./process";

export const REPOSITORY = join(__dirname, "../../..");

export type StackSettings = Readonly<Record<string, unknown>>;

/** The outputs of `index.ts`. */
export interface Outputs {
  readonly urls: readonly string[];
  readonly networks: Readonly<Record<string, string>>;
  readonly database?: {
    readonly host: string;
    readonly port: number;
    readonly name: string;
    readonly schema: string;
    readonly superuser: string;
    readonly superuserPassword: string;
    readonly ca: string;
    readonly passwords: Readonly<Record<string, string>>;
    readonly elevations?: Readonly<Record<string, string>>;
  };
  /** Passwords of management surfaces, by user. */
  readonly access?: Readonly<Record<string, string>>;
  readonly backups?: { readonly repository: string; readonly password: string };
  /** In PEM; of a self-signed stack. */
  readonly certificateAuthority?: string;
}

/** A stack as its user has it: the Pulumi CLI in the repository, a configuration file, a file backend, a passphrase. */
export class Stack {
  readonly directory: string;
  readonly backend: string;
  private readonly configFile: string;
  /** What the CLI needs to find the stack, for commands of a test's own. */
  readonly env: Record<string, string>;
  private encryption = "";
  /** Encrypted values that the CLI wrote, by key: `configure` writes the file again. */
  private readonly secrets: Record<string, unknown> = {};

  constructor(
    readonly name: string,
    work: string,
  ) {
    this.directory = join(work, name);
    this.backend = join(this.directory, "state");
    this.configFile = join(this.directory, `Pulumi.${name}.yaml`);
    this.env = {
      PULUMI_STACK: name,
      PULUMI_BACKEND_URL: `file://${this.backend}`,
      PULUMI_CONFIG_PASSPHRASE: "end-to-end, and nowhere else",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
  }

  /** The stack's file. */
  get file(): string {
    return this.configFile;
  }

  /** Made beside a copy of Pulumi.yaml, as the CLI would write the encryption salt into the repository. */
  async init(): Promise<void> {
    mkdirSync(this.backend, { recursive: true });
    writeFileSync(join(this.directory, "Pulumi.yaml"), readFileSync(join(REPOSITORY, "Pulumi.yaml")));
    // Never run from here; the CLI only wants it to be there.
    writeFileSync(join(this.directory, "index.ts"), "");
    await must(
      "pulumi",
      ["--non-interactive", "stack", "init", this.name, "--no-select", "--secrets-provider", "passphrase"],
      { env: this.env, cwd: this.directory },
    );
    this.encryption = readFileSync(this.configFile, "utf8");
  }

  configure(settings: StackSettings): void {
    const config = Object.fromEntries(Object.entries(settings).map(([key, value]) => [`rampart:${key}`, value]));
    writeFileSync(this.configFile, `${this.encryption}${stringify({ config: { ...config, ...this.secrets } })}`);
  }

  /**
   * `pulumi config set --secret`: the value is encrypted into the stack's file,
   * and stays there whatever is configured later.
   */
  async setSecret(key: string, value: string): Promise<void> {
    await must(
      "pulumi",
      ["--non-interactive", "config", "set", "--secret", "--stack", this.name, "--config-file", this.configFile, key],
      { env: this.env, cwd: REPOSITORY, input: value },
    );
    const written = parse(readFileSync(this.configFile, "utf8")) as {
      readonly config: Readonly<Record<string, unknown>>;
    };
    this.secrets[key] = written.config[key];
  }

  /** The next configuration has none of the secrets that were set: a key that nothing names is a fault. */
  forgetSecrets(): void {
    for (const key of Object.keys(this.secrets)) delete this.secrets[key];
  }

  up(args: readonly string[] = [], timeoutSeconds = 240, interrupt?: AbortSignal): Promise<RunResult> {
    return this.cli("up", ["--yes", "--skip-preview", ...args], timeoutSeconds, interrupt);
  }

  preview(args: readonly string[] = []): Promise<RunResult> {
    return this.cli("preview", args, 120);
  }

  destroy(args: readonly string[] = [], timeoutSeconds = 180): Promise<RunResult> {
    return this.cli("destroy", ["--yes", "--skip-preview", ...args], timeoutSeconds);
  }

  /** `up` that must succeed. */
  async mustUp(settings: StackSettings, args: readonly string[] = []): Promise<RunResult> {
    this.configure(settings);
    const result = await this.up(args);
    if (result.code !== 0) throw new Error(`pulumi up failed:\n${tail(result.output, 60)}`);
    return result;
  }

  async outputs(): Promise<Outputs> {
    return JSON.parse(
      await must("pulumi", ["--non-interactive", "stack", "output", "--json", "--show-secrets", "--stack", this.name], {
        env: this.env,
        cwd: this.directory,
      }),
    ) as Outputs;
  }

  /** Everything that was ever written of this stack, to look for secrets in. */
  async written(): Promise<string> {
    return must("bash", ["-c", 'find "$1" -type f -print0 | xargs -0 cat', "-", this.directory]);
  }

  async cli(
    command: string,
    args: readonly string[],
    timeoutSeconds: number,
    interrupt?: AbortSignal,
  ): Promise<RunResult> {
    const result = await run(
      "pulumi",
      [
        "--non-interactive",
        "--color",
        "never",
        command,
        "--stack",
        this.name,
        "--config-file",
        this.configFile,
        ...args,
      ],
      {
        env: this.env,
        cwd: REPOSITORY,
        timeoutSeconds,
        ...(interrupt === undefined ? {} : { interrupt }),
      },
    );
    this.log += `\n$ pulumi ${command} ${args.join(" ")}\n${result.output}`;
    return result;
  }

  /** What every command printed: a user's terminal and CI log. */
  log = "";
}
