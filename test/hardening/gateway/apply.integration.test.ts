import type { GatewayInput, GatewayRoute } from "../../../hardening/gateway";
import { describeWith } from "../../programs";
import { Application } from "./application";
import { ask, keepAlive, until } from "./client";
import { input, route } from "./input";
import { RealHaproxy } from "./real-haproxy";

const plenty = { average: 1_000_000, burst: 1_000_000, periodSeconds: 1 };

describeWith("haproxy", "busybox")("new routes of a running gateway", () => {
  let one: Application;
  let two: Application;
  let haproxy: RealHaproxy;
  let base: GatewayRoute;

  /** The routes, led to a version, with a limit that changes their shape. */
  const routes = (alias: string, change: Partial<GatewayRoute> = {}): GatewayInput => ({
    ...input,
    edgeSubnet: "127.0.0.0/8",
    routes: [
      { ...base, target: { ...base.target, alias }, ...change },
      { ...base, name: "web", pathPrefix: "/", target: { ...base.target, alias } },
    ],
  });

  beforeAll(async () => {
    one = await Application.start("one");
    // Two versions of a service: another address, and the same port.
    two = await Application.start("two", "127.0.0.2", one.port);
    base = { ...route, target: { alias: "app-1", port: one.port }, rateLimit: plenty };
    haproxy = await RealHaproxy.start({
      input: routes("app-1"),
      names: { "app-1": ["127.0.0.1"], "app-2": ["127.0.0.2"], edge: ["127.0.0.1"] },
    });
  });
  afterAll(async () => {
    await haproxy.stop();
    await Promise.all([one.stop(), two.stop()]);
  });

  const name = async (path = "/api"): Promise<string> =>
    (JSON.parse((await haproxy.ask(path)).body) as { name: string }).name;

  /** Asks without a pause, half of the clients over connections that stay open, while `change` goes on. */
  async function underLoad(change: () => Promise<void>): Promise<ReadonlyMap<string, number>> {
    const outcomes = new Map<string, number>();
    const agents = [1, 2, 3].map((client) => keepAlive(haproxy.ports.https, { from: `192.0.2.${client}` }));
    let running = true;
    const client = async (agent?: (typeof agents)[number]): Promise<void> => {
      while (running) {
        const outcome = await ask(haproxy.ports.https, "/api/x", agent === undefined ? {} : { agent }).then(
          ({ status, body }) => (status === 200 ? (JSON.parse(body) as { name: string }).name : String(status)),
          (error: unknown) => String(error),
        );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    };
    const clients = [client(), client(), client(), ...agents.map(client)];
    try {
      await until("there is load", () => ([...outcomes.values()].reduce((a, b) => a + b, 0) > 20 ? true : undefined));
      await change();
      const before = [...outcomes.values()].reduce((a, b) => a + b, 0);
      await until("there is load still", () =>
        [...outcomes.values()].reduce((a, b) => a + b, 0) > before + 20 ? true : undefined,
      );
    } finally {
      running = false;
      await Promise.all(clients);
      agents.forEach((agent) => agent.destroy());
    }
    return outcomes;
  }

  const apply = async (next: GatewayInput): Promise<void> => {
    haproxy.writeRoutes(next);
    expect(await haproxy.apply()).toEqual({ code: 0, said: "" });
  };

  it("that are another version of a service are taken by the same process, which loses no request", async () => {
    const worker = await haproxy.worker();
    const outcomes = await underLoad(async () => {
      await apply(routes("app-2"));
      // From the moment on that the script has ended, nobody is led to the old version.
      expect([await name(), await name("/elsewhere")]).toEqual(["two", "two"]);
    });
    expect([...outcomes.keys()].sort()).toEqual(["one", "two"]);
    expect(await haproxy.worker()).toBe(worker);
    await apply(routes("app-1"));
    expect([await name(), await haproxy.worker()]).toEqual(["one", worker]);
  });

  it("that are the same change nothing", async () => {
    const worker = await haproxy.worker();
    await apply(routes("app-1"));
    expect([await name(), await haproxy.worker()]).toEqual(["one", worker]);
  });

  it("that have another limit are taken by a new process, and active clients lose no request", async () => {
    const worker = await haproxy.worker();
    const limited = { methods: ["GET"] } as const;
    expect((await haproxy.ask("/api", { method: "DELETE" })).status).toBe(200);
    const outcomes = await underLoad(async () => {
      await apply(routes("app-1", limited));
      expect((await haproxy.ask("/api", { method: "DELETE" })).status).toBe(405);
    });
    expect([...outcomes.keys()]).toEqual(["one"]);
    expect(await haproxy.worker()).not.toBe(worker);
    // Another limit and another version in one.
    await apply(routes("app-2"));
    expect([await name(), (await haproxy.ask("/api", { method: "DELETE" })).status]).toEqual(["two", 200]);
  });

  it("that are broken are refused with HAProxy's words, and the old ones are served", async () => {
    const worker = await haproxy.worker();
    haproxy.writeBroken();
    const { code, said } = await haproxy.apply();
    expect(code).toBe(1);
    expect(said).toContain("unknown keyword 'no-such-keyword' in 'backend' section");
    expect([await name(), await haproxy.worker()]).toEqual(["two", worker]);
    await apply(routes("app-2"));
  });

  it("whose service has no address are refused, with its name, and the old containers serve on", async () => {
    haproxy.writeRoutes(routes("app-3"));
    expect(await haproxy.apply(3)).toEqual({ code: 1, said: "app-3 has no address after 20 s\n" });
    expect(await name()).toBe("two");
    // A new try, once there is one.
    haproxy.dns.set("app-3", ["127.0.0.1"]);
    await apply(routes("app-3"));
    expect(await name()).toBe("one");
  });
});
