import type { Access, GatewayRoute } from "../../../hardening/gateway";
import { backendOf, renderBackend } from "../../../hardening/gateway/backend";
import { sentHeaders } from "../../../hardening/gateway/base-config";
import { cors, route } from "./input";

const lines = (change: Partial<GatewayRoute> = {}): string[] =>
  renderBackend({ ...route, ...change }).map((line) => line.trim());
const text = (change: Partial<GatewayRoute> = {}): string => lines(change).join("\n");
/** The lines in which `part` stands. */
const having = (part: string, change: Partial<GatewayRoute> = {}): string[] =>
  lines(change).filter((line) => line.includes(part));
const place = (part: string, change: Partial<GatewayRoute> = {}): number => {
  const found = lines(change).findIndex((line) => line.includes(part));
  if (found < 0) throw new Error(`there is no ${part} in\n${text(change)}`);
  return found;
};

test("reads as what a route is", () => {
  expect(
    renderBackend({ ...route, contentTypes: ["application/json", "image/*"], cors, webSocket: true }).join("\n"),
  ).toMatchSnapshot();
});

test("has a name that no other section has", () => {
  expect(lines()[0]).toBe("backend route_api");
  expect(backendOf({ name: "2-api" })).toBe("route_2-api");
});

describe("the limits of a route", () => {
  const refused = (why: string, change: Partial<GatewayRoute> = {}): string[] =>
    having(`set-var(txn.refusal) str(${why}) `, change).map((line) => line.replace(/^.*?-m found \} /, ""));

  test("count a client's requests on this route, and take nothing from a bucket for a refused one", () => {
    expect(refused("rate")).toEqual(["{ sc1_gpc0_rate ge 100 }"]);
    expect(having("track-sc1")).toEqual(["http-request track-sc1 var(txn.share) table clients_2000ms"]);
    expect(having("sc-inc-gpc0(1)")).toEqual(["http-request sc-inc-gpc0(1) unless { var(txn.refusal) -m found }"]);
    expect(place("track-sc1")).toBeLessThan(place("str(rate)"));
    expect(place("str(rate)")).toBeLessThan(place("sc-inc-gpc0(1)"));
  });

  test("bound requests at a time, of one client and of all", () => {
    expect(refused("in-flight", { inFlight: { perClient: 3, total: 9 } })).toEqual([
      "{ sc1_conn_cur gt 3 }",
      "{ be_conn(route_api) gt 9 }",
    ]);
  });

  test("bound methods, headers and declared bodies, before a byte of the body is waited for", () => {
    expect(refused("method", { methods: ["GET", "PUT"] })).toEqual(["!{ method GET PUT }"]);
    expect(refused("method", { methods: ["GET"], cors })).toEqual(["!{ method GET } !{ var(txn.preflight) -m bool }"]);
    expect(refused("headers", { maxHeaderBytes: 2048 })).toEqual(["{ req.hdrs,length gt 2048 }"]);
    expect(refused("body-size", { maxBodyBytes: 77_777 })).toEqual(["{ req.hdr(content-length),add(0) gt 77777 }"]);
    for (const part of ["str(rate)", "str(method)", "str(headers)", "content-length),add(0)"])
      expect(place(part)).toBeLessThan(place("wait-for-body"));
  });

  test("bound a body without a length to 32 KiB, or to what the route takes", () => {
    expect(refused("body-length", { maxBodyBytes: 32_769 })).toEqual([
      "!{ req.hdr(content-length) -m found } { req.body_size gt 32768 }",
    ]);
    const small = { maxBodyBytes: 1000 };
    expect(refused("body-length", small)).toEqual([]);
    expect(refused("body-size", small).at(-1)).toBe("!{ req.hdr(content-length) -m found } { req.body_size gt 1000 }");
    expect(refused("body-size", { maxBodyBytes: 32_768 })).toHaveLength(2);
  });

  test("wait for bodies as long as the route says, and not for a refused one's", () => {
    const timeouts = { requestSeconds: 7, responseSeconds: 8, streamSeconds: 9 };
    const waits = having("wait-for-body", { timeouts });
    expect(waits).toHaveLength(3);
    for (const line of waits) expect(line).toMatch(/time 7s at-least \d+ if !\{ var\(txn\.refusal\) -m found \} /);
    expect(waits.map((line) => Number(/at-least (\d+)/.exec(line)?.[1]))).toEqual([16_384, 32_769, 32_769]);
    expect(having("timeout server", { timeouts })[0]).toBe("timeout server 8s");
    expect(having("timeout tunnel", { timeouts })).toEqual(["timeout tunnel 9s"]);
  });

  test("take bodies of the listed types only, whatever their parameters and letters", () => {
    const [line = ""] = refused("content-type", { contentTypes: ["application/json", "image/*", "a.b+c/d-e"] });
    const pattern =
      /^\{ req\.body_size gt 0 \} !\{ req\.fhdr\(content-type\) -m reg -i '(.*)' \}$/.exec(line)?.[1] ?? "";
    const taken = (type: string): boolean => new RegExp(pattern, "i").test(type);
    const good = [
      "application/json",
      "Application/JSON; charset=utf-8",
      "application/json ;a=b",
      "image/svg+xml",
      "a.b+c/d-e",
    ];
    const bad = ["", "application/jsonx", "text/plain", "x application/json", "image/", "image/a/b", "aXb+c/d-e"];
    expect([good.filter((type) => !taken(type)), bad.filter(taken)]).toEqual([[], []]);
    expect(refused("content-type")).toEqual([]);
  });
});

describe("the answer to what is refused", () => {
  test("says what would be allowed, and when to come again", () => {
    const slow = { rateLimit: { average: 10, burst: 10, periodSeconds: 60 } };
    expect(having("return status 405", { methods: ["GET", "HEAD"] })[0]).toContain(' hdr Allow "GET, HEAD" ');
    expect(having("str rate }", slow)[0]).toContain(' hdr Retry-After "6" ');
    expect(having("str in-flight }")[0]).toContain(' hdr Retry-After "1" ');
  });

  test("is given for every reason that the section finds, before anything is asked of the application", () => {
    const all = { contentTypes: ["image/*"], maxBodyBytes: 99_999 };
    const found = lines(all).flatMap((line) => /set-var\(txn\.refusal\) str\((\S+)\)/.exec(line)?.[1] ?? []);
    const given = lines(all).flatMap((line) => /return status \d+ .*str (\S+) \}$/.exec(line)?.[1] ?? []);
    expect([...new Set(found)].filter((why) => !given.includes(why))).toEqual([]);
    expect(Math.max(...given.map((why) => place(`str ${why} }`, all)))).toBeLessThan(place("server-template", all));
  });

  test("is sampled in the log before it is given", () => {
    expect(place("sc-inc-gpc1(0)")).toBeLessThan(place("return status"));
    expect(place("set-log-level silent")).toBeLessThan(place("return status"));
  });

  test("comes after the limits and before a preflight's: preflights count as any request", () => {
    expect(place("return status 204", { cors })).toBeGreaterThan(place("return status 431", { cors }));
    expect(place("set-var(txn.origin)", { cors })).toBeLessThan(place("str(rate)", { cors }));
  });
});

describe("an upgrade", () => {
  test("is nothing that the application sees, unless the route takes WebSockets", () => {
    expect(having("del-header Upgrade")).toEqual(["http-request del-header Upgrade"]);
    expect(having("del-header Connection")).toEqual(["http-request del-header Connection"]);
    const unless = " unless { req.fhdr(upgrade) -m str -i websocket }";
    expect(having("del-header Upgrade", { webSocket: true })).toEqual([`http-request del-header Upgrade${unless}`]);
    expect(having("del-header Connection", { webSocket: true })).toEqual([
      `http-request del-header Connection${unless}`,
    ]);
  });
});

test("a stream may be silent for longer: of events anywhere, of anything on a route that streams", () => {
  const timeouts = { requestSeconds: 7, responseSeconds: 8, streamSeconds: 9 };
  expect(having("set-timeout server", { timeouts })).toEqual([
    "http-request set-timeout server 9s if { req.hdr(accept) -m sub -i text/event-stream }",
  ]);
  expect(having("set-timeout server", { timeouts, streaming: true })).toEqual(["http-request set-timeout server 9s"]);
});

describe("the headers of an answer", () => {
  test("are the whole default set, which replaces the application's", () => {
    const set = having("http-after-response set-header");
    expect(set.map((line) => line.split(" ")[2])).toEqual(sentHeaders().map(([name]) => name));
    expect(having("http-after-response del-header").map((line) => line.split(" ")[2])).toEqual(
      expect.arrayContaining(["Server", "X-Powered-By"]),
    );
  });

  test("are the route's own where it has some, written so that nothing in them is read", () => {
    const extra = { "X-T": '100% "a" \\ $HOME %[env(HOME)]', "Referrer-Policy": "", "X-Frame-Options": "SAMEORIGIN" };
    const change = { headers: { extra, contentSecurityPolicy: "default-src 'self'" } };
    expect(text(change)).toContain('http-after-response set-header X-T "100%% \\"a\\" \\\\ \\$HOME %%[env(HOME)]"');
    expect(text(change)).toContain("http-after-response del-header Referrer-Policy");
    expect(text(change)).toContain('set-header X-Frame-Options "SAMEORIGIN"');
    expect(text(change)).toContain(`set-header Content-Security-Policy "default-src 'self'"`);
    expect(having("X-Frame-Options", change)).toHaveLength(1);
  });

  test("are the application's where the route leaves them to it, and the default where it sends none", () => {
    const change = { headers: { fromApplication: ["content-security-policy", "Server"] } };
    const [line = "", ...more] = having("Content-Security-Policy", change);
    expect(line).toMatch(
      /set-header Content-Security-Policy "default-src 'none'.* unless \{ res\.hdr\(Content-Security-Policy\) -m found \}$/,
    );
    expect(more).toEqual([]);
    expect(having(" Server", change)).toEqual([]);
  });
});

test("the servers are as many as the service has containers, under its name, looked up while it runs", () => {
  const server = (replicas?: number): string =>
    having("server-template", { target: { alias: "api-1a2b", port: 99, ...(replicas ? { replicas } : {}) } }).join();
  const rest = "api-1a2b:99 resolvers engine resolve-prefer ipv4 init-addr libc,none";
  expect([server(), server(4)]).toEqual([
    `server-template v 1-1 ${rest}`,
    `server-template v 1-4 ${rest} check inter 1s fall 2 rise 1`,
  ]);
});

test("a client stays with its replica only where the route says so, by a cookie that tells no address", () => {
  expect(text()).not.toContain("cookie");
  expect(having("cookie", { sticky: true })).toEqual([
    "cookie rampart-replica insert indirect nocache httponly secure dynamic attr SameSite=Lax",
    "dynamic-cookie-key api",
  ]);
});

describe("a route that is not for everybody", () => {
  const DIGEST = "A".repeat(64);
  const access: Access = {
    sources: ["192.0.2.0/24", "2001:db8::/32"],
    basic: [{ user: "ada", digest: DIGEST }],
    forward: { target: "auth:4180", path: "/oauth2/auth", signIn: "/oauth2/start", headers: ["X-Auth-Request-User"] },
  };

  test("judges the address first, then the login, and asks nobody for what is refused already", () => {
    const order = ["str(source)", "str(credentials)", "lua.auth-request", "str(authority)", "code 302"];
    const places = order.map((part) => place(part, { access }));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(having("str(source)", { access })[0]).toMatch(/ !\{ src 192\.0\.2\.0\/24 2001:db8::\/32 \}$/);
    expect(having("lua.auth-request", { access })[0]).toMatch(/ if !\{ var\(txn\.refusal\) -m found \}$/);
    expect(Math.max(...places)).toBeLessThan(place("return status 401", { access }));
  });

  test("compares digests, and keeps the login and a forged name from the application", () => {
    expect(text({ access })).toContain(`!{ req.hdr(authorization),sha2(256),hex -m str ${DIGEST} }`);
    expect(having("del-header Authorization", { access })).toHaveLength(1);
    expect(place("del-header X-Auth-Request-User", { access })).toBeLessThan(
      place("set-header X-Auth-Request-User", { access }),
    );
  });

  test("tells who is refused: 403 a stranger, 401 with a challenge, 503 where nobody can be asked", () => {
    expect(having("return status 403", { access })).toHaveLength(1);
    expect(having("return status 401", { access })[0]).toContain(
      'hdr WWW-Authenticate "Basic realm=\\"restricted\\", charset=\\"UTF-8\\""',
    );
    expect(having("return status 503", { access })).toHaveLength(1);
    expect(having("WWW-Authenticate", { access: { sources: ["::/0"] } })).toEqual([]);
    expect(text()).not.toMatch(/status 40[13]|status 503/);
  });
});
