/** Where a secret comes from that neither Rampart makes nor the configuration holds. */
import { z } from "zod";
import {
  commandCheck,
  infisicalNameCheck,
  infisicalPathCheck,
  keyInFileCheck,
  onePasswordCheck,
  slugCheck,
  sopsFileCheck,
  vaultFieldCheck,
  vaultPathCheck,
} from "../values/secret-source";
import { checkedString, commandLine, toIssue } from "./fields";

const command = commandLine(1).superRefine((words, context) => {
  const found = words.length === 0 ? undefined : commandCheck(words);
  if (found !== undefined) context.issues.push(toIssue(found.fault, words, [found.index]));
});

/** Each is read by the program of its name on the machine that deploys, by its first key. */
export const secretSource = z.union(
  [
    z.strictObject({
      /** A file that SOPS has encrypted, from the project's directory. */
      sops: checkedString(sopsFileCheck),
      /** The place of the value in the file: keys with dots between them. */
      key: checkedString(keyInFileCheck),
    }),
    z.strictObject({
      /** The path of a secret of a key-value engine of Vault, with its mount. */
      vault: checkedString(vaultPathCheck),
      field: checkedString(vaultFieldCheck),
    }),
    z.strictObject({
      /** The name of a secret in Infisical. */
      infisical: checkedString(infisicalNameCheck),
      environment: checkedString(slugCheck),
      path: checkedString(infisicalPathCheck).default("/"),
      /** The project's id. @default the one that `.infisical.json` or the login names */
      project: checkedString(slugCheck).optional(),
    }),
    z.strictObject({
      /** A reference of 1Password: `op://<vault>/<item>/<field>`. */
      op: checkedString(onePasswordCheck),
    }),
    z.strictObject({
      /** A program and its arguments, which prints the value. */
      command,
    }),
  ],
  "{ sops, key }, { vault, field }, { infisical, environment }, { op } or { command: [<program>, <argument>] }",
);

export type SecretFrom = z.output<typeof secretSource>;
