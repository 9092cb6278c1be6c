/** How each program is asked for a secret. Nothing here is run by a shell, and nothing here is a secret. */
import type { SecretFrom } from "../schema/secret-source";

/** A program and its arguments. */
export type CommandLine = readonly [program: string, ...words: string[]];

/** Source: each program's own documentation of the command; docs/secrets.md has the versions. */
export function commandOf(source: SecretFrom): CommandLine {
  if ("sops" in source) return ["sops", "--decrypt", "--extract", sopsPath(source.key), source.sops];
  if ("vault" in source) return ["vault", "kv", "get", `-field=${source.field}`, source.vault];
  if ("infisical" in source) {
    const { infisical, environment, path, project } = source;
    return [
      ...(["infisical", "secrets", "get", infisical, "--plain", "--silent"] as const),
      `--env=${environment}`,
      `--path=${path}`,
      ...(project === undefined ? [] : [`--projectId=${project}`]),
    ];
  }
  if ("op" in source) return ["op", "read", "--no-newline", source.op];
  if ("command" in source) {
    const [program = "", ...words] = source.command;
    return [program, ...words];
  }
  const unknown: never = source;
  throw new Error(`not a source of a secret: ${JSON.stringify(unknown)}`);
}

/** `stripe.keys.0` as `["stripe"]["keys"][0]`. */
const sopsPath = (key: string): string =>
  key
    .split(".")
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `["${part}"]`))
    .join("");

/** What a person installs where the program is missing. */
export function installHint(source: SecretFrom): string {
  if ("sops" in source) return "install SOPS (https://getsops.io)";
  if ("vault" in source) return "install the Vault CLI (https://developer.hashicorp.com/vault/install)";
  if ("infisical" in source) return "install the Infisical CLI (https://infisical.com/docs/cli/overview)";
  if ("op" in source) return "install the 1Password CLI (https://developer.1password.com/docs/cli)";
  return "install the program, or correct its name";
}

/** The source in a few words, for plans and reports. @param words how a command is shown */
export function sourceText(source: SecretFrom, words: (command: readonly string[]) => string = commandText): string {
  if ("sops" in source) return `${source.key} of ${source.sops}, by sops`;
  if ("vault" in source) return `${source.field} of ${source.vault}, by vault`;
  if ("infisical" in source) {
    const { infisical, environment, path } = source;
    return `${infisical} of ${environment}${path === "/" ? "" : ` ${path}`}, by infisical`;
  }
  if ("op" in source) return `${source.op}, by op`;
  if ("command" in source) return `what \`${words(source.command)}\` prints`;
  const unknown: never = source;
  throw new Error(`not a source of a secret: ${JSON.stringify(unknown)}`);
}

/** A command as a person reads it: a word with a space in it stands in quotes. */
export const commandText = (words: readonly string[]): string =>
  words.map((word) => (/^[^\s"'\\]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
