import { renderTraefikDynamic, type TraefikDynamicInput } from "../../../hardening/edge";
import { guardedPorts } from "../../../hardening/gateway";

describe("guardedPorts", () => {
  const hosts = Array.from({ length: 200 }, (_, index) => `h${index}.example.com`);

  test("gives each host one of its own, the same whoever else has one", () => {
    const ports = guardedPorts(hosts);
    expect(new Set(Object.values(ports)).size).toBe(hosts.length);
    expect(Object.values(ports).every((port) => port >= 20_000 && port < 30_000)).toBe(true);
    expect(guardedPorts(["b.example.com", "a.example.com"])["a.example.com"]).toBe(
      guardedPorts(["a.example.com"])["a.example.com"],
    );
  });
});

describe("the edge's part of a guarded host", () => {
  const input = (clientCertificates: TraefikDynamicInput["clientCertificates"]): TraefikDynamicInput => ({
    hosts: ["admin.example.com", "app.example.com"],
    tls: "modern",
    gateway: "gateway:8444",
    ...(clientCertificates === undefined ? {} : { clientCertificates }),
  });

  test("its connections ask for a certificate, and go to a port of their own", () => {
    const ca = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
    const rendered: unknown = JSON.parse(
      renderTraefikDynamic(input({ "admin.example.com": { ca, gateway: "gateway:20001" } })),
    );
    expect(rendered).toMatchObject({
      tcp: {
        routers: {
          "https-admin_example_com": {
            service: "gateway-admin_example_com",
            tls: { options: "client-admin_example_com" },
          },
          "https-app_example_com": { service: "gateway", tls: { options: "default" } },
        },
        services: { "gateway-admin_example_com": { loadBalancer: { servers: [{ address: "gateway:20001" }] } } },
      },
      tls: {
        options: {
          "client-admin_example_com": {
            minVersion: "VersionTLS13",
            clientAuth: { caFiles: [ca], clientAuthType: "RequireAndVerifyClientCert" },
          },
        },
      },
    });
    expect(JSON.stringify((rendered as { tls: { options: { default: object } } }).tls.options.default)).not.toContain(
      "clientAuth",
    );
  });

  test("refuses a port that open hosts use, and a host that it does not know", () => {
    const guard = (host: string, gateway: string) => () =>
      renderTraefikDynamic(input({ [host]: { ca: "x", gateway } }));
    expect(guard("admin.example.com", "gateway:8444")).toThrow("gateway:8444 is the target of two kinds of hosts");
    expect(guard("other.example.com", "gateway:20001")).toThrow('clientCertificates: "other.example.com" is no host');
  });
});
