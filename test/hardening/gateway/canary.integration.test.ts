import type { Canary, GatewayInput, GatewayRoute } from "../../../hardening/gateway";
import { describeWith } from "../../programs";
import { Application } from "./application";
import { ask, keepAlive, until } from "./client";
import { input, route } from "./input";
import { RealHaproxy } from "./real-haproxy";

const plenty = { average: 1_000_000, burst: 1_000_000, periodSeconds: 1 };

describeWith("haproxy", "busybox")("a canary", () => {
  let main: Application;
  let spare: Application;
  let canary: Application;
  let next: Application;
  let haproxy: RealHaproxy;
  let base: GatewayRoute;

  const routes = (second?: Partial<Canary>, change: Partial<GatewayRoute> = {}): GatewayInput => ({
    ...input,
    edgeSubnet: "127.0.0.0/8",
    routes: [
      {
        ...base,
        ...change,
        target: {
          ...(change.target ?? base.target),
          ...(second === undefined
            ? {}
            : {
                canary: {
                  alias: "canary",
                  replicas: 1,
                  weight: 10,
                  healthPath: "/healthz",
                  healthTimeoutSeconds: 1,
                  ...second,
                },
              }),
        },
      },
    ],
  });

  beforeAll(async () => {
    main = await Application.start("main");
    const others = ["spare", "canary", "next"].map((name, index) =>
      Application.start(name, `127.0.0.${index + 2}`, main.port),
    );
    [spare = main, canary = main, next = main] = await Promise.all(others);
    base = { ...route, target: { alias: "main", port: main.port, replicas: 2 }, rateLimit: plenty };
    haproxy = await RealHaproxy.start({
      input: routes(),
      names: { main: ["127.0.0.1", "127.0.0.2"], canary: ["127.0.0.3"], next: ["127.0.0.4"], edge: ["127.0.0.1"] },
    });
  });
  afterAll(async () => {
    await haproxy.stop();
    await Promise.all([main, spare, canary, next].map((one) => one.stop()));
  });

  const name = async (headers: Readonly<Record<string, string>> = {}): Promise<string> => {
    const { status, body } = await haproxy.ask("/api/x", { headers });
    return status === 200 ? (JSON.parse(body) as { name: string }).name : String(status);
  };

  /** Who answered so many requests. */
  async function answers(count: number): Promise<Readonly<Record<string, number>>> {
    const found: Record<string, number> = {};
    for (let sent = 0; sent < count; sent += 1) {
      const one = await name();
      found[one] = (found[one] ?? 0) + 1;
    }
    return found;
  }

  async function apply(wanted: GatewayInput): Promise<void> {
    haproxy.writeRoutes(wanted);
    expect(await haproxy.apply()).toEqual({ code: 0, said: "" });
  }

  /** Waits until the gateway takes the canary's container for well, or not. */
  const seenAs = (well: boolean): Promise<true> =>
    until(`the canary is ${well ? "up" : "down"}`, async () => {
      const state = await haproxy.control("show servers state route_api");
      return / c1 \S+ (\d) /.exec(state)?.[1] === (well ? "2" : "0") ? true : undefined;
    });

  it("gets exactly its share, whatever the number of containers, and the log says who answered", async () => {
    await apply(routes({}));
    expect(await answers(200)).toEqual({ main: 90, spare: 90, canary: 20 });
    const lines = haproxy.log().filter(({ path }) => path === "/api/x");
    expect([...new Set(lines.map((line) => line["server"]))].sort()).toEqual(["c1", "v1", "v2"]);
    expect(lines.filter((line) => line["server"] === "c1")).toHaveLength(20);
  });

  it("gets another share from the same process, and no connection is closed", async () => {
    const worker = await haproxy.worker();
    const agent = keepAlive(haproxy.ports.https, {});
    const reused = async (): Promise<boolean> => {
      const reply = await ask(haproxy.ports.https, "/api/x", { agent });
      return reply.headers.connection !== "close";
    };
    expect(await reused()).toBe(true);
    for (const weight of [50, 1, 0, 99, 37, 100]) {
      await apply(routes({ weight }));
      const { main: first = 0, spare: second = 0, canary: share = 0 } = await answers(100);
      expect([share, first + second]).toEqual([weight, 100 - weight]);
      expect(Math.abs(first - second)).toBeLessThan(2);
      expect(await reused()).toBe(true);
    }
    expect(await haproxy.worker()).toBe(worker);
    agent.destroy();
  });

  it("has containers that share what it gets, however many the version itself has", async () => {
    haproxy.dns.set("canary.2", ["127.0.0.4"]);
    const one = { target: { ...base.target, replicas: 1, alias: "only" } };
    haproxy.dns.set("only", ["127.0.0.1"]);
    await apply(routes({ weight: 20, replicas: 2 }, one));
    expect(await answers(100)).toEqual({ main: 80, canary: 10, next: 10 });
    await apply(routes({ weight: 1 }, one));
    expect(await answers(200)).toEqual({ main: 198, canary: 2 });
  });

  it("that is not well gets nothing, and gets its share again once it is", async () => {
    await apply(routes({ weight: 50 }));
    canary.health = 500;
    await seenAs(false);
    expect(await answers(40)).toEqual({ main: 20, spare: 20 });
    canary.health = 200;
    await seenAs(true);
    expect((await answers(40))["canary"]).toBe(20);
  });

  it("whose weight is 100 gets everything while it is well, and the others step in where it is not", async () => {
    await apply(routes({ weight: 100 }));
    expect(await answers(30)).toEqual({ canary: 30 });
    canary.health = 500;
    await seenAs(false);
    expect(await answers(30)).toEqual({ main: 15, spare: 15 });
    canary.health = 200;
    await seenAs(true);
    expect(await answers(30)).toEqual({ canary: 30 });
  });

  it("keeps its clients where the route is sticky, also when others get no more to it", async () => {
    const cookieOf = async (): Promise<string> => {
      const { headers } = await haproxy.ask("/api/x");
      return String(headers["set-cookie"]?.[0]).split(";")[0] ?? "";
    };
    await apply(routes({ weight: 100 }, { sticky: true }));
    const cookie = await cookieOf();
    await apply(routes({ weight: 0 }, { sticky: true }));
    expect([await name({ cookie }), await name({ cookie })]).toEqual(["canary", "canary"]);
    const other = await cookieOf();
    expect(Object.keys(await answers(10)).sort()).toEqual(["main", "spare"]);
    await apply(routes({ weight: 100 }, { sticky: true }));
    expect(await name({ cookie: other })).toMatch(/main|spare/);
    expect(await answers(10)).toEqual({ canary: 10 });
  });

  it("that is promoted is followed by the version, and nobody is led to what stops", async () => {
    await apply(routes({ weight: 50 }));
    const outcomes = new Map<string, number>();
    let running = true;
    const agents = [1, 2, 3, 4].map((client) => keepAlive(haproxy.ports.https, { from: `192.0.2.${client}` }));
    const clients = agents.map(async (agent) => {
      while (running) {
        const outcome = await ask(haproxy.ports.https, "/api/x", { agent }).then(
          ({ status, body }) => (status === 200 ? (JSON.parse(body) as { name: string }).name : String(status)),
          (error: unknown) => String(error),
        );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    });
    const asked = (): number => main.seen.length + spare.seen.length + canary.seen.length;
    try {
      await until("all have answered", () => (outcomes.size === 3 ? true : undefined));
      await apply(routes(undefined, { target: { alias: "next", port: main.port } }));
      const before = asked();
      await until("a hundred more", () => (next.seen.length > 100 ? true : undefined));
      // Those under way, and no others: the containers may stop now.
      expect(asked() - before).toBeLessThanOrEqual(agents.length);
    } finally {
      running = false;
      await Promise.all(clients);
      agents.forEach((agent) => agent.destroy());
    }
    expect([...outcomes.keys()].sort()).toEqual(["canary", "main", "next", "spare"]);
  });
});
