import { routesOf } from "../../verify/edge/place";
import type { EdgeAnswer } from "../../verify/edge/client";
import { judgeBody, judgeFlood } from "../../verify/probes/attacks";
import { forgedHeaders, intrusions, judgeClient, judgeSurface } from "../../verify/probes/edge-access";
import {
  guardedRequests,
  hostRequests,
  judgeAnswer,
  judgeAnswers,
  openRoutes,
  routeRequests,
  strangerRequests,
  type Wanted,
} from "../../verify/probes/edge-routes";
import { judgeSlow } from "../../verify/probes/slow-client";
import { answer, config, refusal, told } from "./edge-support";

describe("requests that the gateway answers by itself", () => {
  const place = { address: "127.0.0.1", httpsPort: 8443, httpPort: 8080 };
  const wanted = (right: Wanted["right"], orNoHandshake = false): Wanted => ({
    what: "x",
    question: { host: "a" },
    right,
    orNoHandshake,
  });

  test.each<[string, Wanted, EdgeAnswer | string, string]>([
    ["the gateway's refusal", wanted(["host"]), refusal("host"), "pass t: x: 404"],
    // It has come through.
    [
      "the application's",
      wanted(["host"]),
      answer(404, "Cannot GET /"),
      "fail t: x: 404, and not 404 of the gateway's own",
    ],
    ["the application's page", wanted(["method"]), answer(200), "fail t: x: 200, and not 405 of the gateway's own"],
    ["too many requests", wanted(["method"]), refusal("rate"), "skip t: not told: x: too many requests"],
    ["a redirect", wanted({ location: "https://a/" }), answer(301, "", { location: "https://a/" }), "pass t: x: 301"],
    [
      "a redirect elsewhere",
      wanted({ location: "https://a/" }),
      answer(301, "", { location: "https://evil/" }),
      "fail t: x: 301 to https://evil/, and not 301 to https://a/",
    ],
    ["no answer", wanted(["host"]), "connect ECONNREFUSED", "skip t: not told: x: connect ECONNREFUSED"],
    ["no handshake", wanted(["host"], true), "alert: SSL alert number 112", "pass t: x: no handshake"],
    [
      "no handshake where there should be",
      wanted(["host"]),
      "SSL alert number 112",
      "skip t: not told: x: SSL alert number 112",
    ],
    ["maintenance", wanted("maintenance"), answer(503), "pass t: x: 503"],
  ])("%s", (_, one, got, text) => {
    expect(told(judgeAnswers("t", [judgeAnswer(one, got)]))).toBe(text);
  });

  test("of a host: paths in two ways, and plain http that leads to https", () => {
    const requests = hostRequests("app.localhost", place);
    expect(requests.filter(({ right }) => Array.isArray(right)).map(({ question }) => question.path)).toEqual([
      ...["/a/../rampart-verify", "/%2e%2e/rampart-verify", "/a;rampart-verify", "/a%2frampart-verify"],
    ]);
    expect(requests.at(-1)?.right).toEqual({ location: "https://app.localhost:8443/rampart-verify?x=1" });
    expect(hostRequests("app.localhost", { ...place, httpPort: undefined })).toHaveLength(4);
  });

  test("of a route: methods that no application is asked for; of a host in maintenance nothing else", () => {
    const [one] = routesOf(config());
    if (one === undefined) throw new Error("no route");
    expect(routeRequests(one, false).map(({ question, right }) => [question.method, right])).toEqual([
      ["TRACE", ["method"]],
      ["RAMPART", ["method"]],
    ]);
    expect(routeRequests(one, true).map(({ right }) => right)).toEqual(["maintenance", "maintenance"]);
  });

  test("of strangers: names that no stack has", () => {
    expect(strangerRequests(place, "app.localhost").map(({ what }) => what)).toEqual([
      "an unknown host",
      "the address as host",
      "an unknown host behind the name app.localhost",
      "an unknown host by plain http",
    ]);
    expect(strangerRequests({ ...place, httpPort: undefined }, undefined)).toHaveLength(2);
  });
});

describe("management surfaces", () => {
  const access = { sources: ["10.0.0.0/8"], basicAuth: { users: ["admin"] } };
  const routes = routesOf(
    config({}, [{ host: "app.localhost" }, { host: "app.localhost", pathPrefix: "/admin", access }]),
  );
  const route = routes.find((one) => one.route.access !== undefined)?.route;
  if (route === undefined) throw new Error("no surface");

  test("are tried in each spelling, with a wrong password and a forged address, and never with a right one", () => {
    expect(intrusions(route).map(([what, { path }]) => [what, path])).toEqual([
      ["/admin", "/admin"],
      ["/ADMIN", "/ADMIN"],
      ["/%61dmin", "/%61dmin"],
      ["//admin", "//admin"],
      ["a wrong password", "/admin"],
      ["a forged address", "/admin"],
    ]);
    expect(intrusions(route).at(-1)?.[1].headers).toEqual(forgedHeaders("10.0.0.0"));
  });

  const surface = { sources: ["10.0.0.0/8"], basicAuth: { users: ["admin"] } };
  const onlySources = { sources: ["10.0.0.0/8"], reason: "the office" };
  test.each<[string, Parameters<typeof judgeSurface>[1], EdgeAnswer | string, string]>([
    ["closed by a login", surface, refusal("credentials"), "pass t: refuses /: 401"],
    ["closed by the address", onlySources, refusal("source"), "pass t: refuses /: 403"],
    ["open", surface, answer(200), "fail t: answers /: 200"],
    ["closed only by the application", surface, answer(401, "Unauthorized"), "fail t: answers /: 401"],
    [
      "open to this machine's address",
      onlySources,
      answer(200),
      "skip t: not told: only addresses are asked for, and this machine's is one of them",
    ],
    ["in maintenance", surface, answer(503, "back soon"), "skip t: not told: /: 503"],
    ["too much asked", surface, refusal("rate"), "skip t: not told: /: 429"],
    ["not there", surface, "reset", "skip t: not told: /: reset"],
  ])("%s", (_, declared, got, text) => {
    expect(told(judgeSurface("t", declared, [["/", got]]))).toBe(text);
  });

  test("a host with client certificates is asked without one, and on another host's connection", () => {
    const [without, beside] = guardedRequests("cert.localhost", "app.localhost");
    if (without === undefined || beside === undefined) throw new Error("nothing is asked");
    expect(judgeAnswer(without, "certificate required: SSL alert number 116").seen).toHaveLength(1);
    expect(judgeAnswer(without, answer(200)).faults).toHaveLength(1);
    expect(beside.question).toEqual({ host: "cert.localhost", servername: "app.localhost" });
    expect(judgeAnswer(beside, refusal("misdirected")).seen).toHaveLength(1);
    expect(judgeAnswer(beside, answer(200)).faults).toHaveLength(1);
    expect(guardedRequests("cert.localhost", undefined)).toHaveLength(1);
  });

  test("routes behind client certificates are no matter of theirs", () => {
    expect(openRoutes(routes, { "app.localhost": {} })).toEqual([]);
  });
});

describe("a client's address", () => {
  const id = "0f2a";
  test.each<[string, Parameters<typeof judgeClient>, string]>([
    [
      "is its own",
      [{ trusted: false, id }, "10.0.0.1"],
      "pass gateway: believes none of the headers that name 203.0.113.9, and logs 10.0.0.1",
    ],
    [
      "is what it says",
      [{ trusted: false, id }, "203.0.113.9"],
      "fail gateway: believes 203.0.113.9, which the request says of itself",
    ],
    [
      "is what a trusted proxy says",
      [{ trusted: true, id }, "203.0.113.9"],
      "skip gateway: not told: this machine's address is one of edge.trustedProxies",
    ],
    [
      "is its own, but the id is not",
      [{ trusted: false, id: "rampart-verify-forged" }, "10.0.0.1"],
      "fail gateway: takes over the request's id from its client",
    ],
    [
      "is not in the log",
      [{ trusted: false, id }, undefined],
      "skip gateway: not told: the request is not in the gateway's log",
    ],
  ])("%s", (_, args, text) => {
    expect(told(judgeClient(...args))).toBe(text);
  });
});

describe("attacks", () => {
  const limit = { average: 10, burst: 20, periodSeconds: 1 };
  const refused = (headers: EdgeAnswer["headers"]): EdgeAnswer => ({ ...refusal("rate"), headers });
  const flood = (milliseconds: number, ...answers: EdgeAnswer[]): string =>
    told(judgeFlood("t", limit, { sent: 120, milliseconds, refused: answers }));

  test("a flood is refused with Retry-After", () => {
    expect(flood(400, refused({ "retry-after": "1" }))).toBe(
      "pass t: 1 of 120 requests within 0.4 s are refused with 429 and Retry-After, whatever address they give " +
        "themselves",
    );
    expect(flood(400, refused({}))).toBe("fail t: 1 answers with status 429 have no Retry-After");
    expect(flood(400)).toBe("fail t: 120 requests within 0.4 s all pass a limit with a burst of 20");
    // 20 in each window of 2 s, and 120 over 12 s, are what the limit allows.
    expect(flood(12_000)).toBe("skip t: not told: 120 requests took 12.0 s, which a burst of 20 allows");
  });

  test("a body is refused before it is read", () => {
    expect(told(judgeBody("t", 10, refusal("body-size")))).toBe(
      "pass t: a body of 11 bytes gets 413 before a byte of it is read",
    );
    expect(told(judgeBody("t", 10, answer(413, "Payload Too Large")))).toBe("fail t: a body of 11 bytes gets 413");
    expect(told(judgeBody("t", 10, "no answer: the gateway waits for the body"))).toBe(
      "fail t: waits for a body of 11 bytes",
    );
    expect(judgeBody("t", 10, refusal("rate")).status).toBe("skip");
    expect(judgeBody("t", 10, "reset").status).toBe("skip");
  });

  test("a slow client is given up, and neither at once nor never", () => {
    expect(told(judgeSlow("t", 5_500))).toBe("pass t: is given up after 5.5 s");
    expect(judgeSlow("t", undefined).status).toBe("fail");
    expect(judgeSlow("t", 10).status).toBe("skip");
  });
});
