import type { KeyTexts } from "../key-text";

export const CERTIFICATES: KeyTexts = {
  certificates: {
    default: "`self-signed` in dev, else `letsencrypt`",
    allowed:
      "`self-signed` (not in prod), `letsencrypt-staging` (not in prod), `letsencrypt`, or an object with the " +
      "keys below: [certificates](edge.md#certificates)",
    example: "letsencrypt",
  },
  "certificates.acme": {
    default: "required without `directory`",
    allowed: "{values}: Let's Encrypt, with another challenge than `http-01`",
    example: "letsencrypt",
  },
  "certificates.directory": {
    default: "required without `acme`",
    allowed: "the https URL of an ACME directory; in prod not a staging one",
    example: "https://acme.zerossl.com/v2/DV90",
  },
  "certificates.ca": {
    default: "the system's roots",
    allowed: "certificates in PEM, without a key: the roots of the ACME server's own certificate",
    example: '"-----BEGIN CERTIFICATE-----\\n…\\n-----END CERTIFICATE-----\\n"',
  },
  "certificates.challenge": {
    default: "`dns-01` with `dns`, else `http-01`",
    allowed: "{values}",
    example: "tls-alpn-01",
  },
  "certificates.dns": {
    default: "none; required with `dns-01`",
    allowed: "who runs the zone, and how the edge changes it: [DNS-01](edge.md#dns-01-and-wildcards)",
    example: "{ provider: cloudflare, credentials: { CF_DNS_API_TOKEN: { config: dnsToken } } }",
  },
  "certificates.dns.provider": {
    allowed: "the code of a DNS provider of Traefik's, in lower case; not `exec` or `manual`",
    example: "cloudflare",
  },
  "certificates.dns.credentials": {
    allowed:
      "the provider's secret variables, each `{ config: <key> }`; the edge reads them from files, by `<NAME>_FILE`",
    example: "{ CF_DNS_API_TOKEN: { config: dnsToken } }",
  },
  "certificates.dns.credentials.config": {
    allowed: "the flat key that holds the secret, encrypted",
    example: "dnsToken",
  },
  "certificates.dns.settings": {
    allowed: "the provider's variables that are not secret",
    example: "{ HTTPREQ_ENDPOINT: https://dns.your-company.com }",
  },
  "certificates.dns.resolvers": {
    default: "the engine's name servers",
    allowed: "name servers that are asked whether the record is there: `address:port`",
    example: '["9.9.9.9:53"]',
  },
  "certificates.dns.propagation.delaySeconds": {
    allowed: "{range} seconds before the first question",
    example: "30",
  },
  "certificates.dns.propagation.checks": {
    allowed:
      "{values}: who has to know the record before the CA is told (the zone's own servers too, the resolvers " +
      "only, nobody)",
    example: "resolvers",
  },
  "certificates.domains": {
    allowed: "with `dns-01`: certificates of several names, wildcards among them; each covers a route's host",
    example: '[{ main: your-company.com, sans: ["*.your-company.com"] }]',
  },
  "certificates.domains.main": {
    allowed: "a host name, or `*.` before one",
    example: "your-company.com",
  },
  "certificates.domains.sans": { allowed: "further names of the same certificate", example: '["*.your-company.com"]' },
  "certificates.eab": {
    default: "none",
    allowed: "with `directory`: the account at the CA that orders belong to (external account binding)",
    example: "{ kid: kid-1, hmac: { config: eabHmac } }",
  },
  "certificates.eab.kid": { allowed: "the key identifier, as the CA gave it", example: "kid-1" },
  "certificates.eab.hmac": {
    allowed: "`{ config: <key> }`: the key in base64 for URLs",
    example: "{ config: eabHmac }",
  },
  "certificates.eab.hmac.config": {
    allowed: "the flat key that holds the account's key, encrypted",
    example: "eabHmac",
  },
  "certificates.own": {
    default: "required without `acme` and `directory`",
    allowed:
      "certificates of your own, which together are good for every route's host: " +
      "[own](edge.md#certificates-of-your-own)",
    example: '[{ certificate: "-----BEGIN CERTIFICATE-----…", key: { config: tlsKey } }]',
  },
  "certificates.own.certificate": {
    allowed: "the certificate and its chain in PEM, the leaf first, each followed by the one that signed it; no key",
    example: '"-----BEGIN CERTIFICATE-----\\n…\\n-----END CERTIFICATE-----\\n"',
  },
  "certificates.own.key": {
    allowed: "`{ config: <key> }`: the private key in PEM, ECDSA or RSA, without a passphrase",
    example: "{ config: tlsKey }",
  },
  "certificates.own.key.config": {
    allowed:
      "the flat key that holds the private key, encrypted: `pulumi config set --secret rampart:tlsKey < key.pem`",
    example: "tlsKey",
  },
};
