import { z } from "zod";
import type { SchemaContext } from "../environment";
import { caCheck } from "../values/ca";
import { ownCertificateCheck } from "../values/own-certificate";
import { domainCheck, isStagingDirectory, parseDirectory, resolverCheck } from "../values/edge";
import { environmentCheck } from "../values/program";
import { checkedString, matching, toIssue, unique, variableName } from "./fields";
import { secretReference } from "./secret";
import { hasUnseen } from "../text";

const isStaging = (directory: string): boolean => {
  const url = parseDirectory(directory);
  return url !== undefined && isStagingDirectory(url);
};

const LETS_ENCRYPT = ["letsencrypt-staging", "letsencrypt"] as const;
const CERTIFICATE_ISSUERS = ["self-signed", ...LETS_ENCRYPT] as const;

const https = checkedString((value) =>
  parseDirectory(value) === undefined
    ? { allowed: "an https URL of an ACME directory, without user or password", fix: "give the CA's directory URL" }
    : undefined,
);

const secret = secretReference();

/** Lego's code of a provider; two of them run something that a container has not got. */
const provider = checkedString((value) => {
  if (value === "exec" || value === "manual")
    return {
      allowed: "a provider that is an API: exec runs a program and manual asks at a terminal, and the edge has neither",
      fix: "use httpreq with a small server of your own, or acme-dns",
    };
  return /^[a-z0-9][a-z0-9-]{0,39}$/.test(value)
    ? undefined
    : { allowed: "the code of a DNS provider of Traefik's, such as cloudflare", fix: "write it in lower case" };
});

const UNSEEN = {
  allowed: "text on one line, without characters that nobody sees",
  fix: "write it again as plain text",
};

const dns = (context: SchemaContext) =>
  z.strictObject({
    provider,
    /** Secrets by the variables of the provider: each is a file, which `<NAME>_FILE` leads to. */
    credentials: z.record(variableName, secret).default({}),
    /** Variables of the provider that are no secrets. */
    settings: z
      .record(variableName, z.union([z.string(), z.number(), z.boolean()]).transform(String))
      .superRefine((settings, refinement) => {
        for (const [key, value] of Object.entries(settings)) {
          const fault = environmentCheck(key, value, context.environment);
          const fix = `move it to credentials: { ${key}: { config: <key> } }`;
          if (fault !== undefined) refinement.issues.push(toIssue({ ...fault, fix }, value, [key]));
          else if (hasUnseen(value)) refinement.issues.push(toIssue(UNSEEN, value, [key]));
        }
      })
      .default({}),
    /** Name servers that are asked whether the record is there. @default the engine's */
    resolvers: z.array(checkedString(resolverCheck)).default([]),
    propagation: z
      .strictObject({
        /** Seconds that are waited before the first question. */
        delaySeconds: z.int().min(0).max(3600).default(0),
        /** Who has to know the record before the CA is told: the zone's own servers too, the resolvers only, nobody. */
        checks: z.enum(["all", "resolvers", "none"]).default("all"),
      })
      .prefault({}),
  });

const domain = z.strictObject({
  main: checkedString(domainCheck),
  sans: unique(checkedString(domainCheck), "a name").default([]),
});

/** What of an ACME server's keys goes together. */
function acmeFaults(value: z.output<ReturnType<typeof acmeShape>>, refinement: z.RefinementCtx): void {
  const fault = (key: string, given: string, allowed: string, fix: string): void => {
    refinement.issues.push(toIssue({ given, allowed, fix }, value, [key]));
  };
  const { acme, directory, challenge, dns: provided } = value;
  if ((acme === undefined) === (directory === undefined))
    fault(
      "directory",
      acme === undefined ? "nothing" : `a directory beside acme: ${acme}`,
      "either acme: letsencrypt or letsencrypt-staging, or the directory of another ACME server",
      acme === undefined ? "add acme: letsencrypt, or a directory" : "remove one of the two",
    );
  else if (acme !== undefined) {
    const only = "with the directory of another ACME server";
    if (value.ca !== undefined) fault("ca", "roots beside acme", `roots ${only}`, "remove it: the system's roots do");
    if (value.eab !== undefined) fault("eab", "an external account", `an external account ${only}`, "remove it");
  }
  if (challenge === "dns-01" && provided === undefined)
    fault("dns", "nothing", "a DNS provider, as challenge is dns-01", "add dns: { provider: cloudflare, … }");
  if (provided !== undefined && challenge !== undefined && challenge !== "dns-01")
    fault("challenge", JSON.stringify(challenge), "dns-01, as there is a DNS provider", "remove it, or dns");
  if (provided === undefined && challenge !== "dns-01" && value.domains.length > 0)
    fault("domains", "names", "names of certificates with challenge dns-01", "remove it, or add dns");
}

const acmeShape = (context: SchemaContext) =>
  z.strictObject({
    /** Let's Encrypt, by its name. */
    acme: z.enum(LETS_ENCRYPT).optional(),
    /** Another ACME server, by its directory. */
    directory: https.optional(),
    /** The CA's root certificate in PEM, where the system does not know it. */
    ca: checkedString(caCheck(), 65_536).optional(),
    /** How the CA is shown that a host is ours. @default dns-01 where there is `dns`, else http-01 */
    challenge: z.enum(["http-01", "tls-alpn-01", "dns-01"]).optional(),
    dns: dns(context).optional(),
    /** Certificates of several names, wildcards among them; the hosts that none covers have one each. */
    domains: z.array(domain).default([]),
    /** The account at the CA that orders belong to. */
    eab: z
      .strictObject({
        kid: matching(/^[\x21-\x7e]{1,256}$/, "a key identifier without blanks", "write it as the CA gave it"),
        hmac: secret,
      })
      .optional(),
  });

/** Certificates of one's own. They are public, and a reviewer sees which ones: they stand in the stack's file. */
const given = z.strictObject({
  own: z
    .array(
      z.strictObject({
        /** The certificate and its chain in PEM, the leaf first. */
        certificate: checkedString(ownCertificateCheck(), 65_536),
        key: secret,
      }),
    )
    .min(1)
    .max(50),
});

const acmeServer = (context: SchemaContext) => acmeShape(context).superRefine(acmeFaults);

export function certificates(context: SchemaContext) {
  return z
    .union(
      [z.enum(CERTIFICATE_ISSUERS), acmeServer(context), given],
      `${CERTIFICATE_ISSUERS.join(", ")}, { directory or acme, ca, challenge, dns, domains, eab }, or { own }`,
    )
    .superRefine((value, refinement) => {
      if (context.environment !== "prod" || (typeof value === "object" && "own" in value)) return;
      const issuer = typeof value === "string" ? value : (value.acme ?? value.directory ?? "");
      const fix = "use letsencrypt, or { directory, ca } of the CA that your users' browsers trust";
      if (issuer === "letsencrypt-staging" || isStaging(issuer))
        refinement.issues.push(
          toIssue(
            {
              given: `${issuer}, a staging certificate that no browser trusts`,
              allowed: "a production CA in environment prod",
              fix,
            },
            value,
          ),
        );
      if (issuer === "self-signed")
        refinement.issues.push(
          toIssue({ given: "self-signed", allowed: "a production CA in environment prod", fix }, value),
        );
    })
    .default(context.environment === "dev" ? "self-signed" : "letsencrypt");
}
