import type { LoadedConfig } from "../../../config";
import { authorityCertificate, serverCertificate } from "../../../hardening/pki/certificates";
import { certificatePeriod } from "../../../hardening/pki/period";
import { compareConfigs } from "../../../plan/changes";
import { configOf, SERVICE } from "../../components/support";

const HOST = "app.acme-shop.com";
const SECRETS = { dnsToken: "dns-token-0123456789abcdef" };
const CA = { seed: Buffer.alloc(32, "ca").toString("base64"), stackName: "company" };
const DAY = 86_400_000;

const stack = (
  certificates: unknown,
  edge: object = {},
  secrets: Readonly<Record<string, string>> = {},
): LoadedConfig =>
  configOf(
    { certificates, edge, acmeEmail: "ops@acme-shop.com", services: { api: { ...SERVICE, routes: [{ host: HOST }] } } },
    "staging",
    secrets,
  );
const told = (before: LoadedConfig, after: LoadedConfig): string[] =>
  compareConfigs(before, after).map(
    ({ direction, path, before: was, after: is }) => `${direction}: ${path}: ${was ?? "-"} → ${is ?? "-"}`,
  );

test("another challenge of the same CA weakens nothing, and its provider is named", () => {
  const dns = { provider: "cloudflare", credentials: { CF_DNS_API_TOKEN: { config: "dnsToken" } } };
  const domains = [{ main: "acme-shop.com", sans: ["*.acme-shop.com"] }];
  expect(told(stack("letsencrypt"), stack({ acme: "letsencrypt", dns, domains }, {}, SECRETS))).toEqual([
    "other: certificates: letsencrypt → letsencrypt by dns-01 through cloudflare, one certificate for " +
      "acme-shop.com and *.acme-shop.com",
  ]);
});

test("a CA that no browser trusts weakens, by whichever name", () => {
  const staging = { acme: "letsencrypt-staging", challenge: "tls-alpn-01" };
  expect(told(stack("letsencrypt"), stack(staging))).toEqual([
    "weaker: certificates: letsencrypt → letsencrypt-staging by tls-alpn-01",
  ]);
  expect(told(stack(staging), stack("letsencrypt"))[0]).toMatch(/^stronger: /);
});

test("a renewal of one's own shows another end and another serial number, and no key", () => {
  const own = (daysAgo: number): LoadedConfig => {
    const period = certificatePeriod(new Date(Date.now() - daysAgo * DAY));
    const { certificate, privateKey } = serverCertificate({ ...CA, server: "edge", names: [HOST], period });
    return stack({ own: [{ certificate, key: { config: "tlsKey" } }] }, {}, { tlsKey: privateKey });
  };
  const [change, ...others] = told(own(90), own(0));
  expect(others).toEqual([]);
  expect(change).toMatch(
    /^other: certificates: own for app\.acme-shop\.com until [\d-]{10} \(…[0-9a-f]{8}\) → own for app\.acme-shop\.com until /,
  );
  expect(change).not.toContain("PRIVATE");
});

test("a host that asks for a client's certificate no more is weaker, and its CA is named", () => {
  const clientCertificates = { [HOST]: { ca: authorityCertificate(CA) } };
  const guarded = stack("letsencrypt", { clientCertificates });
  const [gone] = told(guarded, stack("letsencrypt"));
  expect(gone?.replace(/[0-9A-F:]{11}…/, "<sum>")).toBe(
    "weaker: edge.clientCertificates.app.acme-shop.com: a certificate of CN=company certificate authority " +
      "until 2046-01-01 (SHA-256 <sum>) → -",
  );
  expect(told(stack("letsencrypt"), guarded)[0]).toMatch(/^stronger: /);
});
