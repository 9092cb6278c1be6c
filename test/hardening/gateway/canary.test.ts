import { renderGatewayRoutes, type Canary, type GatewayRoute } from "../../../hardening/gateway";
import { input, route } from "./input";

const canary: Canary = { alias: "api-9f", replicas: 1, weight: 10, healthPath: "/healthz", healthTimeoutSeconds: 3 };
const having = (change: Partial<Canary> = {}, replicas = 2): GatewayRoute => ({
  ...route,
  target: { ...route.target, replicas, canary: { ...canary, ...change } },
});
const rendered = (one: GatewayRoute) => renderGatewayRoutes({ ...input, routes: [one] });
const lines = (one: GatewayRoute, pattern: RegExp): string[] =>
  rendered(one)
    .config.split("\n")
    .map((line) => line.trim())
    .filter((line) => pattern.test(line));

const looked = "resolvers engine resolve-prefer ipv4 init-addr libc,none";
const check = "check port 3000 inter 1s fall 2";

test("the version's own servers are as without a canary; the canary's get what is led to them by name", () => {
  expect(lines(having({ replicas: 2 }), /^server(-template)? [vc]/)).toEqual([
    `server-template v 1-2 api-1a2b3c:+0 ${looked} ${check} rise 1`,
    `server c1 api-9f:+0 ${looked} track canary_api/c1 weight 0`,
    `server c2 api-9f.2:+0 ${looked} track canary_api/c2 weight 0`,
    `server c1 api-9f:+0 ${looked} ${check} rise 2 weight 10`,
    `server c2 api-9f.2:+0 ${looked} ${check} rise 2 weight 10`,
  ]);
  expect(lines(having(), /_turn|turn_|txn\.turn|use-server/)).toEqual([
    "http-request set-var(proc.turn_api) var(proc.turn_api,0),add(1),mod(100)",
    "http-request set-var(txn.turn) var(proc.turn_api),mul(txn.weight),mod(100),sub(txn.weight)",
    "http-request set-var(txn.canary) bool(true) if { var(txn.turn) -m int lt 0 }",
    "use-server c1 if { var(txn.canary) -m bool }",
  ]);
  expect(lines(having(), /uweight/)).toEqual(["http-request set-var(txn.weight) srv_uweight(canary_api/c1)"]);
});

test("where it has several containers, one follows the other, and any of them is better than none", () => {
  expect(lines(having({ replicas: 2 }), /^use-server/)).toEqual([
    "use-server c1 if { var(txn.canary) -m bool } { var(txn.pick) -m int 0 }",
    "use-server c2 if { var(txn.canary) -m bool } { var(txn.pick) -m int 1 }",
    "use-server c1 if { var(txn.canary) -m bool }",
    "use-server c2 if { var(txn.canary) -m bool }",
  ]);
});

test("where the route is sticky, who has a cookie takes nobody's turn, and the canary has a cookie of its own", () => {
  const fresh =
    /set-var\((?:proc\.turn_api|txn\.weight|txn\.turn)\) .* if !\{ req\.cook\(rampart-replica\) -m found \} !\{ req\.cook\(rampart-canary\) -m found \}$/;
  expect(lines({ ...having(), sticky: true }, fresh)).toHaveLength(3);
  expect(lines({ ...having(), sticky: true }, /^use-server|rampart-canary=|Cache-Control/)).toEqual([
    'http-response add-header Set-Cookie "rampart-canary=%[srv_name]; path=/; HttpOnly; Secure; SameSite=Lax" ' +
      "if { var(txn.canary) -m bool } { srv_name -m beg c }",
    "http-response add-header Cache-Control private if { var(txn.canary) -m bool } { srv_name -m beg c }",
    "use-server c1 if { req.cook(rampart-canary) -m str c1 }",
    "use-server c1 if { var(txn.canary) -m bool }",
  ]);
  expect(rendered(having()).config).not.toContain("rampart-canary");
});

test("a path is asked for as the container's own health check does; without one, it has to take connections", () => {
  expect(lines(having(), /^http-check|^timeout check/)).toEqual([
    "http-check send meth GET uri /healthz ver HTTP/1.1 hdr Host 127.0.0.1:3000",
    "timeout check 3s",
  ]);
  const { healthPath, ...rest } = canary;
  void healthPath;
  const one = { ...route, target: { ...route.target, canary: rest } };
  expect(lines(one, /httpchk|http-check|timeout check/)).toEqual([]);
});

test("the running gateway is told names and the percentage; anything else is another shape", () => {
  const { shape, servers } = rendered(having());
  expect(servers.split("\n")).toEqual([
    "route_api 2 api-1a2b3c",
    "route_api 1 api-9f c1",
    "canary_api 1 api-9f c1 10",
    "",
  ]);
  const same = [having({ weight: 0 }), having({ weight: 100 }), having({ alias: "api-77" })];
  expect(same.map((one) => rendered(one).shape)).toEqual([shape, shape, shape]);
  const others = [having({ replicas: 2 }), having({ healthPath: "/" }), having({}, 1)];
  expect(new Set([...others.map((one) => rendered(one).shape), shape, rendered(route).shape]).size).toBe(5);
});

test.each([
  [{ weight: 101 }, "canary.weight: is no percentage"],
  [{ weight: 0.5 }, "canary.weight: is no percentage"],
  [{ replicas: 0 }, "canary: replicas and seconds must be whole numbers above 0"],
  [{ healthPath: "/a b" }, "canary.healthPath: is no path"],
  [{ alias: "a b" }, 'target: "a b" is not a DNS name'],
])("%j is refused", (change, message) => {
  expect(() => rendered(having(change))).toThrow(`route "api": ${message}`);
});
