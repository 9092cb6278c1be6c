import { z } from "zod";
import type { SchemaContext } from "../environment";
import { caCheck } from "../values/ca";
import { isStagingDirectory, parseDirectory } from "../values/edge";
import { checkedString, toIssue } from "./fields";

const isStaging = (directory: string): boolean => {
  const url = parseDirectory(directory);
  return url !== undefined && isStagingDirectory(url);
};

const CERTIFICATE_ISSUERS = ["self-signed", "letsencrypt-staging", "letsencrypt"] as const;

export function certificates(context: SchemaContext) {
  const https = checkedString((value) =>
    parseDirectory(value) === undefined
      ? { allowed: "an https URL of an ACME directory, without user or password", fix: "give the CA's directory URL" }
      : undefined,
  );
  return z
    .union(
      [
        z.enum(CERTIFICATE_ISSUERS),
        z.strictObject({
          directory: https,
          /** The CA's root certificate in PEM, where the system does not know it. */
          ca: checkedString(caCheck(), 65_536).optional(),
          challenge: z.enum(["http-01", "tls-alpn-01"]).default("http-01"),
        }),
      ],
      `${CERTIFICATE_ISSUERS.join(", ")}, or { directory, ca, challenge }`,
    )
    .superRefine((value, refinement) => {
      if (context.environment !== "prod") return;
      const staging = value === "letsencrypt-staging" || (typeof value === "object" && isStaging(value.directory));
      const fix = "use letsencrypt, or { directory, ca } of the CA that your users' browsers trust";
      if (staging)
        refinement.issues.push(
          toIssue(
            {
              given:
                `${typeof value === "string" ? value : value.directory}, a staging certificate that no browser ` +
                "trusts",
              allowed: "a production CA in environment prod",
              fix,
            },
            value,
          ),
        );
      if (value === "self-signed")
        refinement.issues.push(
          toIssue({ given: "self-signed", allowed: "a production CA in environment prod", fix }, value),
        );
    })
    .default(context.environment === "dev" ? "self-signed" : "letsencrypt");
}
