import { spawnSync } from "node:child_process";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { basicDigest, type GatewayRoute } from "../../../hardening/gateway";
import { describeWith, findProgram, testUnless } from "../../programs";
import { Application } from "./application";
import { ask, type Reply, type Request } from "./client";
import { input, route } from "./input";
import { RealHaproxy } from "./real-haproxy";

const OFFICE = "198.51.100.1";
const ELSEWHERE = "192.0.2.7";
const PASSWORD = "q7Zk3v9QmX7Lr2Wp8Tn5Yc1Hb6Dj4Fs0";
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
const LUA = /\+LUA\b/.test(spawnSync(findProgram("haproxy") ?? "false", ["-vv"], { encoding: "utf8" }).stdout);
const SCRIPT = join(__dirname, "../../../hardening/gateway/auth-request.lua");

/** What oauth2-proxy does, for one cookie. */
class Authority {
  readonly asked: http.IncomingHttpHeaders[] = [];
  private readonly server = http.createServer(({ headers, url }, response) => {
    this.asked.push({ ...headers, ":path": url });
    if (headers.cookie === "session=bad") response.statusCode = 403;
    else if (headers.cookie === "session=broken") response.statusCode = 500;
    else if (headers.cookie === "session=good") response.setHeader("X-Auth-Request-User", "bob");
    else response.statusCode = 401;
    response.end();
  });

  async start(): Promise<number> {
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
    return (this.server.address() as AddressInfo).port;
  }

  stop(): Promise<unknown> {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(done));
  }
}

describeWith("haproxy")("a management surface behind a real HAProxy", () => {
  const authority = new Authority();
  let app: Application;
  let haproxy: RealHaproxy;
  const request = (path: string, more: Request = {}): Promise<Reply> =>
    ask(haproxy.ports.https, path, { from: OFFICE, ...more });

  beforeAll(async () => {
    app = await Application.start("one");
    const port = await authority.start();
    const base: GatewayRoute = { ...route, target: { alias: "app-1", port: app.port } };
    const sources = ["198.51.100.0/24", "2001:db8::/32"];
    const forward = { target: `127.0.0.1:${port}`, path: "/oauth2/auth", headers: ["X-Auth-Request-User"] };
    const asking: GatewayRoute[] = [
      { ...base, name: "asked", pathPrefix: "/asked", access: { sources, forward } },
      {
        ...base,
        name: "browsers",
        pathPrefix: "/browsers",
        access: { sources, forward: { ...forward, signIn: "/oauth2/start" } },
      },
    ];
    haproxy = await RealHaproxy.start({
      input: {
        ...input,
        edgeSubnet: "127.0.0.0/8",
        routes: [
          { ...base, name: "web", pathPrefix: "/" },
          {
            ...base,
            name: "admin",
            pathPrefix: "/admin",
            access: { sources, basic: [{ user: "anna", digest: basicDigest("anna", PASSWORD) }] },
          },
          ...(LUA ? asking : []),
        ],
      },
      names: { "app-1": ["127.0.0.1"] },
      replace: LUA ? [["nbthread 1\n", `nbthread 1\n    lua-load ${SCRIPT}\n`]] : [],
    });
  });
  afterAll(async () => {
    await haproxy.stop();
    await app.stop();
    await authority.stop();
  });

  it("is for the listed addresses only, whatever the password, and says nothing more", async () => {
    const headers = { authorization: basic("anna", PASSWORD) };
    expect((await request("/admin", { from: ELSEWHERE, headers })).status).toBe(403);
    expect((await request("/admin", { from: "2001:db8::7", headers })).status).toBe(200);
    expect((await request("/", { from: ELSEWHERE })).status).toBe(200);
  });

  it("asks for the password, takes the right one only, and keeps it from the application", async () => {
    const none = await request("/admin/users");
    expect([none.status, none.headers["www-authenticate"]]).toEqual([401, 'Basic realm="restricted", charset="UTF-8"']);
    const wrong = [
      ["anna", "x"],
      ["anna", PASSWORD.toLowerCase()],
      ["bob", PASSWORD],
      ["", ""],
    ];
    for (const [user = "", password = ""] of wrong)
      expect((await request("/admin", { headers: { authorization: basic(user, password) } })).status).toBe(401);
    const right = await request("/admin", { headers: { authorization: basic("anna", PASSWORD) } });
    expect(right.status).toBe(200);
    expect(right.body.toLowerCase()).not.toContain("authorization");
  });

  it.each(["/ADMIN", "/Admin/x", "/%61dmin", "//admin", "/admin/"])("is the same surface under %s", async (path) =>
    expect((await request(path)).status).toBe(401),
  );

  const testLua = testUnless(LUA ? undefined : "HAProxy was built without Lua");

  testLua("asks another service, passes what it said of the user, and lets nobody claim to be one", async () => {
    const good = await request("/asked?x=1", {
      headers: { cookie: "session=good", "x-auth-request-user": "eve", "X-Auth-Request-User": "eve" },
    });
    expect(good.status).toBe(200);
    expect(good.body).toContain("bob");
    expect(good.body).not.toContain("eve");
    expect(authority.asked.at(-1)).toMatchObject({
      ":path": "/oauth2/auth",
      cookie: "session=good",
      "x-forwarded-for": OFFICE,
      "x-forwarded-method": "GET",
      "x-forwarded-uri": "/asked?x=1",
    });
  });

  testLua("refuses where that service says no or fails, and asks nothing for a stranger", async () => {
    const statuses = ["bad", "broken", "none"].map(
      async (session) =>
        [session, (await request("/asked", { headers: { cookie: `session=${session}` } })).status] as const,
    );
    expect(Object.fromEntries(await Promise.all(statuses))).toEqual({ bad: 401, broken: 503, none: 401 });
    const before = authority.asked.length;
    expect((await request("/asked", { from: ELSEWHERE, headers: { cookie: "session=good" } })).status).toBe(403);
    expect(authority.asked).toHaveLength(before);
  });

  testLua("leads a browser to where it signs in, and a program nowhere", async () => {
    const browser = await request("/browsers/a?b=c", { headers: { accept: "text/html" } });
    expect([browser.status, browser.headers.location]).toEqual([302, "/oauth2/start?rd=%2Fbrowsers%2Fa%3Fb%3Dc"]);
    expect((await request("/browsers", { headers: { accept: "application/json" } })).status).toBe(401);
  });

  testLua("lets nobody in while that service is gone", async () => {
    await authority.stop();
    expect((await request("/asked", { headers: { cookie: "session=good" } })).status).toBe(503);
  });
});
