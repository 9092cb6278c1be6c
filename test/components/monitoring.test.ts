import { HardenedStack } from "../../components";
import { IMAGE_PINS } from "../../config";
import { configOf, labelsOf, networksOf, once, record, SERVICE, withLocalEngine, type Recording } from "./support";

withLocalEngine();

const VALUES = {
  dockerSocketGroup: 998,
  network: { pool: "10.201.0.0/16" },
  services: { api: { ...SERVICE, data: "read-write", cache: true, routes: [{ host: "app.example.com" }] } },
};
const stack = (values: object): Promise<Recording> =>
  record(() => new HardenedStack(configOf({ ...VALUES, ...values })));
const plain = once(() => stack({ monitoring: true }));
const NAME = "rampart-dev-monitoring";
const CONTAINERS = [
  "prometheus",
  "alertmanager",
  "host-metrics",
  "engine-metrics",
  "postgres-metrics",
  "redis-metrics",
] as const;
const USERS: Readonly<Partial<Record<string, string>>> = { "engine-metrics": "99:998", "redis-metrics": "99:99" };
const inputs = (recording: Recording, part: string): Readonly<Record<string, unknown>> =>
  recording.inputs(`Container ${NAME}-${part}`);
const uploads = (recording: Recording, carrier: string): { file: string; content: string }[] =>
  recording.inputs(`Container ${NAME}-${carrier}-carrier`)["uploads"] as { file: string; content: string }[];

describe("Monitoring", () => {
  test("is not there unless a stack asks for it", async () => {
    const { names } = await stack({});
    expect(names.filter((name) => name.includes("monitoring"))).toEqual([]);
  });

  test.each(CONTAINERS)(
    "%s runs without root, reads only, publishes nothing, and is healthy when asked",
    async (part) => {
      const recording = await plain();
      const resource = recording.get(`Container ${NAME}-${part}`);
      expect(resource.inputs).toMatchObject({
        readOnly: true,
        capabilities: { drops: ["ALL"] },
        securityOpts: expect.arrayContaining(["no-new-privileges:true"]) as unknown,
        user: USERS[part] ?? "65534:65534",
        healthcheck: { tests: expect.arrayContaining(["wget"]) as unknown },
      });
      expect(resource.inputs["ports"] ?? []).toEqual([]);
      expect(resource.deleteBeforeReplace).toBe(true);
      expect(labelsOf(resource)).toMatchObject({ "io.rampart.component": "monitoring", "io.rampart.name": part });
    },
  );

  test("Prometheus has rules about an ACME server only where there is one, a rule for each host", async () => {
    const files = async (values: object): Promise<Record<string, string>> => {
      const recording = await stack({ monitoring: true, ...values });
      return Object.fromEntries(
        uploads(recording, "prometheus-config").map(({ file, content }) => [file.split("/").at(-1) ?? "", content]),
      );
    };
    expect(Object.keys(await files({})).sort()).toEqual(["prometheus.yml", "rules.yml"]);
    const acme = await files({ certificates: { directory: "https://ca.example.com/dir", challenge: "http-01" } });
    expect(acme["prometheus.yml"]).toContain("- /etc/prometheus/acme-rules.yml");
    expect(acme["acme-rules.yml"]).toContain(String.raw`(app\\.example\\.com|\\*\\.example\\.com)`);
    expect(acme["acme-rules.yml"]?.match(/EdgeCertificateMissing/g)).toHaveLength(1);
  });

  test("everything has its own address on a network without a way out", async () => {
    const recording = await plain();
    expect(recording.inputs("Network rampart-dev-monitoring")).toMatchObject({
      internal: true,
      ipamConfigs: [{ subnet: "10.201.255.0/24", gateway: "10.201.255.1" }],
    });
    const addresses = [...CONTAINERS.map((part) => `${NAME}-${part}`), "rampart-dev-gateway", "rampart-dev-edge"].map(
      (name) =>
        (recording.inputs(`Container ${name}`)["networksAdvanced"] as { name: string; ipv4Address?: string }[]).find(
          (network) => network.name === "rampart-dev-monitoring",
        )?.ipv4Address,
    );
    expect(addresses).toEqual([10, 11, 14, 15, 16, 17, 12, 13].map((host) => `10.201.255.${host}`));
  });

  test("no service is on that network, and of what measures only what asks the data servers is elsewhere", async () => {
    const recording = await plain();
    const on = recording
      .ofType("Container")
      .filter((one) => "rampart-dev-monitoring" in networksOf(one))
      .map(({ name }) => name);
    expect(on.sort()).toEqual(
      [...CONTAINERS.map((part) => `${NAME}-${part}`), "rampart-dev-edge", "rampart-dev-gateway"].sort(),
    );
    for (const part of CONTAINERS) {
      const others = Object.keys(networksOf(recording.get(`Container ${NAME}-${part}`))).filter(
        (name) => name !== "rampart-dev-monitoring",
      );
      expect(others).toEqual(["postgres-metrics", "redis-metrics"].includes(part) ? ["rampart-dev-internal"] : []);
    }
  });

  test("only what reads the engine has the socket, and says so", async () => {
    const recording = await plain();
    const mounts = (part: string): unknown[] => (inputs(recording, part)["volumes"] as unknown[] | undefined) ?? [];
    const withSocket = CONTAINERS.filter((part) => JSON.stringify(mounts(part)).includes("docker.sock"));
    expect(withSocket).toEqual(["engine-metrics"]);
    expect(labelsOf(recording.get(`Container ${NAME}-engine-metrics`))["io.rampart.accepted.cis-5.32"]).toContain(
      "three reading requests",
    );
  });

  test("the exporter logs in as monitor, over TLS, with a password from a file", async () => {
    const recording = await plain();
    expect(inputs(recording, "postgres-metrics")).toMatchObject({ image: IMAGE_PINS["postgres-exporter"] });
    expect(inputs(recording, "postgres-metrics")["envs"]).toEqual(
      expect.arrayContaining([
        "DATA_SOURCE_PASS_FILE=/run/secrets/postgres_password",
        "DATA_SOURCE_URI=postgres:5432/app?application_name=monitor&sslmode=verify-full" +
          "&sslrootcert=%2Frun%2Fsecrets%2Fdatabase_ca",
        "DATA_SOURCE_USER=monitor",
      ]),
    );
    expect(recording.waitsFor(`Container ${NAME}-postgres-metrics`, "RandomId rampart-dev-postgres-healthy")).toBe(
      true,
    );
  });

  test("Redis knows one more user, which may ask for INFO only", async () => {
    const recording = await plain();
    const container = `Container ${NAME}-redis-metrics`;
    expect(recording.inputs(container)["envs"]).toContain("RAMPART_REDIS_USER=rampart_metrics");
    expect(recording.waitsFor(container, "RandomId rampart-dev-redis-users-staged")).toBe(true);
    expect(recording.names).toContain("RandomPassword rampart-dev-secrets-redis-metrics-user");
    expect((await stack({})).names).not.toContain("RandomPassword rampart-dev-secrets-redis-metrics-user");
  });

  test("without a database nothing asks for one", async () => {
    const services = { web: { ...SERVICE, routes: [{ host: "app.example.com" }] } };
    const recording = await stack({ monitoring: true, services });
    expect(recording.names).not.toContain(`Container ${NAME}-postgres-metrics`);
    expect(recording.names).not.toContain(`Container ${NAME}-redis-metrics`);
    expect(uploads(recording, "prometheus-config")[0]?.content).not.toContain("9187");
  });

  test("with e-mail Alertmanager has a way out, and nothing else has", async () => {
    const email = { to: ["ops@acme.com"], from: "a@acme.com", server: "smtp.acme.com:587" };
    const recording = await stack({ monitoring: { email } });
    const out = recording.ofType("Container").filter((one) => "rampart-dev-egress" in networksOf(one));
    expect(out.map(({ name }) => name)).toEqual([`${NAME}-alertmanager`]);
    // Receivers' secrets stand in it.
    expect(uploads(recording, "alertmanager-secrets")).toMatchObject([{ content: "[secret]" }]);
  });

  test("gateway and edge hand out metrics to that network", async () => {
    const recording = await plain();
    const files = (name: string): string =>
      JSON.stringify(recording.inputs(`Container rampart-dev-${name}-carrier`)["uploads"]);
    expect(files("gateway-routes")).toContain("tcp-request connection reject unless { src 10.201.255.0/24 }");
    expect(files("edge-config")).toContain("10.201.255.13:9102");
  });
});
