import {
  dynamicConfigProbePath,
  type EdgeCors,
  type EdgeRoute,
  leastEdgeMiB,
  renderTraefikDynamic,
  traefikDynamicFiles,
  type TraefikDynamicInput,
  unsizedInFlight,
} from "../../../hardening/edge";
import { route } from "./routes";

interface Dynamic {
  readonly http: {
    readonly routers: Record<
      string,
      { rule: string; priority: number; middlewares: string[]; tls: object; parentRefs?: string[] }
    >;
    readonly middlewares: Record<string, object>;
    readonly services: Record<string, { loadBalancer: { serversTransport: string } }>;
  };
  readonly tls: { readonly options: { readonly default: Record<string, unknown> } };
}

const cors: EdgeCors = {
  allowedOrigins: ["https://app.example.com"],
  allowedMethods: ["GET", "POST"],
  allowedHeaders: ["content-type"],
  allowCredentials: true,
  maxAgeSeconds: 600,
};

const text = (routes: readonly EdgeRoute[], input: Partial<TraefikDynamicInput> = {}): string =>
  renderTraefikDynamic({ routes, tls: "modern", ...input });
const rendered = (routes: readonly EdgeRoute[], input: Partial<TraefikDynamicInput> = {}): Dynamic =>
  JSON.parse(text(routes, input)) as Dynamic;

describe("renderTraefikDynamic", () => {
  it("renders a file that a person can read", () => {
    expect(
      text([route, { ...route, name: "events", pathPrefix: "/api/events", streaming: true, cors }]),
    ).toMatchSnapshot();
  });

  it("is the same bytes whatever the order of routes and keys", () => {
    const web = { ...route, name: "web", pathPrefix: "/" };
    const reversed = Object.fromEntries(Object.entries(route).reverse()) as unknown as EdgeRoute;
    expect(text([web, reversed])).toBe(text([route, web]));
  });

  it("ends a prefix at a path boundary", () => {
    expect(rendered([route]).http.routers.api?.rule).toBe(
      "Host(`app.example.com`) && (Path(`/api`) || PathPrefix(`/api/`))",
    );
  });

  it("matches the whole host without a prefix", () => {
    expect(rendered([{ ...route, pathPrefix: "/" }]).http.routers.api?.rule).toBe("Host(`app.example.com`)");
  });

  it("lets the longest prefix win, and the streaming route at equal length", () => {
    const routes = [
      { ...route, name: "web", pathPrefix: "/" },
      { ...route, name: "api-stream", streaming: true },
      { ...route, name: "deep", pathPrefix: "/api/v1" },
    ];
    const { routers } = rendered([route, ...routes]).http;
    const order = ["deep", "api-stream", "api", "web"];
    const priorities = order.map((name) => routers[name]?.priority ?? -1);
    expect(priorities).toEqual([14, 9, 8, 2]);
  });

  it("orders the middlewares: headers, rate limit, requests in flight, CORS", () => {
    expect(rendered([{ ...route, cors }]).http.routers.api?.middlewares).toEqual([
      "api-headers",
      "api-rate-limit",
      "api-in-flight",
      "api-in-flight-total",
      "api-cors",
    ]);
  });

  it("looks at the body below the route's router, which counts for all: too large, without a length, any other", () => {
    const { routers } = rendered([route]).http;
    const below = Object.entries(routers).filter(([, router]) => router.parentRefs?.[0] === "api");
    expect(below.map(([name, { rule, priority, middlewares }]) => ({ name, rule, priority, middlewares }))).toEqual([
      { name: "api_passed", rule: "PathPrefix(`/`)", priority: 1, middlewares: ["api-retry"] },
      {
        name: "api_too-large",
        rule: expect.stringMatching(/^HeaderRegexp\(`Content-Length`, `\^0\*\(.*\)\$\|\[\^0-9\]`\)$/) as unknown,
        priority: 3,
        middlewares: ["api_too-large"],
      },
      {
        name: "api_unsized",
        rule:
          "!HeaderRegexp(`Content-Length`, `.`) && !(Method(`GET`) || Method(`HEAD`) || Method(`OPTIONS`) || " +
          "Method(`DELETE`))",
        priority: 2,
        middlewares: ["api_unsized-in-flight", "api_unsized-in-flight-total", "api_unsized", "api-retry"],
      },
    ]);
  });

  it("gives a streaming route GET only, and no limit on waiting for headers", () => {
    const { http } = rendered([{ ...route, streaming: true }]);
    expect(Object.keys(http.routers)).toEqual(["api", "api_passed", "api_too-large", "rampart-config"]);
    expect(http.routers.api?.rule).toBe(
      "Host(`app.example.com`) && (Path(`/api`) || PathPrefix(`/api/`)) && Method(`GET`)",
    );
    expect(http.services.api?.loadBalancer.serversTransport).toBe("streaming");
  });

  it("buffers what declares no length only, and in memory only", () => {
    const { middlewares } = rendered([{ ...route, maxRequestBodyBytes: 1000 }]).http;
    const buffering = Object.entries(middlewares).filter(([, one]) => "buffering" in one);
    expect(buffering.map(([name]) => name)).toEqual(["api_too-large", "api_unsized"]);
    for (const [, one] of buffering) {
      const sizes = (one as { buffering: Record<string, number> }).buffering;
      expect(sizes["memRequestBodyBytes"]).toBe(sizes["maxRequestBodyBytes"]);
      expect(sizes["memResponseBodyBytes"]).toBe(sizes["maxResponseBodyBytes"]);
    }
    expect(middlewares["api_unsized"]).toMatchObject({ buffering: { maxRequestBodyBytes: 1000 } });
  });

  it("lets fewer requests without a length in where the edge has many routes and little memory", () => {
    expect([256, 1024, 97].map((memoryMiB) => unsizedInFlight(memoryMiB, 100))).toEqual([2, 8, 0]);
    expect([unsizedInFlight(256, 1), unsizedInFlight(256, 35), unsizedInFlight(leastEdgeMiB(100), 100)]).toEqual([
      8, 8, 1,
    ]);
    const { middlewares } = rendered([route], { unsizedInFlight: 1 }).http;
    expect(middlewares["api_unsized-in-flight"]).toMatchObject({ inFlightReq: { amount: 1 } });
    expect(middlewares["api_unsized-in-flight-total"]).toMatchObject({ inFlightReq: { amount: 1 } });
  });

  it("tells clients apart by IPv4 address and IPv6 /64, and counts them all by a header that no client sets", () => {
    const { middlewares } = rendered([{ ...route, inFlight: { perClient: 7, total: 9 } }]).http;
    const client = { ipStrategy: { ipv6Subnet: 64 } };
    expect(middlewares["api-rate-limit"]).toEqual({
      rateLimit: { average: 50, burst: 100, period: "1s", sourceCriterion: client },
    });
    expect(middlewares["api-in-flight"]).toEqual({ inFlightReq: { amount: 7, sourceCriterion: client } });
    expect(middlewares["api-in-flight-total"]).toEqual({
      inFlightReq: { amount: 9, sourceCriterion: { requestHeaderName: "X-Forwarded-Server" } },
    });
  });

  it("tells clients behind trusted proxies apart", () => {
    expect(rendered([route], { trustedProxies: ["192.0.2.0/24"] }).http.middlewares["api-rate-limit"]).toMatchObject({
      rateLimit: { sourceCriterion: { ipStrategy: { excludedIPs: ["192.0.2.0/24"] } } },
    });
  });

  it("asks the resolver for the host's certificate, and then refuses unknown names", () => {
    const acme = rendered([route], { certResolver: "letsencrypt" });
    expect(acme.http.routers.api?.tls).toEqual({
      certResolver: "letsencrypt",
      domains: [{ main: "app.example.com" }],
      options: "default",
    });
    expect(acme.tls.options.default.sniStrict).toBe(true);
    expect(rendered([route]).http.routers.api?.tls).toEqual({ options: "default" });
    expect(rendered([route]).tls.options.default.sniStrict).toBe(false);
  });

  it("has a probe and nothing else without routes", () => {
    expect(Object.keys(rendered([]).http.routers)).toEqual(["rampart-config"]);
  });

  it("never writes what Traefik's template engine would run", () => {
    const contentSecurityPolicy = 'x {{ env "HOME" }} {{{';
    const value = text([{ ...route, headers: { contentSecurityPolicy } }]);
    expect(value).not.toContain("{{");
    expect(JSON.parse(value)).toMatchObject({
      http: {
        middlewares: {
          "api-headers": { headers: { customResponseHeaders: { "Content-Security-Policy": contentSecurityPolicy } } },
        },
      },
    });
  });

  const refused: [string, EdgeRoute[], string][] = [
    [
      "a host that ends the rule",
      [{ ...route, host: "a`) || Host(`b" }],
      'host: "a`) || Host(`b" is not a lower-case host name',
    ],
    [
      "an upper-case host",
      [{ ...route, host: "App.example.com" }],
      'host: "App.example.com" is not a lower-case host name',
    ],
    [
      "a prefix that ends with a slash",
      [{ ...route, pathPrefix: "/api/" }],
      'pathPrefix: "/api/" must start with / and end without one, of letters, digits and . _ ~ -',
    ],
    [
      "an https target",
      [{ ...route, target: "https://api:3000" }],
      'target: "https://api:3000" is not http://alias:port',
    ],
    [
      "no body limit",
      [{ ...route, maxRequestBodyBytes: 0 }],
      "rateLimit, inFlight and maxRequestBodyBytes: must be whole numbers above 0",
    ],
    [
      "no rate limit",
      [{ ...route, rateLimit: { average: 0, burst: 1, periodSeconds: 1 } }],
      "rateLimit, inFlight and maxRequestBodyBytes: must be whole numbers above 0",
    ],
    ["one name twice", [route, { ...route, host: "b.example.com" }], "name: is used twice"],
    ["one path twice", [route, { ...route, name: "other" }], "app.example.com/api: is already claimed by route api"],
    [
      "credentials for every origin",
      [{ ...route, cors: { ...cors, allowedOrigins: ["*"] } }],
      'cors: allowedOrigins "*" cannot be combined with allowCredentials; list the origins',
    ],
  ];
  it.each(refused)("refuses %s", (_what, routes, message) => {
    expect(() => text(routes)).toThrow(`route "${routes.at(-1)?.name ?? ""}": ${message}`);
  });
});

describe("dynamicConfigProbePath", () => {
  it("changes with the routes and is found in the rendered text", () => {
    const one = text([route]);
    const two = text([{ ...route, target: "http://api-4d5e6f:3000" }]);
    expect(dynamicConfigProbePath(one)).toMatch(/^\/rampart\/config\/[0-9a-f]{12}$/);
    expect(dynamicConfigProbePath(one)).not.toBe(dynamicConfigProbePath(two));
    expect(one).toContain(`Path(\`${dynamicConfigProbePath(one)}\`)`);
  });

  it("refuses other text", () => {
    expect(() => dynamicConfigProbePath("{}")).toThrow("not a dynamic configuration rendered by Rampart");
  });
});

describe("traefikDynamicFiles", () => {
  it("writes the routes where Traefik does not watch, and then tells it to look", () => {
    const value = text([route]);
    expect(traefikDynamicFiles(value)).toEqual([
      { path: "routes/rampart.yml", content: value },
      { path: "reload", content: `${dynamicConfigProbePath(value)}\n` },
    ]);
  });
});
