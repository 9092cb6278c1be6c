import { renderGatewayRoutes, type GatewayInput, type GatewayRoute } from "../../../hardening/gateway";
import { cors, input, route } from "./input";

const render = (
  routes: readonly GatewayRoute[],
  change: Partial<GatewayInput> = {},
): ReturnType<typeof renderGatewayRoutes> => renderGatewayRoutes({ ...input, ...change, routes });
const config = (routes: readonly GatewayRoute[] = [route], change: Partial<GatewayInput> = {}): string =>
  render(routes, change).config;
/** The lines of one section, without the spaces before them. */
const section = (text: string, head: string): string[] => {
  const all = text.split("\n");
  const start = all.indexOf(head);
  if (start < 0) throw new Error(`there is no ${head}`);
  return all.slice(start + 1, all.indexOf("", start)).map((line) => line.trim());
};

test("reads as what the gateway serves", () => {
  const routes = [
    { ...route, name: "web", pathPrefix: "/" },
    { ...route, name: "events", pathPrefix: "/api/events", streaming: true, cors },
  ];
  expect(
    config(routes, { trustedProxies: ["192.0.2.0/24"], edge: { host: "edge", tls: 8443, acme: 8081 } }),
  ).toMatchSnapshot();
});

describe("routes are chosen", () => {
  const chosen = (routes: readonly GatewayRoute[]): string[] =>
    section(config(routes), "frontend https").flatMap(
      (line) => /set-var\(txn\.route\) str\((\S+)\)/.exec(line)?.[1] ?? [],
    );

  test("the longest prefix first, the streaming one at equal length, and the first one stays", () => {
    const routes = [
      { ...route, name: "web", pathPrefix: "/" },
      route,
      { ...route, name: "api-stream", streaming: true },
      { ...route, name: "deep", pathPrefix: "/api/v1" },
    ];
    expect([...new Set(chosen(routes))]).toEqual(["deep", "api-stream", "api", "web"]);
    for (const line of section(config(routes), "frontend https").filter((one) => one.includes("set-var(txn.route)")))
      expect(line).toContain("!{ var(txn.route) -m found }");
  });

  test("by the host, and by a prefix that ends at a path boundary", () => {
    expect(section(config(), "frontend https").filter((line) => line.includes("set-var(txn.route)"))).toEqual([
      "http-request set-var(txn.route) str(api) if !{ var(txn.refusal) -m found } !{ var(txn.route) -m found } " +
        "{ var(txn.host) -m str app.example.com } { var(txn.read) -m str /api }",
      "http-request set-var(txn.route) str(api) if !{ var(txn.refusal) -m found } !{ var(txn.route) -m found } " +
        "{ var(txn.host) -m str app.example.com } { var(txn.read) -m beg /api/ }",
    ]);
  });

  test("without a prefix by the host only", () => {
    const { pathPrefix, ...whole } = route;
    expect(pathPrefix).toBe("/api");
    for (const one of [whole, { ...route, pathPrefix: "/" }]) {
      const [line = "", ...more] = section(config([one]), "frontend https").filter((l) =>
        l.includes("set-var(txn.route)"),
      );
      expect([line.endsWith("{ var(txn.host) -m str app.example.com }"), more]).toEqual([true, []]);
    }
  });

  test("by the method where one streams, and its preflights come along", () => {
    const last = (one: GatewayRoute): string =>
      section(config([one]), "frontend https").filter((line) => line.includes("set-var(txn.route)"))[0] ?? "";
    expect(last({ ...route, streaming: true })).toMatch(/ \{ method GET HEAD \}$/);
    expect(last({ ...route, streaming: true, cors })).toMatch(/ \{ method GET HEAD OPTIONS \}$/);
  });
});

describe("a frontend", () => {
  const CAPS = [
    "maxconn 1500",
    "tcp-request connection track-sc2 src,ipmask(32,64) table connections",
    "tcp-request connection reject if { sc2_conn_cur gt 256 }",
    "tcp-request connection reject if { fe_conn gt 1125 } { sc2_conn_cur gt 16 }",
  ];

  test("that is reached from outside counts connections, before TLS", () => {
    expect(section(config(), "frontend http").slice(0, 5)).toEqual(["bind *:8080", ...CAPS]);
    const tls = section(config(), "frontend tls from tcp");
    expect(tls).toEqual([
      "bind *:8443",
      "timeout client 3615s",
      ...CAPS,
      "tcp-request inspect-delay 5s",
      "tcp-request content accept if { req.ssl_hello_type 1 }",
      "tcp-request content reject",
      "default_backend edge",
    ]);
  });

  test("keeps a connection as long as the most patient route does", () => {
    const patient = (streamSeconds: number, responseSeconds: number): string =>
      section(
        config([{ ...route, timeouts: { requestSeconds: 9999, responseSeconds, streamSeconds } }]),
        "backend edge from tcp",
      )[0] ?? "";
    expect([patient(1, 1), patient(100, 2), patient(3, 4000)]).toEqual([
      "timeout server 90s",
      "timeout server 115s",
      "timeout server 4015s",
    ]);
  });

  test("that takes back what was in TLS believes the edge only, and tells it who connects", () => {
    expect(section(config(), "frontend https").slice(0, 3)).toEqual([
      "bind *:8444 accept-proxy",
      "maxconn 1500",
      "tcp-request connection reject unless { src 10.20.2.0/24 }",
    ]);
    expect(section(config(), "backend edge from tcp")[1]).toBe(
      "server edge edge:8443 send-proxy-v2 resolvers engine resolve-prefer ipv4 init-addr libc,none",
    );
  });

  test("does not count a trusted proxy's connections as one client's", () => {
    for (const head of ["frontend tls from tcp", "frontend http"]) {
      const rejects = section(config([route], { trustedProxies: ["192.0.2.7", "10.0.0.0/8"] }), head).filter((line) =>
        line.startsWith("tcp-request connection reject"),
      );
      expect(rejects).toHaveLength(2);
      for (const line of rejects) expect(line).toMatch(/ !\{ src 192\.0\.2\.7 10\.0\.0\.0\/8 \}$/);
    }
  });

  test("counts what is refused by the client itself, behind trusted proxies, too", () => {
    for (const head of ["frontend https", "frontend http"]) {
      const lines = section(config(), head);
      const tracked = lines.indexOf("http-request track-sc0 var(txn.client) table clients");
      expect(tracked).toBeGreaterThan(lines.findIndex((line) => line.includes("set-var(txn.client)")));
      expect(tracked).toBeLessThan(lines.findIndex((line) => line.includes("sc-inc-gpc0(0)")));
    }
  });

  test("is there for plain http only where the stack has it", () => {
    const acme = { host: "edge", tls: 8443, acme: 8081 };
    expect(config([route], { http: false, edge: acme })).not.toMatch(/frontend http$|backend acme|8080|8081/m);
  });

  test("judges the path before the route, and the route before the headers go", () => {
    const lines = section(config(), "frontend https");
    const at = (part: string): number => lines.findIndex((line) => line.includes(part));
    const order = [
      "txn.client)",
      "str(path)",
      "set-var(txn.route)",
      "str(host)",
      "return status 404",
      "del-header",
      "txn.share",
    ];
    expect(order.map(at)).toEqual([...order.map(at)].sort((a, b) => a - b));
    expect(order.map(at)).not.toContain(-1);
  });

  test("gives its own answers the header set, and leaves a route's to the route", () => {
    const lines = section(config(), "frontend https").filter((line) =>
      line.startsWith("http-after-response set-header"),
    );
    expect(lines.filter((line) => line.endsWith("unless { var(txn.route) -m found }")).length).toBeGreaterThan(8);
    expect(lines.at(-1)).toBe("http-after-response set-header X-Request-ID %[var(txn.id)] if { var(txn.id) -m found }");
  });

  test("that is plain redirects its own hosts to the port that a browser sees, each host once", () => {
    const routes = [route, { ...route, name: "b", host: "b.example.com" }, { ...route, name: "c", pathPrefix: "/c" }];
    const lines = section(config(routes, { externalHttpsPort: 8443 }), "frontend http");
    expect(lines.filter((line) => line.includes("txn.known) bool"))).toEqual(
      ["app.example.com", "b.example.com"].map(
        (host) => `http-request set-var(txn.known) bool(true) if { var(txn.host) -m str ${host} }`,
      ),
    );
    expect(lines.filter((line) => line.includes("redirect"))).toEqual([
      "http-request redirect location https://%[var(txn.host)]:8443%[pathq] code 301 unless { var(txn.route) -m " +
        "found }",
    ]);
    expect(config()).toContain("location https://%[var(txn.host)]%[pathq] code 301");
  });

  test("that is plain leads ACME's questions to the edge, where there is somebody to ask", () => {
    const text = config([route], { edge: { host: "edge", tls: 8443, acme: 8081 } });
    expect(section(text, "backend acme")).toEqual([
      "server edge edge:8081 resolvers engine resolve-prefer ipv4 init-addr libc,none",
    ]);
    expect(section(text, "frontend http")).toContain(
      "http-request set-var(txn.route) str(acme-challenge) if { path -m beg /.well-known/acme-challenge/ } { " +
        "method GET HEAD }",
    );
    expect(config()).not.toContain("acme");
  });
});

describe("the files", () => {
  const two = [route, { ...route, name: "web", pathPrefix: "/", target: { alias: "web-9", port: 80, replicas: 3 } }];

  test("are the same bytes whatever the order of routes and keys", () => {
    const reversed = Object.fromEntries(Object.entries(route).reverse()) as unknown as GatewayRoute;
    const [, web = route] = two;
    expect(render([web, reversed])).toEqual(render(two));
  });

  test("name the servers of each section", () => {
    expect(render(two).servers).toBe("route_api 1 api-1a2b3c\nroute_web 3 web-9\n");
  });

  test("have a shape that the gateway answers for, on its loopback address", () => {
    const { config: text, shape } = render(two);
    expect(shape).toMatch(/^[0-9a-f]{12}$/);
    expect(section(text, "frontend routes")).toEqual([
      "bind 127.0.0.1:8084",
      "http-request set-log-level silent",
      `http-request return status 200 if { path /rampart/routes/${shape} }`,
      "http-request return status 404",
    ]);
  });

  test("are a gateway without a route where there is none", () => {
    expect(render([]).servers).toBe("");
    expect(config([])).not.toMatch(/^backend route_/m);
  });
});

describe("the shape", () => {
  const shape = (one: GatewayRoute = route, change: Partial<GatewayInput> = {}): string => render([one], change).shape;

  test("stays with another name of the servers: a running gateway can be told of it", () => {
    expect(shape({ ...route, target: { ...route.target, alias: "other" } })).toBe(shape());
  });

  const changes: readonly Partial<GatewayRoute>[] = [
    { name: "other" },
    { host: "b.example.com" },
    { pathPrefix: "/b" },
    { target: { ...route.target, port: 3001 } },
    { target: { ...route.target, replicas: 2 } },
    { rateLimit: { average: 50, burst: 101, periodSeconds: 1 } },
    { rateLimit: { average: 100, burst: 100, periodSeconds: 1 } },
    { inFlight: { perClient: 99, total: 1000 } },
    { inFlight: { perClient: 100, total: 999 } },
    { timeouts: { ...route.timeouts, requestSeconds: 1 } },
    { timeouts: { ...route.timeouts, responseSeconds: 1 } },
    { timeouts: { ...route.timeouts, streamSeconds: 1 } },
    { methods: ["GET"] },
    { contentTypes: ["image/*"] },
    { maxBodyBytes: 1 },
    { maxHeaderBytes: 1 },
    { webSocket: true },
    { streaming: true },
    { headers: { extra: { "X-A": "b" } } },
    { cors },
  ];
  test.each(changes)("changes with %j", (change) => expect(shape({ ...route, ...change })).not.toBe(shape()));

  test.each([
    { edgeSubnet: "10.21.2.0/24" },
    { connections: { perClient: 255, total: 1500 } },
    { connections: { perClient: 256, total: 1501 } },
    { externalHttpsPort: 8443 },
    { edge: { host: "edge", tls: 8443, acme: 8081 } },
    { trustedProxies: ["192.0.2.7"] },
    { http: false },
    { edge: { host: "other", tls: 8443 } },
    { edge: { host: "edge", tls: 8445 } },
  ] as readonly Partial<GatewayInput>[])("changes with %j", (change) => expect(shape(route, change)).not.toBe(shape()));
});

describe("what is refused", () => {
  const message = "limits, timeouts and ports: must be whole numbers above 0";
  const refused: readonly (readonly [string, Partial<GatewayRoute>, string])[] = [
    ...["Api", "a_b", "-a", "a-", "", "a b", "a)\n  http-request allow", "a'", "ä"].map(
      (name) =>
        [
          `the name ${JSON.stringify(name)}`,
          { name },
          "name: allowed are lower case letters, digits and hyphens",
        ] as const,
    ),
    ...[
      "App.example.com",
      "a`b",
      "a b",
      "a.example.com }",
      "-a.com",
      "a..b",
      "",
      "a\nb",
      "*.example.com",
      "a_b.com",
      "a".repeat(254),
    ].map(
      (host) =>
        [
          `the host ${JSON.stringify(host)}`,
          { host },
          `host: ${JSON.stringify(host)} is not a lower-case host name`,
        ] as const,
    ),
    ...["/api/", "api", "", "/a b", "/a%20b", "//a", "/a'", '/a"', "/a{b", "/a\n", "/a;b", "/$a", "/a\\b"].map(
      (pathPrefix) =>
        [
          `the prefix ${JSON.stringify(pathPrefix)}`,
          { pathPrefix },
          `pathPrefix: ${JSON.stringify(pathPrefix)} must start with / and end without one, of letters, digits ` +
            `and . _ ~ -`,
        ] as const,
    ),
    ...["", "-a", "a b", "a:80", "a\nb", "$a", "a/b", "a'"].map(
      (alias) =>
        [
          `the target ${JSON.stringify(alias)}`,
          { target: { alias, port: 1 } },
          `target: ${JSON.stringify(alias)} is not a DNS name`,
        ] as const,
    ),
    ...[0, -1, 1.5, Number.NaN, Infinity].flatMap((value) =>
      (
        [
          { rateLimit: { ...route.rateLimit, average: value } },
          { rateLimit: { ...route.rateLimit, burst: value } },
          { rateLimit: { ...route.rateLimit, periodSeconds: value } },
          { inFlight: { ...route.inFlight, perClient: value } },
          { inFlight: { ...route.inFlight, total: value } },
          { maxBodyBytes: value },
          { maxHeaderBytes: value },
          { timeouts: { ...route.timeouts, requestSeconds: value } },
          { timeouts: { ...route.timeouts, responseSeconds: value } },
          { timeouts: { ...route.timeouts, streamSeconds: value } },
          { target: { ...route.target, port: value } },
          { target: { ...route.target, replicas: value } },
        ] as Partial<GatewayRoute>[]
      ).map((change) => [`${value} in ${Object.keys(change).join()}`, change, message] as const),
    ),
    [
      "a bucket that fills in more than twelve days",
      { rateLimit: { average: 1, burst: 1_036_801, periodSeconds: 1 } },
      "rateLimit: burst must fill at average within 12 days",
    ],
    ["headers that no buffer holds", { maxHeaderBytes: 49_153 }, "maxHeaderBytes: is more than 49152"],
    ["no method", { methods: [] }, "methods: names none"],
    ...["json", "a/b; c=d", "*/*", "A/b", "a/", "/b", "a/b'", "a/b c", "image/x*"].map(
      (type) =>
        [
          `the type ${JSON.stringify(type)}`,
          { contentTypes: ["image/*", type] },
          "contentTypes: allowed are media types such as application/json or image/*",
        ] as const,
    ),
    [
      "credentials for every origin",
      { cors: { ...cors, allowedOrigins: ["https://a.b", "*"] } },
      'cors: allowedOrigins "*" cannot be combined with allowCredentials; list the origins',
    ],
  ];
  test.each(refused)("%s", (_what, change, expected) => {
    const broken = { ...route, ...change };
    expect(() => config([broken])).toThrow(`route ${JSON.stringify(broken.name)}: ${expected}`);
  });

  test("one name twice, and one path of a host twice, unless one of the two streams", () => {
    expect(() => config([route, { ...route, host: "b.example.com" }])).toThrow('route "api": name: is used twice');
    expect(() => config([route, { ...route, name: "b" }])).toThrow(
      'route "b": app.example.com/api: is already claimed by route api',
    );
    expect(() => config([route, { ...route, name: "b", streaming: true }])).not.toThrow();
    const streams = [
      { ...route, streaming: true },
      { ...route, name: "b", streaming: true },
    ];
    expect(() => config(streams)).toThrow(
      'route "b": app.example.com/api (streaming): is already claimed by route api',
    );
  });

  test("a header value of two lines, and an origin with a quote: nothing ends where it should not", () => {
    expect(() => config([{ ...route, headers: { extra: { "X-A": "b\nbackend x" } } }])).toThrow("headers.X-A");
    expect(() => config([{ ...route, cors: { ...cors, allowedOrigins: ["https://a' }"] } }])).toThrow(
      "not an argument for HAProxy",
    );
    expect(() => config([{ ...route, cors: { ...cors, allowedHeaders: ["a\nb"] } }])).toThrow(
      "not a format for HAProxy",
    );
  });
});

describe("clients of IPv6", () => {
  const FRONTENDS = [
    ["frontend tls from tcp", 8446],
    ["frontend http", 8086],
  ] as const;

  test.each(FRONTENDS)("come in at a port of their own, and not by the engine's hand: %s", (head, port) => {
    const lines = section(config([route], { ipv6Engine: "fd12:3456:789a::1" }), head);
    expect(lines).toContain(`bind [::]:${port} v6only`);
    expect(lines.filter((line) => line.startsWith("tcp-request connection"))[0]).toBe(
      "tcp-request connection reject if { src fd12:3456:789a::1 }",
    );
  });

  test("are nobody unless they are asked for", () => expect(config()).not.toMatch(/::|v6only/));
});
