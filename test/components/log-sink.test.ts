import { HardenedStack } from "../../components";
import { IMAGE_PINS } from "../../config";
import { configOf, labelsOf, networksOf, once, record, SERVICE, withLocalEngine, type Recording } from "./support";

withLocalEngine();

const VALUES = {
  dockerSocketGroup: 998,
  network: { pool: "10.201.0.0/16" },
  services: { api: { ...SERVICE, routes: [{ host: "app.example.com" }] } },
};
const stack = (values: object): Promise<Recording> =>
  record(() => new HardenedStack(configOf({ ...VALUES, ...values })));
const none = once(() => stack({}));
const builtin = once(() => stack({ logging: { retentionDays: 7, sink: "builtin" } }));
const URL = "https://logs.acme.com/loki/api/v1/push";
const remote = once(() => stack({ logging: { sink: { loki: { url: URL } } } }));
const NAME = "rampart-dev-logs";
const COLLECTOR = `Container ${NAME}-collector`;
const STORE = `Container ${NAME}-store`;
const PROXY = "Container rampart-dev-docker-api-log-collector";
const uploads = (recording: Recording, carrier: string): { file: string; content: string }[] =>
  recording.inputs(`Container ${carrier}-carrier`)["uploads"] as { file: string; content: string }[];
const env = (recording: Recording): unknown => recording.inputs(COLLECTOR)["envs"];

describe("LogSink", () => {
  test("is not there unless a stack asks for it, and changes no other container where one does", async () => {
    const [without, withOne] = [await none(), await builtin()];
    expect(without.names.filter((name) => name.includes("log-collector") || name.includes(NAME))).toEqual([]);
    const of = (recording: Recording): string[] =>
      recording
        .ofType("Container")
        .filter(({ name }) => without.names.includes(`Container ${name}`))
        .map(({ name, inputs }) => `${name} ${JSON.stringify(inputs)}`);
    expect(of(withOne)).toEqual(of(without));
  });

  test.each([
    [COLLECTOR, "log-collector", "99:99"],
    [STORE, "log-store", "65534:65534"],
  ])("%s runs without root, reads only, and publishes nothing", async (container, name, user) => {
    const resource = (await builtin()).get(container);
    expect(resource.inputs).toMatchObject({
      readOnly: true,
      capabilities: { drops: ["ALL"] },
      securityOpts: expect.arrayContaining(["no-new-privileges:true"]) as unknown,
      user,
    });
    expect(resource.inputs["ports"] ?? []).toEqual([]);
    expect(resource.deleteBeforeReplace).toBe(true);
    expect(labelsOf(resource)).toMatchObject({ "io.rampart.component": "logging", "io.rampart.name": name });
  });

  test("only the socket proxy has the socket, and lets two requests pass", async () => {
    const recording = await builtin();
    const withSocket = recording
      .ofType("Container")
      .filter(({ inputs }) => JSON.stringify(inputs["volumes"] ?? []).includes("docker.sock"))
      .map(({ name }) => `Container ${name}`);
    expect(withSocket).toEqual([PROXY]);
    const files = uploads(recording, "rampart-dev-docker-api-log-collector-config");
    const { content } = files.find(({ file }) => file.endsWith("haproxy.cfg")) ?? { content: "" };
    expect([...content.matchAll(/set-var\(txn\.permission\) str\('([^']+)'\)/g)].map(([, one]) => one)).toEqual([
      "GET /containers/json",
      "GET /containers/{id}/logs",
    ]);
    // Its answers would be lines to collect.
    expect(content).toContain("http-request set-log-level silent\n    default_backend engine");
  });

  test("a sink on this host has no way out, and nobody else is with it", async () => {
    const recording = await builtin();
    expect(recording.inputs("Network rampart-dev-logs")).toMatchObject({
      internal: true,
      ipamConfigs: [{ subnet: "10.201.254.0/24", gateway: "10.201.254.1" }],
    });
    const on = recording.ofType("Container").filter((one) => "rampart-dev-logs" in networksOf(one));
    expect(on.map(({ name }) => name).sort()).toEqual([`${NAME}-collector`, `${NAME}-store`]);
    expect(recording.names).not.toContain("Network rampart-dev-egress");
    expect(recording.inputs(STORE)).toMatchObject({ image: IMAGE_PINS["victoria-logs"] });
    expect(recording.waitsFor(COLLECTOR, `RandomId ${NAME}-store-healthy`)).toBe(true);
    expect(env(recording)).toContain("RAMPART_SINK_PATH=/insert/jsonline?_stream_fields=stack,container,stream");
  });

  test("for a sink elsewhere only the collector has a way out, and there is no store", async () => {
    const recording = await remote();
    const out = recording.ofType("Container").filter((one) => "rampart-dev-egress" in networksOf(one));
    expect(out.map(({ name }) => name)).toEqual([`${NAME}-collector`]);
    expect(recording.names).not.toContain(STORE);
    expect(recording.names).not.toContain("Network rampart-dev-logs");
    const config = uploads(recording, `${NAME}-config`).find(({ file }) => file.endsWith("haproxy.cfg"))?.content;
    expect(config).toContain("server sink logs.acme.com:443 ssl verify required ca-file @system-ca");
    expect(env(recording)).toContain("RAMPART_SINK_PATH=/loki/api/v1/push");
    // Without headers or roots of its own there is nothing secret.
    expect(recording.names.filter((name) => name.includes(`${NAME}-secrets`))).toEqual([]);
  });

  test("in production the lines outlive a destroy; how far they were read does not", async () => {
    const values = { ...VALUES, logging: { sink: "builtin" }, environment: "prod", acmeEmail: "ops@acme.com" };
    const services = { api: { ...SERVICE, routes: [{ host: "app.acme.com" }] } };
    const recording = await record(() => new HardenedStack(configOf({ ...values, services })));
    expect(recording.get(`Volume ${NAME}-data`).protect).toBe(true);
    expect(recording.get(`Volume ${NAME}-positions`).protect ?? false).toBe(false);
    expect((await builtin()).get(`Volume ${NAME}-data`).protect ?? false).toBe(false);
  });

  test("a surface: the gateway leads to what reads, and asks who comes", async () => {
    const access = { sources: ["10.8.0.0/24"], basicAuth: { users: ["alice"] } };
    const surface = { host: "logs.example.com", access };
    const recording = await stack({ logging: { sink: { builtin: { surface } } } });
    expect(recording.inputs("Container rampart-dev-gateway")["networksAdvanced"]).toContainEqual({
      name: "rampart-dev-logs",
      ipv4Address: "10.201.254.12",
    });
    const on = recording.ofType("Container").filter((one) => "rampart-dev-logs" in networksOf(one));
    expect(on).toHaveLength(3);
    const routes = uploads(recording, "rampart-dev-gateway-routes");
    const text = routes.find(({ file }) => file.endsWith("routes.cfg"))?.content;
    expect(text).toContain("{ var(txn.host) -m str logs.example.com } { var(txn.read) -m beg -i /select/ }");
    expect(text).toContain("server-template v 1-1 log-store:+0 ");
    expect(recording.names).toContain("RandomPassword rampart-dev-secrets-access-alice");
    expect(networksOf((await builtin()).get("Container rampart-dev-gateway"))).not.toHaveProperty("rampart-dev-logs");
  });

  test("a monitored stack measures the collector", async () => {
    const recording = await stack({ monitoring: true, logging: { sink: "builtin" } });
    expect(Object.keys(networksOf(recording.get(COLLECTOR))).sort()).toEqual([
      "rampart-dev-docker-api-log-collector",
      "rampart-dev-logs",
      "rampart-dev-monitoring",
    ]);
    const config = uploads(recording, "rampart-dev-monitoring-prometheus-config")[0]?.content;
    expect(config).toContain("10.201.255.18:9104");
  });
});
