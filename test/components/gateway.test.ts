import * as pulumi from "@pulumi/pulumi";
import { DataVolume, Gateway } from "../../components";
import { IMAGE_PINS } from "../../config";
import { gatewayApplyScript } from "../../hardening/gateway";
import {
  configOf,
  labelsOf,
  networksOf,
  once,
  PROD,
  record,
  SERVICE,
  surroundings,
  withLocalEngine,
  type Recording,
} from "./support";

withLocalEngine();

const ROUTED = {
  services: {
    api: {
      ...SERVICE,
      routes: [{ host: "app.example.com", pathPrefix: "/api", maxBodyMiB: 2.5 }, { host: "api.example.com" }],
    },
  },
};

function gateway(values: Record<string, unknown> = ROUTED, stack = "dev", version = "1a2b3c4d5e"): Promise<Recording> {
  return record(() => {
    const config = configOf(values, stack);
    const { context, networks } = surroundings(config);
    const services = Object.entries(config.services).map(([name, { routes, port }]) => {
      const ready = new DataVolume(`${name}-ready`, context, { owner: name, protect: false, shared: false }).volume;
      return { name, routes, port: port ?? 0, alias: pulumi.output(`${name}-${version}`), replicas: 1, ready: [ready] };
    });
    return new Gateway("rampart-dev-gateway", context, { networks, services });
  }, stack);
}

const plain = once(() => gateway());
const CONTAINER = "Container rampart-dev-gateway";
const ROUTES = "Container rampart-dev-gateway-routes-carrier";

const uploads = (recording: Recording, carrier: string): Record<string, string> =>
  Object.fromEntries(
    (
      recording.inputs(`Container rampart-dev-gateway-${carrier}-carrier`)["uploads"] as {
        file: string;
        content: string;
      }[]
    ).map(({ file, content }) => [file, content]),
  );
const routesOf = (recording: Recording): string => uploads(recording, "routes")["/files/routes.cfg"] ?? "";
const routed = (route: object, more: object = {}): Record<string, unknown> => ({
  services: { api: { ...SERVICE, routes: [{ host: "app.example.com", ...route }] } },
  ...more,
});

describe("Gateway", () => {
  test("is the one way in, between the internet, the edge and the services", async () => {
    const container = (await plain()).get(CONTAINER);
    expect(networksOf(container)).toEqual({
      "rampart-dev-public": [],
      "rampart-dev-gateway": ["gateway"],
      "rampart-dev-proxy": [],
    });
    expect(container.inputs).toMatchObject({
      image: IMAGE_PINS.haproxy,
      command: ["haproxy", "-f", "/etc/rampart/haproxy.cfg", "-f", "/routes"],
      user: "99:99",
      readOnly: true,
      capabilities: { drops: ["ALL"] },
      stopSignal: "SIGUSR1",
      tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=4m,mode=1777" },
    });
    expect(JSON.stringify(container.inputs)).not.toContain("docker.sock");
    expect((container.inputs["healthcheck"] as { tests: string[] }).tests.join(" ")).toBe(
      "CMD wget -q -O /dev/null http://127.0.0.1:8082/ping",
    );
  });

  test("takes clients of IPv6 where that is asked for, and proves that their addresses are kept", async () => {
    const recording = await gateway({ ...ROUTED, ...PROD, edge: { ipv6: true } }, "prod");
    const published = recording.inputs(CONTAINER)["ports"] as readonly Record<string, unknown>[];
    expect(published.filter(({ ip }) => ip === "::")).toEqual([
      { ip: "::", external: 80, internal: 8086, protocol: "tcp" },
      { ip: "::", external: 443, internal: 8446, protocol: "tcp" },
    ]);
    const receipt = recording.get("RandomId rampart-dev-gateway-ipv6");
    expect(receipt).toMatchObject({ hooks: { beforeCreate: ["rampart-dev-gateway-ipv6-probe"] } });
    expect(uploads(recording, "routes")["/files/routes.cfg"]).toMatch(/reject if \{ src fd[0-9a-f:]+::1 \}/);
    expect((await plain()).names).not.toContain("RandomId rampart-dev-gateway-ipv6");
  });

  test("listens on loopback in dev, on all addresses in production, and its own ports nowhere", async () => {
    const ports = (recording: Recording): unknown => recording.inputs(CONTAINER)["ports"];
    const accepted = (recording: Recording): string[] =>
      Object.keys(labelsOf(recording.get(CONTAINER))).filter((label) => label.includes("accepted"));
    expect(ports(await plain())).toEqual([
      { ip: "127.0.0.1", external: 8080, internal: 8080, protocol: "tcp" },
      { ip: "127.0.0.1", external: 8443, internal: 8443, protocol: "tcp" },
    ]);
    expect(accepted(await plain())).toEqual(["io.rampart.accepted.cis-5.9"]);
    const prod = await gateway({ ...PROD, ...ROUTED }, "prod");
    expect(ports(prod)).toEqual([
      { ip: "0.0.0.0", external: 80, internal: 8080, protocol: "tcp" },
      { ip: "0.0.0.0", external: 443, internal: 8443, protocol: "tcp" },
    ]);
    expect(accepted(prod)).toEqual([
      "io.rampart.accepted.cis-5.14",
      "io.rampart.accepted.cis-5.8",
      "io.rampart.accepted.cis-5.9",
    ]);
    expect(ports(await gateway({ ...ROUTED, edge: { httpPort: false } }))).toHaveLength(1);
    expect(accepted(await gateway({ ...ROUTED, edge: { httpsPort: 1024 } }))).toContain("io.rampart.accepted.cis-5.8");
    expect(accepted(await gateway({ ...ROUTED, edge: { httpsPort: 1025 } }))).not.toContain(
      "io.rampart.accepted.cis-5.8",
    );
  });

  test("writes nothing of what it reads", async () => {
    const { inputs } = (await plain()).get(CONTAINER);
    const volumes = inputs["volumes"] as { containerPath: string; readOnly: boolean }[];
    expect(volumes.map(({ containerPath, readOnly }) => [containerPath, readOnly])).toEqual([
      ["/etc/rampart", true],
      ["/routes", true],
    ]);
  });

  test("goes before a new one comes: two cannot publish one port", async () => {
    const container = (await plain()).get(CONTAINER);
    expect(container).toMatchObject({ deleteBeforeReplace: true, parentType: "rampart:gateway:Gateway" });
    expect(container.dependsOn).toContain("Container rampart-dev-gateway-config-carrier");
  });

  test("starts with its own limits, and the script that takes new routes", async () => {
    const files = uploads(await plain(), "config");
    expect(Object.keys(files)).toEqual(["/files/apply.sh", "/files/haproxy.cfg"]);
    expect(files["/files/apply.sh"]).toBe(gatewayApplyScript());
    const limited = await gateway({
      ...ROUTED,
      edge: { connections: { total: 1000 }, gateway: { memoryMiB: 256, cpus: 2.5, pids: 99 } },
    });
    const base = uploads(limited, "config")["/files/haproxy.cfg"] ?? "";
    expect(base).toContain("    maxconn 2100\n    nbthread 3\n");
    expect(base).toContain("    tune.buffers.limit 3328\n");
    expect(limited.inputs(CONTAINER)).toMatchObject({ memory: 256 });
    expect(files["/files/haproxy.cfg"]).toContain("    maxconn 3100\n    nbthread 1\n");
  });

  test("leads each route to the present version of its service, under a name of its own", async () => {
    const recording = await plain();
    const files = uploads(recording, "routes");
    expect(Object.keys(files)).toEqual(["/files/routes.cfg", "/files/servers", "/files/shape"]);
    expect(files["/files/servers"]).toBe("route_api 1 api-1a2b3c4d5e\nroute_2-api 1 api-1a2b3c4d5e\n");
    expect(files["/files/shape"]).toMatch(/^[0-9a-f]{12}$/);
    const routes = routesOf(recording);
    expect(routes).toContain("/rampart/routes/" + (files["/files/shape"] ?? ""));
    expect(routes).toContain("http-request set-dst-port int(3000)\n    server-template v 1-1 api-1a2b3c4d5e:+0 ");
    expect(routes).toContain("{ req.hdr(content-length),add(0) gt 2621440 }");
    expect(routes).toContain("{ req.hdr(content-length),add(0) gt 1048576 }");
  });

  test("takes of a route what its configuration says", async () => {
    const routes = routesOf(
      await gateway(
        routed({
          rateLimit: { average: 7, burst: 9, periodSeconds: 2 },
          inFlight: { perClient: 3, total: 5 },
          timeouts: { requestSeconds: 11, responseSeconds: 22, streamSeconds: 33 },
          methods: ["GET", "POST"],
          contentTypes: ["image/*"],
          maxHeaderKiB: 2,
          headers: { contentSecurityPolicy: "default-src 'self'", response: { "X-Team": "a" } },
          cors: { allowedOrigins: ["https://other.example.com"] },
        }),
      ),
    );
    for (const part of [
      "{ sc1_gpc0_rate ge 9 }",
      "gpc0_rate(2572)",
      "{ sc1_conn_cur gt 3 }",
      "{ be_conn(route_api) gt 5 }",
      "wait-for-body time 11s",
      "timeout server 22s",
      "timeout tunnel 33s",
      "!{ method GET POST }",
      "image\\/[a-z0-9.+-]+",
      "{ req.hdrs,length gt 2048 }",
      `set-header Content-Security-Policy "default-src 'self'"`,
      'set-header X-Team "a"',
      "https:\\/\\/other\\.example\\.com",
      "del-header Upgrade\n",
    ])
      expect(routes).toContain(part);
  });

  test("lets WebSockets through where a route says so or streams", async () => {
    const drops = async (route: object): Promise<boolean> =>
      /del-header Upgrade\n/.test(routesOf(await gateway(routed(route))));
    expect([await drops({}), await drops({ webSocket: true }), await drops({ streaming: true })]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await drops({ streaming: true, webSocket: false })).toBe(true);
  });

  test("takes the stack's own origins for CORS where a route names none", async () => {
    const services = {
      api: { ...SERVICE, routes: [{ host: "api.example.com", cors: {} }] },
      web: { ...SERVICE, routes: [{ host: "www.example.com" }] },
    };
    const routes = routesOf(await gateway({ services }));
    expect(routes).toContain("https:\\/\\/www\\.example\\.com:8443");
  });

  test("believes the edge's connections only, and the proxies that the stack trusts", async () => {
    const own = routesOf(await plain());
    const subnet = /connection reject unless \{ src (\S+) \}/.exec(own)?.[1];
    const network = (await plain()).inputs("Network rampart-dev-gateway")["ipamConfigs"] as { subnet: string }[];
    expect(subnet).toBe(network[0]?.subnet);
    expect(own).not.toContain("txn.trusted");
    const trusted = routesOf(await gateway({ ...ROUTED, edge: { trustedProxies: ["192.0.2.0/24"] } }));
    expect(trusted).toContain("set-var(txn.trusted) bool(true) if { src 192.0.2.0/24 }");
  });

  test("redirects to the port that a browser sees, and asks the edge for ACME's proofs where it has them", async () => {
    expect(routesOf(await plain())).toContain("https://%[var(txn.host)]:8443%[pathq]");
    const prod = routesOf(await gateway({ ...PROD, ...ROUTED }, "prod"));
    expect(prod).toContain("https://%[var(txn.host)]%[pathq]");
    expect(prod).toContain("server edge edge:8081 ");
    expect(routesOf(await plain())).not.toContain("backend acme");
    const overTls = { directory: "https://ca.example.com/dir", challenge: "tls-alpn-01" };
    expect(routesOf(await gateway({ ...ROUTED, certificates: overTls }, "staging"))).not.toContain("backend acme");
  });

  test("writes its routes once it and every service are healthy, and has every gateway take them", async () => {
    const carrier = (await plain()).get(ROUTES);
    expect(carrier.dependsOn).toEqual(
      expect.arrayContaining([
        "RandomId rampart-dev-gateway-healthy",
        "Volume api-ready",
        "Volume rampart-dev-gateway-routes",
      ]),
    );
    expect(carrier).toMatchObject({
      hooks: { afterCreate: ["rampart-dev-gateway-routes-applied"] },
      deleteBeforeReplace: false,
    });
  });

  test("is not replaced when a route or a version changes: only the routes are", async () => {
    const before = await plain();
    for (const after of [await gateway(routed({})), await gateway(ROUTED, "dev", "ffffffffff")]) {
      expect(after.inputs(CONTAINER)).toEqual(before.inputs(CONTAINER));
      expect(after.inputs(ROUTES)).not.toEqual(before.inputs(ROUTES));
    }
  });

  test("has the same shape with another version of a service", async () => {
    const shape = (recording: Recording): string | undefined => uploads(recording, "routes")["/files/shape"];
    expect(shape(await gateway(ROUTED, "dev", "ffffffffff"))).toBe(shape(await plain()));
    expect(shape(await gateway(routed({})))).not.toBe(shape(await plain()));
  });
});
