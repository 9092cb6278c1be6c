import { Edge } from "../../components";
import { IMAGE_PINS } from "../../config";
import {
  configOf,
  labelsOf,
  networksOf,
  once,
  PROD,
  record,
  ROUTED,
  SERVICE,
  surroundings,
  uploadsOf,
  withLocalEngine,
  type Recording,
} from "./support";
import { authorityCertificate } from "../../hardening/pki/certificates";

withLocalEngine();

function edge(values: Record<string, unknown> = ROUTED, stack = "dev"): Promise<Recording> {
  return record(() => {
    const { context, networks } = surroundings(configOf(values, stack));
    return new Edge("rampart-dev-edge", context, { networks });
  }, stack);
}

const plain = once(() => edge());
const uploads = (recording: Recording, carrier: string): Record<string, string> =>
  uploadsOf(recording, `rampart-dev-edge-${carrier}`);
const accepted = (recording: Recording): string[] =>
  Object.keys(labelsOf(recording.get("Container rampart-dev-edge"))).filter((label) => label.includes("accepted"));

describe("Edge", () => {
  test(
    "is only on the gateway's network, and on one with a way out where it asks a CA; it publishes " + "nothing",
    async () => {
      const container = (await plain()).get("Container rampart-dev-edge");
      expect(networksOf(container)).toEqual({ "rampart-dev-gateway": ["edge"] });
      expect(container.inputs["ports"] ?? []).toEqual([]);
      expect(accepted(await plain())).toEqual([]);
      const acme = (await edge({ ...PROD, ...ROUTED }, "prod")).get("Container rampart-dev-edge");
      expect(Object.keys(networksOf(acme))).toEqual(["rampart-prod-acme", "rampart-prod-gateway"]);
      expect(container.inputs).toMatchObject({
        image: IMAGE_PINS.traefik,
        user: "65532:65532",
        readOnly: true,
        capabilities: { drops: ["ALL"] },
        envs: ["GOMEMLIMIT=230MiB"],
        stopSignal: "SIGTERM",
      });
      expect(JSON.stringify(container.inputs)).not.toContain("docker.sock");
      expect(container).toMatchObject({ deleteBeforeReplace: true, parentType: "rampart:edge:Edge" });
    },
  );

  test("keeps the certificates of each CA in a storage of its own", async () => {
    expect((await plain()).names.filter((name) => /Volume.*acme/.test(name))).toEqual([]);
    const acme = async (values: Record<string, unknown>): Promise<string[]> =>
      (await edge({ ...ROUTED, ...values }, "staging"))
        .ofType("Volume")
        .map(({ name }) => name)
        .filter((name) => name.includes("acme"));
    expect(await acme({ ...PROD })).toEqual(["rampart-dev-edge-acme-letsencrypt"]);
    expect(await acme({ ...PROD, certificates: "letsencrypt-staging" })).toEqual([
      "rampart-dev-edge-acme-letsencrypt-staging",
    ]);
    expect(await acme({ certificates: { directory: "https://ca.example.com/dir" } })).toEqual([
      expect.stringMatching(/^rampart-dev-edge-acme-custom-[0-9a-f]{8}$/) as unknown,
    ]);
  });

  test("may write only to the certificates' storage, and waits until it can", async () => {
    const recording = await edge({ ...PROD, ...ROUTED }, "prod");
    const { inputs, dependsOn } = recording.get("Container rampart-dev-edge");
    const writable = (inputs["volumes"] as { containerPath: string; readOnly: boolean }[]).filter(
      ({ readOnly }) => !readOnly,
    );
    expect(writable).toEqual([
      { containerPath: "/acme", readOnly: false, volumeName: "rampart-dev-edge-acme-letsencrypt" },
    ]);
    expect(dependsOn).toEqual(
      expect.arrayContaining([
        "Container rampart-dev-edge-acme-letsencrypt-carrier",
        "Container rampart-dev-edge-config-carrier",
      ]),
    );
  });

  test("asks the CA that one key chooses, and brings its root where one is given", async () => {
    const ca = authorityCertificate({ seed: Buffer.alloc(32, "seed").toString("base64"), stackName: "rampart-dev" });
    const own = uploads(
      await edge({ ...ROUTED, certificates: { directory: "https://ca.example.com/dir", ca } }, "staging"),
      "config",
    );
    expect(Object.keys(own)).toEqual(["/files/acme-ca.pem", "/files/traefik.yml"]);
    expect(own["/files/acme-ca.pem"]).toBe(ca);
    expect(own["/files/traefik.yml"]).toContain("caServer: https://ca.example.com/dir");
    expect(uploads(await edge({ ...ROUTED, ...PROD }, "prod"), "config")["/files/traefik.yml"]).toContain(
      "caServer: https://acme-v02.api.letsencrypt.org/directory",
    );
    expect(
      uploads(await edge({ ...ROUTED, ...PROD, certificates: "letsencrypt-staging" }, "staging"), "config")[
        "/files/traefik.yml"
      ],
    ).toContain("caServer: https://acme-staging-v02.api.letsencrypt.org/directory");
    expect(Object.keys(uploads(await plain(), "config"))).toEqual(["/files/traefik.yml"]);
  });

  test("leads its hosts to the gateway, and knows no service", async () => {
    const rendered = async (values: Record<string, unknown>, stack: string): Promise<string> =>
      uploads(await edge({ ...ROUTED, ...values }, stack), "routes")["/files/routes/rampart.yml"] ?? "";
    const routes = await rendered(PROD, "prod");
    expect(JSON.parse(routes)).toMatchObject({
      tcp: {
        routers: {
          "https-api_example_com": { rule: "HostSNI(`api.example.com`)", tls: { certResolver: "letsencrypt" } },
          "https-app_example_com": { rule: "HostSNI(`app.example.com`)", tls: { certResolver: "letsencrypt" } },
        },
        services: { gateway: { loadBalancer: { servers: [{ address: "gateway:8444" }] } } },
      },
      tls: { options: { default: { sniStrict: true, minVersion: "VersionTLS12" } } },
    });
    expect(routes).not.toMatch(/1a2b3c|3000|\/api/);
    const quiet = await rendered({ edge: { httpPort: false, tls: "modern" } }, "dev");
    expect(quiet).toContain("VersionTLS13");
    expect(quiet).not.toContain("certResolver");
  });

  test("listens for the gateway's ACME questions only where the CA asks over plain http", async () => {
    const acme = async (values: Record<string, unknown>): Promise<boolean> =>
      (uploads(await edge({ ...ROUTED, ...values }, "staging"), "config")["/files/traefik.yml"] ?? "").includes(
        ":8081",
      );
    expect(await acme(PROD)).toBe(true);
    const custom = { directory: "https://ca.example.com/dir" };
    expect(await acme({ certificates: { ...custom, challenge: "tls-alpn-01" } })).toBe(false);
    expect(await acme({ certificates: { ...custom, challenge: "http-01" } })).toBe(true);
  });

  test("writes its routes once it runs, whatever the services do, and then waits until they are served", async () => {
    const carrier = (await plain()).get("Container rampart-dev-edge-routes-carrier");
    expect(carrier.dependsOn).toEqual(
      expect.arrayContaining(["RandomId rampart-dev-edge-healthy", "Volume rampart-dev-edge-routes"]),
    );
    expect(carrier).toMatchObject({
      hooks: { afterCreate: ["rampart-dev-routes-applied"] },
      deleteBeforeReplace: false,
    });
    expect(labelsOf(carrier)["io.rampart.routes-probe"]).toMatch(/^\/[a-z/-]+[0-9a-f]+$/);
  });

  test("is not replaced when a route changes", async () => {
    const other = await edge({ services: { api: { ...SERVICE, routes: [{ host: "other.example.com" }] } } });
    expect(other.inputs("Container rampart-dev-edge")).toEqual((await plain()).inputs("Container rampart-dev-edge"));
    expect(other.inputs("Container rampart-dev-edge-routes-carrier")).not.toEqual(
      (await plain()).inputs("Container rampart-dev-edge-routes-carrier"),
    );
  });

  test("has a small /tmp, and asks itself whether it is healthy", async () => {
    const { inputs } = (await plain()).get("Container rampart-dev-edge");
    expect(inputs["tmpfs"]).toEqual({ "/tmp": "rw,noexec,nosuid,nodev,size=4m,mode=1777" });
    expect((inputs["healthcheck"] as { tests: string[] }).tests).toEqual([
      "CMD",
      "traefik",
      "healthcheck",
      "--configFile=/etc/rampart/traefik.yml",
    ]);
  });
});
