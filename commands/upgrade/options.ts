import { parseArgs } from "node:util";
import { isStackName } from "../../config/stack-name";
import { imageFault, parseImage } from "../../hardening/container/image";
import { postgresMajor } from "../../hardening/postgres/upgrade/upgrade";
import { UsageError } from "../start/options";

export interface UpgradeOptions {
  readonly stack: string;
  readonly action:
    { readonly kind: "upgrade"; readonly image: string; readonly major: number } | { readonly kind: "abort" };
  /** Whether `--confirm` repeats the stack's name; without it nothing is changed. */
  readonly confirmed: boolean;
  readonly configFile?: string;
}

/** The options of `npm run upgrade-postgres`; undefined where help is asked for. @throws UsageError for anything else */
export function parseUpgradeOptions(args: readonly string[]): UpgradeOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  const [stack, ...rest] = positionals;
  if (stack === undefined || rest.length > 0) throw new UsageError("name one stack");
  if (!isStackName(stack)) throw new UsageError(`'${stack}' is not a stack's name`);
  if (values.confirm !== undefined && values.confirm !== stack)
    throw new UsageError(`--confirm: given '${values.confirm}'; allowed: '${stack}', the stack's name again`);
  const common = {
    stack,
    confirmed: values.confirm === stack,
    ...(values["config-file"] === undefined ? {} : { configFile: values["config-file"] }),
  };
  if (values.abort === true) {
    if (values.to !== undefined) throw new UsageError("--abort and --to exclude each other");
    return { ...common, action: { kind: "abort" } };
  }
  if (values.to === undefined) throw new UsageError("--to is missing: the image of the new major version");
  const fault = imageFault(values.to);
  if (fault !== undefined) throw new UsageError(`--to: given '${values.to}': ${fault}`);
  const major = postgresMajor(parseImage(values.to)?.tag ?? "");
  if (major === undefined)
    throw new UsageError(
      `--to: given '${values.to}'; allowed: an image whose tag begins with PostgreSQL's major version, such as postgres:17.6-alpine@sha256:…`,
    );
  return { ...common, action: { kind: "upgrade", image: values.to, major } };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        to: { type: "string" },
        confirm: { type: "string" },
        abort: { type: "boolean" },
        "config-file": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
