import type { KeyTexts } from "../key-text";

export const SIGNATURES: KeyTexts = {
  signatures: {
    allowed: "which images have to be signed, for `rampart scan`: [supply chain](supply-chain.md#signatures)",
    example: '[{ match: "ghcr.io/acme/*", key: keys/acme.pub }]',
  },
  "signatures.match": {
    allowed: "a repository as images name it; `*` stands for any text",
    example: "ghcr.io/acme/*",
  },
  "signatures.key": {
    default: "required without `identity`",
    allowed: "the path of a public key from the project's directory, or a key of a KMS",
    example: "keys/acme.pub",
  },
  "signatures.transparencyLog": {
    allowed: "`false`: a signature of this key need not be in the public transparency log",
    example: "false",
  },
  "signatures.identity": {
    default: "required without `key`",
    allowed: "who signs without a key; `*` stands for any text",
    example: "https://github.com/acme/api/.github/workflows/release.yml@*",
  },
  "signatures.issuer": {
    default: "required with `identity`",
    allowed: "the https URL of the identity's issuer",
    example: "https://token.actions.githubusercontent.com",
  },
};
