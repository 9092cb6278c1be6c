import { parse } from "yaml";
import {
  asksOverHttp,
  renderTraefikDynamic,
  renderTraefikStatic,
  resolverOf,
  type TraefikCertificates,
} from "../../../hardening/edge";
import { covers } from "../../../hardening/pki/names";

const SUBNET = "10.1.2.0/24";

type Acme = Extract<TraefikCertificates, { readonly kind: "acme" }>;

const ACME: Acme = {
  kind: "acme",
  resolver: "letsencrypt",
  directory: "https://acme-v02.api.letsencrypt.org/directory",
  challenge: "http-01",
};
const resolvers = (change: Partial<Acme>, http = true): unknown =>
  (
    parse(renderTraefikStatic({ http, gatewaySubnet: SUBNET, certificates: { ...ACME, ...change } })) as Record<
      string,
      unknown
    >
  )["certificatesResolvers"];
const acme = (change: Partial<Acme>): unknown =>
  (resolvers(change) as Record<string, { readonly acme: unknown }>)[change.resolver ?? ACME.resolver]?.acme;

describe("ACME in Traefik's static configuration", () => {
  test("each challenge is its own, and HTTP-01 only has an entry point for questions over http", () => {
    expect(acme({})).toMatchObject({ httpChallenge: { entryPoint: "acme" } });
    expect(acme({ challenge: "tls-alpn-01" })).toMatchObject({ tlsChallenge: {} });
    const propagation = { delaySeconds: 0, checks: "all" } as const;
    const dns = { provider: "cloudflare", propagation };
    expect(acme({ challenge: "dns-01", dns })).toMatchObject({ dnsChallenge: { provider: "cloudflare" } });
    expect(asksOverHttp({ certificates: ACME })).toBe(true);
    for (const challenge of ["tls-alpn-01", "dns-01"] as const)
      expect(asksOverHttp({ certificates: { ...ACME, challenge, dns } })).toBe(false);
    expect(() => renderTraefikStatic({ http: false, gatewaySubnet: SUBNET, certificates: ACME })).toThrow(
      '"tls-alpn-01", "dns-01"',
    );
    expect(() => resolvers({ challenge: "dns-01" })).toThrow("needs a DNS provider");
  });

  test("a DNS challenge says who is asked for the record, and when", () => {
    const dns = (checks: "all" | "resolvers" | "none", delaySeconds = 0) => ({
      challenge: "dns-01" as const,
      dns: { provider: "httpreq", resolvers: ["9.9.9.9:53"], propagation: { delaySeconds, checks } },
    });
    expect(acme(dns("all"))).toMatchObject({
      dnsChallenge: { provider: "httpreq", resolvers: ["9.9.9.9:53"] },
    });
    expect(JSON.stringify(acme(dns("all")))).not.toContain("propagation");
    expect(acme(dns("resolvers", 30))).toMatchObject({
      dnsChallenge: { propagation: { delayBeforeChecks: "30s", disableANSChecks: true } },
    });
    expect(acme(dns("none"))).toMatchObject({ dnsChallenge: { propagation: { disableChecks: true } } });
  });

  test("an external account", () => {
    expect(acme({ eab: { kid: "kid-1", hmac: "aG1hYw" } })).toMatchObject({
      eab: { kid: "kid-1", hmacEncoded: "aG1hYw" },
    });
    expect(acme({})).not.toHaveProperty("eab");
  });

  test("every CA has a resolver and a storage of its own", () => {
    const [one, two] = ["https://one.example/dir", "https://two.example/dir"].map((url) => resolverOf("custom", url));
    expect(one).toMatch(/^custom-[0-9a-f]{8}$/);
    expect(one).not.toBe(two);
    expect(resolverOf("letsencrypt", "https://x.example")).toBe("letsencrypt");
    expect(acme({ resolver: one ?? "" })).toMatchObject({ storage: `/acme/${one ?? ""}.json` });
  });
});

describe("certificates of several names", () => {
  const routers = (hosts: readonly string[], certResolver?: string): unknown => {
    const text = renderTraefikDynamic({
      hosts,
      ...(certResolver === undefined ? {} : { certResolver }),
      domains: [{ main: "example.com", sans: ["*.example.com"] }],
      tls: "intermediate",
      gateway: "gateway:8443",
    });
    return (JSON.parse(text) as { tcp: { routers: unknown } }).tcp.routers;
  };

  test("are for the hosts that they cover; another host has one of its own", () => {
    expect(routers(["app.example.com", "a.b.example.com"], "letsencrypt")).toMatchObject({
      "https-a_b_example_com": { tls: { certResolver: "letsencrypt", options: "default" } },
      "https-app_example_com": {
        tls: { certResolver: "letsencrypt", domains: [{ main: "example.com", sans: ["*.example.com"] }] },
      },
    });
    expect(JSON.stringify(routers(["a.b.example.com"], "letsencrypt"))).not.toContain("domains");
    expect(JSON.stringify(routers(["app.example.com"]))).not.toContain("domains");
  });

  test.each([
    ["example.com", "example.com", true],
    ["*.example.com", "app.example.com", true],
    ["*.example.com", "example.com", false],
    ["*.example.com", "a.b.example.com", false],
    ["*.example.com", "app.example.org", false],
    ["app.example.com", "app.example.com.evil.org", false],
  ])("%s and %s: %s", (name, host, covered) => expect(covers(name, host)).toBe(covered));
});
