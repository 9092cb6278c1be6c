import {
  dynamicConfigProbePath,
  renderTraefikDynamic,
  traefikDynamicFiles,
  type TraefikDynamicInput,
} from "../../../hardening/edge";

interface Dynamic {
  readonly http: { readonly routers: Record<string, unknown> };
  readonly tcp: {
    readonly routers: Record<string, { readonly rule: string; readonly priority?: number; readonly tls?: unknown }>;
    readonly services: Record<string, { readonly loadBalancer: unknown }>;
    readonly serversTransports: Record<string, unknown>;
  };
  readonly tls: { readonly options: { readonly default: Record<string, unknown> } };
}

const input: TraefikDynamicInput = {
  hosts: ["app.example.com", "api.example.com"],
  certResolver: "letsencrypt",
  tls: "intermediate",
  gateway: "gateway:8444",
};
const text = (change: Partial<TraefikDynamicInput> = {}): string => renderTraefikDynamic({ ...input, ...change });
const rendered = (change: Partial<TraefikDynamicInput> = {}): Dynamic => JSON.parse(text(change)) as Dynamic;
/** Without certificates of a CA. */
const selfSigned = (change: Partial<TraefikDynamicInput> = {}): Dynamic => {
  const { certResolver, ...rest } = input;
  void certResolver;
  return JSON.parse(renderTraefikDynamic({ ...rest, ...change })) as Dynamic;
};

describe("renderTraefikDynamic", () => {
  it("renders a file that a person can read", () => {
    expect(text()).toMatchSnapshot();
  });

  it("is the same bytes whatever the order of hosts, and however often one is named", () => {
    expect(text({ hosts: ["api.example.com", "app.example.com", "api.example.com"] })).toBe(text());
  });

  it("forwards connections, not requests: the only HTTP is its own probe, on the ping entry point", () => {
    const { http } = rendered();
    expect(http).toEqual({
      routers: {
        "rampart-config": {
          entryPoints: ["ping"],
          rule: `Path(\`${dynamicConfigProbePath(text())}\`)`,
          service: "ping@internal",
        },
      },
    });
  });

  it("asks a certificate for each host, and leads no other name anywhere", () => {
    const { routers } = rendered().tcp;
    const tls = { certResolver: "letsencrypt", options: "default" };
    expect(routers).toEqual({
      "https-api_example_com": {
        entryPoints: ["websecure"],
        rule: "HostSNI(`api.example.com`)",
        service: "gateway",
        tls,
      },
      "https-app_example_com": {
        entryPoints: ["websecure"],
        rule: "HostSNI(`app.example.com`)",
        service: "gateway",
        tls,
      },
    });
  });

  it("leads other names to the gateway, too, where the certificate is self-signed: last", () => {
    const { routers } = selfSigned().tcp;
    expect(routers["https-others"]).toEqual({
      entryPoints: ["websecure"],
      priority: 1,
      rule: "HostSNI(`*`)",
      service: "gateway",
      tls: { options: "default" },
    });
    expect(routers["https-app_example_com"]?.tls).toEqual({ options: "default" });
    expect(routers["https-app_example_com"]?.priority).toBeUndefined();
  });

  it("tells the gateway who the client is, by version 2 of the PROXY protocol", () => {
    const { services, serversTransports } = rendered().tcp;
    expect(services).toEqual({
      gateway: { loadBalancer: { servers: [{ address: "gateway:8444" }], serversTransport: "gateway" } },
    });
    expect(serversTransports).toEqual({ gateway: { dialTimeout: "2s", proxyProtocol: { version: 2 } } });
  });

  it("gives no handshake for names without a certificate, and answers the question of a CA within one", () => {
    expect(rendered().tls.options.default).toMatchObject({
      alpnProtocols: ["h2", "http/1.1", "acme-tls/1"],
      minVersion: "VersionTLS12",
      sniStrict: true,
    });
    expect(selfSigned().tls.options.default["sniStrict"]).toBe(false);
    expect(rendered({ tls: "modern" }).tls.options.default["minVersion"]).toBe("VersionTLS13");
  });

  it("is no TCP router at all without hosts", () => {
    expect(rendered({ hosts: [] }).tcp.routers).toBeUndefined();
  });

  it.each([
    "a`) || HostSNI(`b",
    "App.example.com",
    "a_b.example.com",
    "-a.example.com",
    "",
    `${"a".repeat(254)}`,
    "a\nb",
  ])("refuses the host %j", (host) => {
    expect(() => text({ hosts: ["app.example.com", host] })).toThrow(
      `host: ${JSON.stringify(host)} is not a lower-case host name`,
    );
  });

  it.each(["gateway", "gateway:", "http://gateway:8443", "gateway:8443/x", '{{ env "HOME" }}:1', "gateway:123456"])(
    "refuses the gateway's address %j",
    (address) => {
      expect(() => text({ gateway: address })).toThrow(`gateway: ${JSON.stringify(address)} is not host:port`);
    },
  );

  it("never writes what Traefik's template engine would run", () => {
    const value = text({ certResolver: 'x {{ env "HOME" }} {{{' });
    expect(value).not.toContain("{{");
    expect(value).toContain("\\u007b\\u007b");
    expect((JSON.parse(value) as Dynamic).tcp.routers["https-app_example_com"]?.tls).toMatchObject({
      certResolver: 'x {{ env "HOME" }} {{{',
    });
  });
});

describe("dynamicConfigProbePath", () => {
  it("changes with the hosts, the TLS options and the gateway, and is found in the rendered text", () => {
    const one = text();
    const others = [text({ hosts: ["app.example.com"] }), text({ tls: "modern" }), text({ gateway: "g:1" })];
    const paths = [one, ...others].map(dynamicConfigProbePath);
    expect(paths[0]).toMatch(/^\/rampart\/config\/[0-9a-f]{12}$/);
    expect(new Set(paths).size).toBe(4);
    expect(one).toContain(`Path(\`${paths[0] ?? ""}\`)`);
  });

  it("refuses other text", () => {
    expect(() => dynamicConfigProbePath("{}")).toThrow("not a dynamic configuration rendered by Rampart");
  });
});

describe("traefikDynamicFiles", () => {
  it("writes the routes where Traefik does not watch, and then tells it to look", () => {
    const value = text();
    expect(traefikDynamicFiles(value)).toEqual([
      { path: "routes/rampart.yml", content: value },
      { path: "reload", content: `${dynamicConfigProbePath(value)}\n` },
    ]);
  });
});
