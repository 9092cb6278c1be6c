/** Which images have to be signed, and by whom: `rampart scan` asks cosign. */
import { z } from "zod";
import { quote } from "../text";
import { checkedString, matching } from "./fields";

/** Repositories as images name them; a star stands for any text. */
const match = matching(
  /^[a-z0-9*](?:[a-z0-9*._:/-]{0,253}[a-z0-9*])?$/,
  "a repository as images name it, with * for any text, such as ghcr.io/acme/*",
  "write the repository without tag and digest",
);

const key = checkedString((value) =>
  /^(?:[a-z]+:\/\/[\w./:@-]{1,500}|[\w./][\w./ -]{0,500})$/.test(value) && !value.split("/").includes("..")
    ? undefined
    : {
        given: quote(value),
        allowed: "the path of a public key within the project, or a key of a KMS, such as awskms://…",
        fix: "put the public key beside the stack's file, such as keys/acme.pub",
      },
);

const issuer = checkedString((value) =>
  /^https:\/\/[\w./-]{1,300}$/.test(value)
    ? undefined
    : {
        allowed: "the https URL of an OpenID Connect issuer",
        fix: "for GitHub Actions: https://token.actions.githubusercontent.com",
      },
);

const identity = matching(
  /^[\x21-\x7e]{1,500}$/,
  "an identity without blanks, with * for any text",
  "write the workflow or the address that signs, such as https://github.com/acme/api/.github/workflows/release.yml@*",
);

const signature = z.union(
  [
    z.strictObject({
      match,
      key,
      /** Whether the signature has to be in the public transparency log. */
      transparencyLog: z.boolean().default(true),
    }),
    z.strictObject({ match, identity, issuer }),
  ],
  "{ match, key } or { match, identity, issuer }",
);

export const signatures = z.array(signature).max(100).default([]);

export type SignaturePolicy = z.output<typeof signature>;
