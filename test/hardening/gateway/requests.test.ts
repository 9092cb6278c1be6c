import { AMBIGUOUS_PATH, cleanHeaders, CLIENT, identify } from "../../../hardening/gateway/requests";

describe("a path that can be read in two ways", () => {
  const ambiguous = (path: string): boolean => new RegExp(AMBIGUOUS_PATH).test(path);

  test.each([
    ["dots that leave", "/api/../admin"],
    ["dots at the end", "/api/.."],
    ["one dot", "/api/./x"],
    ["one dot at the end", "/api/."],
    ["an encoded dot", "/api/%2e%2E/admin"],
    ["a half encoded one", "/api/.%2e"],
    ["one encoded dot", "/api/%2e/x"],
    ["a parameter", "/api/..;/admin"],
    ["a semicolon", "/api;x"],
    ["an encoded semicolon", "/api%3bx"],
    ["a backslash", "/api\\admin"],
    ["an encoded backslash", "/api%5c..%5Cadmin"],
    ["an encoded slash", "/api%2fadmin"],
    ["an encoded slash in upper case", "/api%2Fadmin"],
    ["an encoded percent", "/api/%252e%252e"],
    ["an encoded number sign", "/api%23"],
    ["an encoded question mark", "/api%3fx"],
    ["an encoded NUL", "/api%00"],
    ["an encoded line break", "/api%0d%0aX: y"],
    ["an encoded tab", "/api%09"],
    ["the last control character below the space", "/api%1f"],
    ["an encoded delete", "/api%7f"],
    ["a percent of no code", "/api/%zz"],
    ["half a code", "/api/%2"],
    ["a percent at the end", "/api%"],
  ])("%s: %s", (_what, path) => expect(ambiguous(path)).toBe(true));

  test.each([
    "/",
    "/api",
    "/api/..x/...",
    "/api/.well-known/a.b",
    "/a..b",
    "/api/x.",
    "/api//x",
    "/api/%20%21%22%24%26%27%2b%2C%2d",
    "/%61pi",
    "/api/%c3%a4",
    "/api/%7e%5b%5d",
    "/a/~user/@x,y=z:1+2",
    "/...",
  ])("%s is none", (path) => expect(ambiguous(path)).toBe(false));
});

test("a client is an IPv4 address, or a /64 of IPv6", () => expect(CLIENT).toBe("src,ipmask(32,64)"));

describe("who sent a request", () => {
  test("is who connected, and the request's id is the gateway's own, without trusted proxies", () => {
    const lines = identify("https", []);
    expect(lines.join("\n")).not.toMatch(/x-forwarded-for|x-request-id|trusted|set-src/);
    expect(lines).toContain("http-request set-var(txn.id) uuid()");
    expect(lines).toContain("http-request set-var(txn.scheme) str(https)");
    expect(identify("http", [])).toContain("http-request set-var(txn.scheme) str(http)");
  });

  test("is the last address in X-Forwarded-For that is no proxy's; each step believes a proxy only", () => {
    const lines = identify("https", ["10.0.0.0/8", "192.0.2.7"]).filter((line) => line.includes("set-src"));
    expect(lines).toEqual(
      [1, 2, 3, 4].map(
        (place) =>
          `http-request set-src req.hdr_ip(x-forwarded-for,-${place}) if { src 10.0.0.0/8 192.0.2.7 } ` +
          `{ req.hdr_ip(x-forwarded-for,-${place}) -m found }`,
      ),
    );
  });

  test("is settled before it is counted or logged", () => {
    const lines = identify("https", ["192.0.2.7"]);
    const at = (part: string): number => lines.findIndex((line) => line.includes(part));
    expect(at("txn.trusted) bool")).toBe(0);
    expect(at("txn.client")).toBeGreaterThan(at("set-src req.hdr_ip(x-forwarded-for,-4)"));
    expect(at("txn.id) uuid()")).toBeGreaterThan(at("txn.id) req.hdr"));
    expect(lines[at("txn.id) uuid()")]).toContain("if !{ var(txn.id) -m found }");
  });

  test("has a trusted proxy's id only of such a form", () => {
    const [line = ""] = identify("https", ["192.0.2.7"]).filter((one) => one.includes("txn.id) req.hdr"));
    expect(line).toContain("{ var(txn.trusted) -m bool } { req.hdr(x-request-id) -m reg '^[A-Za-z0-9._-]{8,64}$' }");
  });
});

describe("headers that a client may not send", () => {
  const lines = cleanHeaders([]);
  const gone = (name: string): boolean =>
    lines.some((line) => {
      const [, deleted = "", beginning] = /^http-request del-header (\S+)( -m beg)?$/.exec(line) ?? [];
      if (deleted === "") return false;
      const [one, other] = [name.toLowerCase(), deleted.toLowerCase()];
      return beginning === undefined ? one === other : one.startsWith(other);
    });

  test.each([
    ...[
      "X-Forwarded-Prefix",
      "X-Forwarded-Uri",
      "X-Forwarded-User",
      "X-Forwarded-For",
      "X-Forwarded-Host",
      "Forwarded",
    ],
    ...[
      "X-Original-URL",
      "X-Original-Uri",
      "X-Rewrite-URL",
      "X-HTTP-Method-Override",
      "X-Method-Override",
      "X-HTTP-Method",
    ],
    ...["X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Client-IP", "Fastly-Client-IP", "X-Cluster-Client-IP"],
    ...["X-Remote-User", "Remote-User", "X-Auth-Request-User", "X-Auth-Request-Email", "X-Webauth-User"],
    ...["X-Authentik-Username", "X-SSL-Client-Verify", "Ssl-Client-Verify", "X-Client-Cert", "X-Client-Verify"],
    ...[
      "X-Envoy-Original-Path",
      "Proxy",
      "Proxy-Connection",
      "HTTP2-Settings",
      "Front-End-Https",
      "X-Host",
      "X-Scheme",
    ],
  ])("%s", (name) => expect(gone(name)).toBe(true));

  test.each(["Authorization", "Cookie", "X-Requested-With", "X-CSRF-Token", "Accept", "Content-Type", "Range", "Host"])(
    "%s stays",
    (name) => expect(gone(name)).toBe(false),
  );

  test("are cleaned before the gateway's own are set", () => {
    const first = lines.findIndex((line) => line.includes("set-header"));
    expect(lines.slice(first).every((line) => line.includes("set-header"))).toBe(true);
    expect(lines.slice(first)).toEqual([
      "http-request set-header X-Forwarded-For %[src]",
      "http-request set-header X-Forwarded-Host %[req.hdr(host)]",
      "http-request set-header X-Forwarded-Proto %[var(txn.scheme)]",
      "http-request set-header X-Real-IP %[src]",
      "http-request set-header X-Request-ID %[var(txn.id)]",
    ]);
  });

  test("are a trusted proxy's to send only where they say an address", () => {
    const trusted = cleanHeaders(["192.0.2.7"]);
    expect(trusted).toContain("http-request del-header CF-Connecting-IP unless { var(txn.trusted) -m bool }");
    expect(trusted).toContain("http-request del-header X-Original-URL");
    expect(trusted).toContain("http-request del-header X-Forwarded- -m beg");
  });
});
