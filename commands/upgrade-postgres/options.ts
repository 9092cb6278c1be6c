import { imageFault, parseImage } from "../../hardening/container/image";
import { postgresMajor } from "../../hardening/postgres/upgrade/upgrade";
import { stackFileFor } from "../shared/common-options";
import { usageError, wrongOption, type UserError } from "../shared/errors";
import { anyText, type Input } from "../shared/options";

/** An image of PostgreSQL, and the major version that its tag names. */
interface PostgresImage {
  readonly image: string;
  readonly major: number;
}

export interface UpgradeOptions {
  readonly stack: string;
  readonly action: ({ readonly kind: "upgrade" } & PostgresImage) | { readonly kind: "abort" };
  /** Whether `--confirm` repeats the stack's name; without it nothing is changed. */
  readonly confirmed: boolean;
  readonly configFile: string | undefined;
}

const EXAMPLE = "postgres:17.6-alpine@sha256:…";

export const OPTIONS = {
  to: {
    value: "IMAGE",
    summary: `the image of the new version, such as ${EXAMPLE}; its tag begins with the major version`,
    read: (given: string, refusal: (allowed: string, fix?: string) => UserError): PostgresImage => {
      const fault = imageFault(given);
      if (fault !== undefined) throw refusal(`an image such as ${EXAMPLE}`, `The image is refused: ${fault}.`);
      const major = postgresMajor(parseImage(given)?.tag ?? "");
      if (major === undefined)
        throw refusal(`an image whose tag begins with PostgreSQL's major version, such as ${EXAMPLE}`);
      return { image: given, major };
    },
  },
  confirm: {
    value: "STACK",
    summary: "the stack's name again; without it only the checks run, and nothing is changed",
    read: anyText,
  },
  abort: { summary: "makes the old databases writable again, and removes what was prepared" },
  "config-file": stackFileFor("only for docker:host"),
} as const;

/** @throws UserError where options are missing or exclude each other */
export function upgradeOptions({ stack, options }: Input<typeof OPTIONS, "required">): UpgradeOptions {
  const { to, confirm, abort } = options;
  if (confirm !== undefined && confirm !== stack)
    throw wrongOption({ option: "--confirm", given: confirm, allowed: `'${stack}', the stack's name again` });
  const common = { stack, confirmed: confirm === stack, configFile: options["config-file"] };
  if (abort) {
    if (to !== undefined) throw usageError("--abort and --to exclude each other", "Name one of the two.");
    return { ...common, action: { kind: "abort" } };
  }
  if (to === undefined) throw wrongOption({ option: "--to", allowed: "the image of the new major version" });
  return { ...common, action: { kind: "upgrade", ...to } };
}
