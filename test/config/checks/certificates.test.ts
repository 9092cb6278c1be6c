import { acmeOf } from "../../../config";
import { authorityCertificate } from "../../../hardening/pki/certificates";
import { faultsOf, load, type Tree } from "../support";

const DNS = { provider: "cloudflare", credentials: { CF_DNS_API_TOKEN: { config: "dnsToken" } } };
const DOMAINS = [{ main: "acme-shop.com", sans: ["*.acme-shop.com"] }];
const TOKEN = "q7Zk3v9QmX7Lr2Wp8Tn5Yc1Hb6Dj4Fs0GaKqPzUeVtRw";
const KEYS = { secretKeys: ["jwtSecret", "dnsToken", "hmac"] };
const values = (certificates: unknown, more: Tree = {}): Tree => ({ certificates, dnsToken: TOKEN, ...more });
const faults = (certificates: unknown, more: Tree = {}): unknown => faultsOf(values(certificates, more), KEYS);
const acme = (certificates: unknown, more: Tree = {}): unknown =>
  acmeOf(load(values(certificates, more), KEYS).certificates);

describe("certificates", () => {
  test("the short forms mean what they meant", () => {
    expect(acmeOf(load().certificates)).toEqual({
      issuer: "letsencrypt",
      directory: "https://acme-v02.api.letsencrypt.org/directory",
      challenge: "http-01",
      domains: [],
    });
    expect(acmeOf("self-signed")).toBeUndefined();
    expect(acmeOf("letsencrypt-staging")).toMatchObject({ issuer: "letsencrypt-staging", challenge: "http-01" });
  });

  test("Let's Encrypt with another challenge", () => {
    expect(acme({ acme: "letsencrypt", challenge: "tls-alpn-01" }, { dnsToken: undefined })).toMatchObject({
      issuer: "letsencrypt",
      challenge: "tls-alpn-01",
    });
    expect(acme({ acme: "letsencrypt", dns: DNS, domains: DOMAINS })).toMatchObject({
      challenge: "dns-01",
      dns: { provider: "cloudflare", propagation: { delaySeconds: 0, checks: "all" } },
      domains: DOMAINS,
    });
    // A record of the DNS needs no way in from the internet.
    expect(faults({ acme: "letsencrypt", dns: DNS }, { edge: { httpPort: false, httpsPort: 8443 } })).toEqual([]);
    expect(
      faults({ acme: "letsencrypt", challenge: "tls-alpn-01" }, { dnsToken: undefined, edge: { httpsPort: 8443 } }),
    ).toMatchObject([{ path: "rampart:edge.httpsPort", allowed: "443, where Let's Encrypt asks by tls-alpn-01" }]);
  });

  test.each<[string, Tree, string]>([
    ["no issuer", { dns: DNS }, "rampart:certificates.directory"],
    [
      "two issuers",
      { acme: "letsencrypt", directory: "https://ca.acme-shop.com/dir", dns: DNS },
      "rampart:certificates.directory",
    ],
    ["dns-01 without a provider", { acme: "letsencrypt", challenge: "dns-01" }, "rampart:certificates.dns"],
    [
      "a provider and another challenge",
      { acme: "letsencrypt", challenge: "http-01", dns: DNS },
      "rampart:certificates.challenge",
    ],
    ["several names by http-01", { acme: "letsencrypt", domains: DOMAINS }, "rampart:certificates.domains"],
    [
      "an account at Let's Encrypt",
      { acme: "letsencrypt", dns: DNS, eab: { kid: "k", hmac: { config: "dnsToken" } } },
      "rampart:certificates.eab",
    ],
    [
      "a program as provider",
      { acme: "letsencrypt", dns: { ...DNS, provider: "exec" } },
      "rampart:certificates.dns.provider",
    ],
    [
      "a secret among the settings",
      { acme: "letsencrypt", dns: { ...DNS, settings: { CF_API_KEY: TOKEN } } },
      "rampart:certificates.dns.settings.CF_API_KEY",
    ],
    [
      "one variable twice",
      { acme: "letsencrypt", dns: { ...DNS, settings: { CF_DNS_API_TOKEN_FILE: "/tmp/x" } } },
      "rampart:certificates.dns.settings.CF_DNS_API_TOKEN_FILE",
    ],
    [
      "the edge's own variable",
      { acme: "letsencrypt", dns: { ...DNS, settings: { GOMEMLIMIT: "1GiB" } } },
      "rampart:certificates.dns.settings.GOMEMLIMIT",
    ],
    [
      "a name server that is none",
      { acme: "letsencrypt", dns: { ...DNS, resolvers: ["9.9.9.9:99999"] } },
      "rampart:certificates.dns.resolvers[0]",
    ],
    [
      "a wildcard in the middle",
      { acme: "letsencrypt", dns: DNS, domains: [{ main: "a.*.acme-shop.com" }] },
      "rampart:certificates.domains[0].main",
    ],
    [
      "names that no route has",
      { acme: "letsencrypt", dns: DNS, domains: [{ main: "acme-shop.org" }] },
      "rampart:certificates.domains[0]",
    ],
    ["staging in production", { acme: "letsencrypt-staging", dns: DNS }, "rampart:certificates"],
  ])("refuses %s", (_what, certificates, path) => {
    const found = faultsOf(values(certificates), KEYS).filter((fault) => !fault.given.includes("does not know"));
    expect(found.map((fault) => fault.path)).toEqual([path]);
    expect(found[0]?.fix).not.toBe("change the value");
  });

  test("a route's host is exact, whatever its certificate", () => {
    expect(
      faults({ acme: "letsencrypt", dns: DNS }, { "services.api.routes.0.host": "*.acme-shop.com" }),
    ).toMatchObject([{ path: "rampart:services.api.routes[0].host" }]);
  });

  test("credentials are set, and encrypted", () => {
    expect(faultsOf(values({ acme: "letsencrypt", dns: DNS }, { dnsToken: undefined }), KEYS)).toMatchObject([
      {
        path: "rampart:certificates.dns.credentials.CF_DNS_API_TOKEN",
        given: "the key rampart:dnsToken, which is not set",
      },
    ]);
    expect(faultsOf(values({ acme: "letsencrypt", dns: DNS }))).toMatchObject([
      { path: "rampart:certificates.dns.credentials.CF_DNS_API_TOKEN", given: "rampart:dnsToken in clear text" },
    ]);
  });

  test("the key of an external account is base64 for URLs, and never shown", () => {
    const eab = { directory: "https://ca.acme-shop.com/dir", eab: { kid: "k-1", hmac: { config: "hmac" } } };
    const more = { dnsToken: undefined };
    expect(faults(eab, { ...more, hmac: "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" })).toEqual(
      [],
    );
    const found = faults(eab, { ...more, hmac: "not base64, but a sentence" });
    expect(found).toMatchObject([
      { path: "rampart:certificates.eab.hmac", given: "rampart:hmac, a text of 26 characters (hidden)" },
    ]);
    expect(JSON.stringify(found)).not.toContain("sentence");
  });
});

describe("client certificates", () => {
  const ca = authorityCertificate({ seed: Buffer.alloc(32, "staff").toString("base64"), stackName: "staff" });
  const clients = (host: string, text = ca): Tree => ({ "edge.clientCertificates": { [host]: { ca: text } } });

  test("are a host's, which has a route, and their CA stands in the file", () => {
    expect(load(clients("app.acme-shop.com")).edge.clientCertificates).toEqual({ "app.acme-shop.com": { ca } });
    expect(faultsOf(clients("admin.acme-shop.com"))).toEqual([
      {
        path: 'rampart:edge.clientCertificates["admin.acme-shop.com"]',
        given: 'the host "admin.acme-shop.com", which no route has',
        allowed: "hosts of routes: app.acme-shop.com",
        fix: "correct the host, or remove it",
      },
    ]);
    expect(faultsOf(clients("app.acme-shop.com", "no certificate"))).toMatchObject([
      {
        path: 'rampart:edge.clientCertificates["app.acme-shop.com"].ca',
        allowed: "certificates in PEM: the CA that signs your clients' certificates",
      },
    ]);
  });
});

describe("a secret in place of the key that holds it", () => {
  const KEY = "MHcCAQEEIIrYSSNQFaA2Hwf583QmKbyavkgoftpCYFpFY5s7gN5f";
  test.each<[string, Tree]>([
    ["the key of an account", { directory: "https://ca.acme-shop.com/dir", eab: { kid: "k", hmac: KEY } }],
    ["a private key", { own: [{ certificate: "x", key: KEY }] }],
    ["a token of a DNS provider", { acme: "letsencrypt", dns: { ...DNS, credentials: { CF_DNS_API_TOKEN: KEY } } }],
    ["the same, one level off", { acme: "letsencrypt", dns: { ...DNS, credentials: KEY } }],
  ])("is refused and not shown: %s", (_what, certificates) => {
    const found = faultsOf({ certificates });
    expect(found.length).toBeGreaterThan(0);
    expect(JSON.stringify(found)).not.toContain(KEY.slice(0, 12));
  });
});
