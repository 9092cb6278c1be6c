import { Networks } from "../../components";
import { planNetworks, publicIpv6 } from "../../hardening/container/networks";
import { labelsOf, once, record } from "./support";

const plan = planNetworks({
  stackName: "rampart-dev",
  pool: "10.20.0.0/16",
  dockerApiConsumers: ["worker"],
  acme: true,
  egress: true,
  databaseAccess: true,
});

const all = once(() => record(() => new Networks("rampart-dev", { stack: "dev", plan })));

describe("Networks", () => {
  test("creates the networks of the plan, each with its subnet, and nothing else", async () => {
    const recording = await all();
    expect(recording.names).toEqual([
      "Network rampart-dev-acme",
      "Network rampart-dev-database-access",
      "Network rampart-dev-docker-api-worker",
      "Network rampart-dev-egress",
      "Network rampart-dev-gateway",
      "Network rampart-dev-internal",
      "Network rampart-dev-proxy",
      "Network rampart-dev-public",
      "Networks rampart-dev",
    ]);
    expect(recording.get("Networks rampart-dev").type).toBe("rampart:network:Networks");
    expect(recording.inputs("Network rampart-dev-internal")).toMatchObject({
      name: "rampart-dev-internal",
      driver: "bridge",
      internal: true,
      ipamConfigs: [{ subnet: "10.20.12.0/22", gateway: "10.20.12.1", ipRange: "10.20.14.0/23" }],
    });
  });

  test("gives a way out only to public, acme, egress and database-access, and keeps their members apart", async () => {
    const recording = await all();
    const open = recording.ofType("Network").filter(({ inputs }) => inputs["internal"] !== true);
    expect(open.map(({ name }) => name).sort()).toEqual([
      "rampart-dev-acme",
      "rampart-dev-database-access",
      "rampart-dev-egress",
      "rampart-dev-public",
    ]);
    const apart = { "com.docker.network.bridge.enable_icc": "false" };
    // The gateway answers on `public`, and asks nobody there: what would leave it has no address to come back to.
    const silent = { ...apart, "com.docker.network.bridge.enable_ip_masquerade": "false" };
    expect(Object.fromEntries(open.map(({ name, inputs }) => [name, inputs["options"]]))).toEqual({
      "rampart-dev-acme": apart,
      "rampart-dev-database-access": apart,
      "rampart-dev-egress": apart,
      "rampart-dev-public": silent,
    });
    for (const { inputs } of recording.ofType("Network").filter((network) => network.inputs["internal"] === true))
      expect(inputs).not.toHaveProperty("options");
  });

  test("labels each network, and deletes one before it replaces it: two networks cannot hold one subnet", async () => {
    const recording = await all();
    for (const network of recording.ofType("Network")) {
      expect(network).toMatchObject({
        deleteBeforeReplace: true,
        parent: "rampart-dev",
        parentType: "rampart:network:Networks",
      });
      expect(labelsOf(network)).toEqual({
        "io.rampart.component": "network",
        "io.rampart.name": network.name.replace("rampart-dev-", ""),
        "io.rampart.stack": "dev",
      });
    }
  });

  test("gives the engine's names of networks by Rampart's own", async () => {
    let names: Networks["names"] = {};
    await record(() => {
      names = new Networks("rampart-dev", { stack: "dev", plan }).names;
    });
    expect(Object.keys(names)).toEqual([
      "public",
      "gateway",
      "proxy",
      "internal",
      "acme",
      "egress",
      "database-access",
      "docker-api-worker",
    ]);
    const internal = await new Promise((resolve) => names["internal"]?.apply(resolve));
    expect(internal).toBe("rampart-dev-internal");
  });

  test("has IPv6 on the network where clients come in, if it is asked for", async () => {
    const withIpv6 = planNetworks({
      stackName: "shop",
      dockerApiConsumers: [],
      egress: false,
      databaseAccess: false,
      ipv6: true,
    });
    const recording = await record(() => new Networks("shop", { stack: "prod", plan: withIpv6 }));
    expect(recording.inputs("Network shop-public")).toMatchObject({
      ipv6: true,
      ipamConfigs: [{ gateway: expect.stringMatching(/^10\./) as string }, publicIpv6("shop")],
      options: { "com.docker.network.bridge.enable_ip_masquerade": "false" },
    });
    expect(recording.inputs("Network shop-gateway")["ipv6"]).toBeUndefined();
  });
});
