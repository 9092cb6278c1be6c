import type { ProviderArgs } from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { defined } from "../hardening/defined";
import { formOfEnvironment, withPulumiForm } from "./commands";
import { ConfigError } from "./faults";
import { loadConfig, type LoadedConfig } from "./load";
import { isOthers, NAMESPACE, UNREADABLE, type RawConfig } from "./raw";
import type { SecretReference } from "./schema/secret";
import type { SecretFrom } from "./schema/secret-source";
import { sourceId } from "./sources/arguments";
import { readHere, readSources, UNKNOWN_SECRET, type SourcedValue } from "./sources/read";
import { sourcedSecrets } from "./sources/secrets";

// Exported at run time, marked @internal in the types: `Config.get` of a secret key would warn on every run instead.
const runtime = pulumi.runtime as unknown as {
  readonly isConfigSecret: (key: string) => boolean;
  readonly getMonitor: () => object | undefined;
};

/** The running stack's raw configuration: the only place that reads Pulumi's. */
export function readRawConfig(): RawConfig {
  const all = pulumi.runtime.allConfig();
  const prefix = `${NAMESPACE}:`;
  const keys = Object.keys(all).filter((key) => key.startsWith(prefix));
  const values = Object.fromEntries(keys.map((key) => [key.slice(prefix.length), all[key] ?? ""]));
  const secretKeys = keys.filter((key) => runtime.isConfigSecret(key)).map((key) => key.slice(prefix.length));
  const others = Object.fromEntries(Object.entries(all).filter(([key]) => isOthers(key, pulumi.getProject())));
  return { stack: pulumi.getStack(), values, secretKeys, others };
}

/**
 * The last configuration that was valid. It holds no secret;
 * the key does, as Pulumi's own configuration in this process.
 */
let last: { readonly key: string; readonly config: LoadedConfig } | undefined;

/**
 * Reads and validates the running stack's configuration. While Pulumi's does not change, everybody who asks is given
 * the same: the program, and the plan that judges what the program declared.
 * @throws pulumi.RunError, which the engine shows without a stack trace, naming every fault
 */
export function loadStackConfig(): LoadedConfig {
  try {
    const raw = readRawConfig();
    // A preview and a plan change nothing.
    const deploys = !pulumi.runtime.isDryRun();
    const key = JSON.stringify([raw, deploys]);
    if (last?.key !== key) {
      const config = loadConfig(raw, { whole: true, deploys });
      const values = readSourced(config, deploys);
      // Once more, as only now the values can be judged.
      if (values.size > 0) loadConfig({ ...raw, sourced: values }, { whole: true, deploys });
      last = { key, config };
    }
    return last.config;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new pulumi.RunError(withPulumiForm(message, formOfEnvironment(pulumi.getStack(), process.env)));
  }
}

/** What other programs keep, by source: like Pulumi's own configuration, in this process only. */
const sourced = new Map<string, SourcedValue>();

/**
 * Whether Pulumi's engine is there, which a plan and a test only play: the engine's client can be waited for, and the
 * mocks cannot. Without an engine no program is run for a secret, as nothing would be given the secret.
 */
const hasEngine = (): boolean => typeof Reflect.get(runtime.getMonitor() ?? {}, "waitForReady") === "function";

/**
 * The values that were read, by source.
 * @throws ConfigError with what could not be read, before anything is registered
 */
function readSourced(config: LoadedConfig, deploys: boolean): ReadonlyMap<string, string> {
  const secrets = sourcedSecrets(config);
  if (secrets.length === 0 || !hasEngine()) return new Map();
  const { values, faults, warnings } = readSources(secrets, readHere, deploys);
  if (faults.length > 0) throw new ConfigError(config.stack, faults);
  for (const warning of warnings) void pulumi.log.warn(warning);
  for (const [id, value] of values) sourced.set(id, value);
  return new Map([...values].flatMap(([id, value]) => (value === UNKNOWN_SECRET ? [] : [[id, value]])));
}

/**
 * A secret that another program keeps; it never exists outside of an output. In a plan it is one that nobody reads.
 * @throws Error where the configuration that names the source was not loaded by `loadStackConfig`
 */
export function sourcedSecret(from: SecretFrom): pulumi.Output<string> {
  if (!hasEngine()) return pulumi.secret(UNREADABLE);
  const value = sourced.get(sourceId(from));
  if (value === undefined) throw new Error("a secret from elsewhere is read by loadStackConfig, which did not see it");
  return pulumi.secret(value === UNKNOWN_SECRET ? unknownText() : value);
}

/** Known to nobody before the deployment: the engine shows what follows from it as what may change. */
const unknownText = (): pulumi.Output<string> => pulumi.output(pulumi.unknown as unknown as string);

/** A secret that somebody else issued, wherever its value is. */
export const secretOf = (secret: SecretReference): pulumi.Output<string> =>
  "from" in secret ? sourcedSecret(secret.from) : configSecret(secret.config);

/** A secret from the configuration; it never exists outside of an output. */
export function configSecret(key: string): pulumi.Output<string> {
  return new pulumi.Config(NAMESPACE).requireSecret(key);
}

/**
 * What the stack sets under `docker:`, for a provider that is made beside the default one: only the default one reads
 * the keys.
 */
export function dockerSettings(): Pick<
  ProviderArgs,
  "host" | "context" | "certPath" | "sshOpts" | "caMaterial" | "certMaterial" | "keyMaterial"
> {
  const config = new pulumi.Config("docker");
  return defined({
    host: config.get("host"),
    context: config.get("context"),
    certPath: config.get("certPath"),
    sshOpts: config.getObject<string[]>("sshOpts"),
    caMaterial: config.getSecret("caMaterial"),
    certMaterial: config.getSecret("certMaterial"),
    keyMaterial: config.getSecret("keyMaterial"),
  });
}

/** The Docker provider's own `docker:host`, where the stack sets it. */
export function dockerHost(): string | undefined {
  return new pulumi.Config("docker").get("host");
}
