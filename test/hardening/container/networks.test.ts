import fc from "fast-check";
import {
  defaultPool,
  planNetworks,
  postgresAddress,
  publicIpv6,
  type NetworksInput,
} from "../../../hardening/container/networks";

const INPUT: NetworksInput = {
  stackName: "rampart-prod",
  pool: "10.20.0.0/16",
  dockerApiConsumers: [],
  acme: false,
  egress: false,
  databaseAccess: false,
};
const subnets = (input: Partial<NetworksInput>): Record<string, string> =>
  Object.fromEntries(planNetworks({ ...INPUT, ...input }).map(({ name, subnet }) => [name, subnet]));

/** First and last address of `a.b.c.0/bits`, by the third octet. */
const span = (subnet: string): readonly [number, number] => {
  const [, third, bits] = /^\d+\.\d+\.(\d+)\.0\/(\d+)$/.exec(subnet) ?? [];
  return [Number(third), Number(third) + 2 ** (24 - Number(bits)) - 1];
};

const overlaps = (all: readonly string[]): string[] =>
  all.filter((one, index) =>
    all.slice(index + 1).some((other) => span(one)[0] <= span(other)[1] && span(other)[0] <= span(one)[1]),
  );

describe("the plan of the networks", () => {
  test("has four networks always, and the others where something asks for them", () => {
    expect(subnets({})).toEqual({
      public: "10.20.0.0/24",
      gateway: "10.20.2.0/24",
      proxy: "10.20.8.0/22",
      internal: "10.20.12.0/22",
    });
    expect(subnets({ egress: true })).toEqual({ ...subnets({}), egress: "10.20.4.0/22" });
    expect(subnets({ databaseAccess: true })).toEqual({ ...subnets({}), "database-access": "10.20.1.0/24" });
  });

  test("denies by default: only public, egress and database-access have a way out, none to each other", () => {
    const plan = planNetworks({ ...INPUT, egress: true, databaseAccess: true, dockerApiConsumers: ["worker"] });
    expect(
      plan.map(({ name, internal, icc }) => `${name} ${internal ? "internal" : "open"}${icc ? "" : ", apart"}`),
    ).toEqual([
      "public open, apart",
      "gateway internal",
      "proxy internal",
      "internal internal",
      "egress open, apart",
      "database-access open, apart",
      "docker-api-worker internal",
    ]);
    for (const { subnet, gateway } of plan) expect(gateway).toBe(subnet.replace(/\.0\/\d+$/, ".1"));
  });

  test("keeps Postgres' address out of what the engine hands out by itself", () => {
    const internal = planNetworks(INPUT).find(({ name }) => name === "internal");
    expect(internal?.dynamicRange).toBe("10.20.14.0/23");
    expect(postgresAddress("rampart-prod", "10.20.0.0/16")).toBe("10.20.12.10");
    expect(postgresAddress("rampart-prod")).toBe(defaultPool("rampart-prod").replace(/\.0\.0\/16$/, ".12.10"));
  });

  test("gives a stack a pool of its own, the same in every run", () => {
    expect(defaultPool("rampart-dev")).toBe("10.204.0.0/16");
    fc.assert(
      fc.property(
        fc.string(),
        (name) =>
          /^10\.(1[2-9]\d|2[0-3]\d)\.0\.0\/16$/.test(defaultPool(name)) &&
          Number(defaultPool(name).split(".")[1]) >= 128,
      ),
    );
  });

  test("gives each consumer of the Docker API a subnet of its own, whatever their number and order", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/), { maxLength: 120 });
    fc.assert(
      fc.property(names, (consumers) => {
        const one = subnets({ dockerApiConsumers: consumers, egress: true, databaseAccess: true });
        expect(new Set(Object.values(one)).size).toBe(consumers.length + 6);
        expect(overlaps(Object.values(one))).toEqual([]);
        expect(subnets({ dockerApiConsumers: [...consumers].reverse(), egress: true, databaseAccess: true })).toEqual(
          one,
        );
        for (const consumer of consumers)
          expect(Number(one[`docker-api-${consumer}`]?.split(".")[2])).toBeGreaterThanOrEqual(16);
      }),
      { numRuns: 50 },
    );
  });

  test("gives each service with a list of names a network of its own, and keeps the proxy's address free", () => {
    const input = { ...INPUT, egress: true, dockerApiConsumers: ["api", "worker"] };
    const plan = planNetworks({ ...input, egressProxied: ["web", "api"] });
    expect(plan.slice(0, -2)).toEqual(planNetworks(input));
    expect(overlaps(plan.map(({ subnet }) => subnet))).toEqual([]);
    for (const { name, internal, subnet, dynamicRange } of plan.slice(-2)) {
      expect(["egress-api", "egress-web"]).toContain(name);
      expect(internal).toBe(true);
      expect(dynamicRange).toBe(subnet.replace(".0/24", ".128/25"));
    }
  });

  test("monitoring takes the last place, without a way out; a consumer that would be there moves on", () => {
    expect(subnets({ monitoring: true })).toEqual({ ...subnets({}), monitoring: "10.20.255.0/24" });
    expect(planNetworks({ ...INPUT, monitoring: true }).find(({ name }) => name === "monitoring")?.internal).toBe(true);
    const last = Array.from({ length: 2000 }, (_, index) => `c${index}`).find(
      (consumer) => subnets({ dockerApiConsumers: [consumer] })[`docker-api-${consumer}`] === "10.20.255.0/24",
    );
    if (last === undefined) throw new Error("no name is there");
    expect(subnets({ dockerApiConsumers: [last], monitoring: true })).toMatchObject({
      monitoring: "10.20.255.0/24",
      [`docker-api-${last}`]: "10.20.16.0/24",
    });
  });

  test("finds a place for all that there can be", () => {
    const consumers = Array.from({ length: 240 }, (_, index) => `c${index}`);
    expect(new Set(Object.values(subnets({ dockerApiConsumers: consumers }))).size).toBe(244);
  });

  test("does not change the others' networks when one comes that meets none of them", () => {
    const before = subnets({ dockerApiConsumers: ["builder", "worker"] });
    expect(subnets({ dockerApiConsumers: ["agent", "builder", "worker"] })).toMatchObject(before);
  });
});

describe("IPv6 of the network where clients come in", () => {
  test("is there only where it is asked for, and on no other network", () => {
    expect(planNetworks(INPUT).filter(({ ipv6 }) => ipv6 !== undefined)).toEqual([]);
    const withIpv6 = planNetworks({ ...INPUT, ipv6: true }).filter(({ ipv6 }) => ipv6 !== undefined);
    expect(withIpv6.map(({ name }) => name)).toEqual(["public"]);
    expect(withIpv6[0]?.ipv6).toEqual(publicIpv6(INPUT.stackName));
  });

  test.each(["shop", "rampart-prod", "a", "rampart-six"])(
    "%s has a /64 of its own, as an address is written",
    (name) => {
      const { subnet, gateway } = publicIpv6(name);
      expect(subnet).toMatch(/^fd[0-9a-f]{2}:(?:0|[1-9a-f][0-9a-f]{0,3}):(?:0|[1-9a-f][0-9a-f]{0,3})::\/64$/);
      expect(gateway).toBe(subnet.replace("/64", "1"));
      expect(subnet).not.toBe(publicIpv6(`${name}-2`).subnet);
    },
  );
});
