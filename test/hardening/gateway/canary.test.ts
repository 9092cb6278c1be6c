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
const check = "check port 3000 inter 1s fall 2 rise 1";

test("each server has its weight; the canary's are asked for their health in a section of their own", () => {
  expect(lines(having({ replicas: 2 }), /^server [vc]\d /)).toEqual([
    `server v1 api-1a2b3c:+0 ${looked} ${check} weight 45`,
    `server v2 api-1a2b3c:+0 ${looked} ${check} weight 45`,
    `server c1 api-9f:+0 ${looked} track canary_api/c1 weight 5`,
    `server c2 api-9f.2:+0 ${looked} track canary_api/c2 weight 5`,
    `server c1 api-9f:+0 ${looked} check port 3000 inter 1s fastinter 1s fall 2 rise 2`,
    `server c2 api-9f.2:+0 ${looked} check port 3000 inter 1s fastinter 1s fall 2 rise 2`,
  ]);
  expect(lines(having(), /^http-check|^timeout check/)).toEqual([
    "http-check send meth GET uri /healthz ver HTTP/1.1 hdr Host 127.0.0.1:3000",
    "timeout check 3s",
  ]);
});

test("without a path, the canary has to take connections", () => {
  const { healthPath, ...rest } = canary;
  void healthPath;
  const one = { ...route, target: { ...route.target, canary: rest } };
  expect(lines(one, /^server c1/)).toEqual([`server c1 api-9f:+0 ${looked} ${check} weight 10`]);
  expect(rendered(one).config).not.toContain("canary_");
  expect(rendered(one).servers).toBe("route_api 1 api-1a2b3c v1 90\nroute_api 1 api-9f c1 10\n");
});

test("at 100 the version's own containers are spares", () => {
  expect(lines(having({ weight: 100 }), /backups|^server [vc]\d api-\S+ .* weight/)).toEqual([
    "option allbackups",
    `server v1 api-1a2b3c:+0 ${looked} ${check} weight 1 backup`,
    `server v2 api-1a2b3c:+0 ${looked} ${check} weight 1 backup`,
    `server c1 api-9f:+0 ${looked} track canary_api/c1 weight 1`,
  ]);
});

test("the running gateway is told names and weights; anything else, and being the only one, is another shape", () => {
  const { shape, servers } = rendered(having());
  expect(servers.split("\n")).toEqual([
    "route_api 1 api-1a2b3c v1 45",
    "route_api 1 api-1a2b3c v2 45",
    "route_api 1 api-9f c1 10",
    "canary_api 1 api-9f c1",
    "",
  ]);
  const same = [having({ weight: 0 }), having({ weight: 99 }), having({ alias: "api-77" })];
  expect(same.map((one) => rendered(one).shape)).toEqual([shape, shape, shape]);
  const others = [having({ weight: 100 }), having({ replicas: 2 }), having({ healthPath: "/" }), having({}, 1)];
  expect(new Set([...others.map((one) => rendered(one).shape), shape, rendered(route).shape]).size).toBe(6);
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
