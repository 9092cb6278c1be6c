/** Which image has to be signed by whom, and how cosign is asked. */
import type { SignaturePolicy } from "../../config/schema/signatures";
import { isLoopback, registryOf } from "../../hardening/container/image";

/** `ghcr.io/acme/*` as an expression for the whole text. */
const globOf = (glob: string): string =>
  glob
    .split("*")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");

/** A repository as a stack's file has it, and in full: `redis` is `docker.io/library/redis` too. */
function names(repository: string): string[] {
  if (registryOf(repository) !== "docker.io") return [repository];
  const path = repository.replace(/^(?:index\.)?docker\.io\//, "");
  return [repository, `docker.io/${path.includes("/") ? path : `library/${path}`}`];
}

/** The policies that an image has to meet, each of them. */
export const policiesOf = (policies: readonly SignaturePolicy[], repository: string): SignaturePolicy[] =>
  policies.filter(({ match }) => names(repository).some((name) => new RegExp(`^${globOf(match)}$`, "i").test(name)));

/**
 * Source: sigstore/cosign, doc/cosign_verify.md.
 * @param reference by digest
 */
export function cosignArguments(policy: SignaturePolicy, reference: string): readonly string[] {
  const plain = isLoopback(registryOf(reference)) ? ["--allow-http-registry=true"] : [];
  if ("key" in policy)
    return [
      "verify",
      `--key=${policy.key}`,
      ...(policy.transparencyLog ? [] : ["--insecure-ignore-tlog=true"]),
      ...plain,
      reference,
    ];
  const { identity, issuer } = policy;
  return [
    "verify",
    identity.includes("*")
      ? `--certificate-identity-regexp=^${globOf(identity)}$`
      : `--certificate-identity=${identity}`,
    `--certificate-oidc-issuer=${issuer}`,
    ...plain,
    reference,
  ];
}

/** Whose signature is asked for, in a few words. */
export const signerOf = (policy: SignaturePolicy): string =>
  "key" in policy ? `the key ${policy.key}` : `${policy.identity} of ${policy.issuer}`;

export const INSTALL_COSIGN =
  "Install cosign (https://docs.sigstore.dev/cosign/system_config/installation), then run the command again.";
