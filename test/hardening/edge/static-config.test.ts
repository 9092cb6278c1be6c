import { parse } from "yaml";
import {
  certResolverName,
  parseTraefikVersion,
  renderTraefikStatic,
  type TraefikStaticSettings,
} from "../../../hardening/edge";

const settings: TraefikStaticSettings = {
  traefikVersion: { major: 3, minor: 7, patch: 13 },
  externalHttpsPort: 443,
  certificates: { kind: "self-signed" },
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

  it("has no API, no dashboard and no provider but files", () => {
    const keys = Object.keys(rendered()).sort();
    expect(keys).toEqual(["accessLog", "entryPoints", "global", "log", "ping", "providers"]);
    expect(rendered().providers).toEqual({
      file: { directory: "/etc/traefik/dynamic", watch: true },
      providersThrottleDuration: "200ms",
    });
  });

  it("keeps ping on the container's loopback", () => {
    expect(rendered().entryPoints).toMatchObject({ ping: { address: "127.0.0.1:8082" } });
    expect(rendered().ping).toEqual({ entryPoint: "ping" });
  });

  it("redirects to the port that a browser sees", () => {
    expect(rendered({ externalHttpsPort: 8443 }).entryPoints).toMatchObject({
      web: { http: { redirections: { entryPoint: { to: ":8443", scheme: "https", permanent: true } } } },
    });
  });

  it("has no plain-http entry point where none is wanted", () => {
    expect(Object.keys(rendered({ http: false }).entryPoints as object)).toEqual(["ping", "websecure"]);
  });

  it("trusts nobody's X-Forwarded-For unless told to", () => {
    expect(rendered().entryPoints).toMatchObject({
      websecure: { forwardedHeaders: { insecure: false, trustedIPs: [] } },
    });
    expect(rendered({ trustedProxies: ["192.0.2.0/24"] }).entryPoints).toMatchObject({
      websecure: { forwardedHeaders: { trustedIPs: ["192.0.2.0/24"] } },
    });
  });

  it.each([
    ["3.6.7", false, false],
    ["3.6.18", true, false],
    ["3.6.22", true, true],
    ["3.7.1", false, false],
    ["3.7.2", true, false],
    ["3.7.5", true, false],
    ["3.7.6", true, true],
    ["3.7.13", true, true],
    ["3.8.0", true, true],
    ["4.0.0", true, true],
  ])("writes for %s only what that version knows", (version, queryParameters, underscores) => {
    const text = renderTraefikStatic({ ...settings, traefikVersion: parseTraefikVersion(version) });
    expect(text.includes("queryParameters:")).toBe(queryParameters);
    expect(text.includes("underscoreHeadersStrategy: reject")).toBe(underscores);
  });

  it("keeps one storage file a CA and sends no empty keys", () => {
    expect(rendered({ certificates: ACME }).certificatesResolvers).toEqual({
      "letsencrypt-staging": {
        acme: {
          caServer: "https://acme-staging-v02.api.letsencrypt.org/directory",
          email: "ops@example.com",
          httpChallenge: { entryPoint: "web" },
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
