import { parse } from "yaml";
import {
  asksOverHttp,
  certResolverName,
  parseTraefikVersion,
  renderTraefikStatic,
  type TraefikStaticSettings,
} from "../../../hardening/edge";

const settings: TraefikStaticSettings = {
  certificates: { kind: "self-signed" },
  gatewaySubnet: "10.20.2.0/24",
};
const ACME = {
  kind: "acme",
  resolver: "letsencrypt-staging",
  directory: "https://acme-staging-v02.api.letsencrypt.org/directory",
  email: "ops@example.com",
  challenge: "http-01",
} as const;

const rendered = (change: Partial<TraefikStaticSettings> = {}): Record<string, unknown> =>
  parse(renderTraefikStatic({ ...settings, ...change })) as Record<string, unknown>;

describe("renderTraefikStatic", () => {
  it("renders a file that a person can read", () => {
    expect(renderTraefikStatic({ ...settings, certificates: ACME })).toMatchSnapshot();
  });

  it("has no API, no dashboard and no provider but files, and no log of requests: they are the gateway's", () => {
    const keys = Object.keys(rendered()).sort();
    expect(keys).toEqual(["entryPoints", "global", "log", "ping", "providers"]);
    expect(rendered().providers).toEqual({
      file: { directory: "/etc/traefik/dynamic", watch: true },
      providersThrottleDuration: "200ms",
    });
    expect(rendered().global).toEqual({ checkNewVersion: false, sendAnonymousUsage: false });
  });

  it("keeps ping on the container's loopback", () => {
    expect(rendered().entryPoints).toMatchObject({ ping: { address: "127.0.0.1:8082" } });
    expect(rendered().ping).toEqual({ entryPoint: "ping" });
  });

  it("knows nothing of HTTP but its own ping, and believes the gateway about who connects", () => {
    expect(rendered().entryPoints).toEqual({
      ping: { address: "127.0.0.1:8082" },
      websecure: {
        address: ":8443",
        proxyProtocol: { trustedIPs: ["10.20.2.0/24"] },
        transport: {
          lifeCycle: { graceTimeOut: "10s", requestAcceptGraceTimeout: "0s" },
          respondingTimeouts: { readTimeout: "10s" },
        },
      },
    });
  });

  it("listens for the gateway only where the CA asks over plain http", () => {
    const acme = { address: ":8081" };
    expect(rendered({ certificates: ACME }).entryPoints).toMatchObject({ acme });
    const overTls = { ...ACME, challenge: "tls-alpn-01" } as const;
    expect(rendered({ certificates: overTls }).entryPoints).not.toHaveProperty("acme");
    expect([settings, { certificates: ACME }, { certificates: overTls }].map((one) => asksOverHttp(one))).toEqual([
      false,
      true,
      false,
    ]);
  });

  it("keeps one storage file a CA and sends no empty keys", () => {
    expect(rendered({ certificates: ACME }).certificatesResolvers).toEqual({
      "letsencrypt-staging": {
        acme: {
          caServer: "https://acme-staging-v02.api.letsencrypt.org/directory",
          email: "ops@example.com",
          httpChallenge: { entryPoint: "acme" },
          keyType: "EC256",
          storage: "/acme/letsencrypt-staging.json",
        },
      },
    });
  });

  it("takes a private CA with its own root and TLS-ALPN-01", () => {
    const certificates = {
      kind: "acme",
      resolver: "custom",
      directory: "https://pebble:14000/dir",
      caCertificateFile: "/etc/traefik/ca.pem",
      challenge: "tls-alpn-01",
    } as const;
    expect(rendered({ certificates, http: false }).certificatesResolvers).toEqual({
      custom: {
        acme: {
          caCertificates: ["/etc/traefik/ca.pem"],
          caServer: "https://pebble:14000/dir",
          keyType: "EC256",
          storage: "/acme/custom.json",
          tlsChallenge: {},
        },
      },
    });
    expect(certResolverName(certificates)).toBe("custom");
    expect(certResolverName({ kind: "self-signed" })).toBeUndefined();
  });

  it("refuses HTTP-01 without plain http", () => {
    expect(() => renderTraefikStatic({ ...settings, http: false, certificates: ACME })).toThrow(
      'certificates.challenge: "http-01" needs the plain-http entry point; allowed without it: "tls-alpn-01"',
    );
  });
});

describe("parseTraefikVersion", () => {
  it.each(["v3.7.13", "3.7.13", "traefik:v3.7.13", "registry:5000/traefik:v3.7.13@sha256:00ff", "v3.7.13-alpine"])(
    "reads %s",
    (tag) => expect(parseTraefikVersion(tag)).toEqual({ major: 3, minor: 7, patch: 13 }),
  );
  it.each(["latest", "v3", "v3.7", "traefik@sha256:00ff"])("refuses %s", (tag) => {
    expect(() => parseTraefikVersion(tag)).toThrow(`traefik image: no version in "${tag}"`);
  });
});
