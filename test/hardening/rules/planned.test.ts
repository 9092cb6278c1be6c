import { HardenedStack } from "../../../components";
import { judge, RULES, viewOfResources, type ContainerView, type VolumeView } from "../../../hardening/rules";
import { configOf, PROD, record, SERVICE, withLocalEngine } from "../../components/support";
import { FACTS, happyView } from "./support";

withLocalEngine();

const container = (inputs: Record<string, unknown>): ContainerView | undefined =>
  viewOfResources(FACTS, [{ type: "docker:index/container:Container", name: "c", inputs }]).containers[0];

describe("the view of planned resources", () => {
  test("holds a container as the plan declares it", async () => {
    const api = (await happyView()).containers.find(({ resource }) => resource === "rampart-prod-api");
    expect(api).toEqual({
      resource: "rampart-prod-api",
      component: "service",
      name: "api",
      runs: true,
      image: SERVICE.image,
      user: "1000:1000",
      privileged: false,
      readOnlyRoot: true,
      capabilitiesAdded: [],
      capabilitiesDropped: ["ALL"],
      securityOpts: ["no-new-privileges:true", expect.stringMatching(/^seccomp=\{/)],
      memoryMiB: 256,
      memorySwapMiB: 256,
      cpus: 0.5,
      pids: 128,
      restart: { policy: "on-failure", maxRetries: 5 },
      healthCheck: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3000/"],
      namespaces: { ipc: "private", pid: "", network: "bridge", userns: "", uts: "", cgroupParent: "" },
      devices: 0,
      ports: [],
      mounts: [
        {
          source: expect.stringMatching(/^rampart-prod-api-secrets-[0-9a-f]{12}$/) as unknown,
          target: "/run/secrets",
          readOnly: true,
          host: false,
        },
      ],
      tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777" },
      ulimits: ["core", "nofile"],
      logOptions: { "max-file": "3", "max-size": "10m" },
      networks: ["rampart-prod-proxy", "rampart-prod-internal", "rampart-prod-docker-api-api"],
      environment: [
        "DATABASE_CA_FILE",
        "DATABASE_URL_FILE",
        "DOCKER_HOST",
        "DOCKER_NAME_PREFIX",
        "PORT",
        "REDIS_KEY_PREFIX",
        "REDIS_URL_FILE",
      ].map((name) => ({ name, secret: false })),
      stopGraceSeconds: 10,
      accepted: {},
    });
  });

  test("takes what is missing for what the engine makes of it: the least confined", () => {
    expect(container({})).toMatchObject({
      component: "",
      runs: true,
      user: "",
      readOnlyRoot: false,
      capabilitiesDropped: [],
      memoryMiB: 0,
      cpus: 0,
      pids: 0,
      restart: { policy: "no" },
      stopGraceSeconds: 0,
      accepted: {},
    });
    const failing = new Set(
      judge(RULES, viewOfResources(FACTS, [{ type: "docker:index/container:Container", name: "c", inputs: {} }]))
        .filter(({ status }) => status === "fail")
        .map(({ id }) => id),
    );
    expect([...failing].sort()).toEqual([
      "cis-4.1",
      "cis-5.11",
      "cis-5.12",
      "cis-5.13",
      "cis-5.18",
      "cis-5.26",
      "cis-5.27",
      "cis-5.29",
      "cis-5.4",
      "rampart-log-rotation",
      "rampart-stop-grace",
    ]);
  });

  test("flags secrets in the environment, one by one or the whole list", () => {
    expect(container({ envs: ["A=1", "[secret]", "B=x=y"] })?.environment).toEqual([
      { name: "A", secret: false },
      { name: "(hidden)", secret: true },
      { name: "B", secret: false },
    ]);
    expect(container({ envs: "[secret]" })?.environment).toEqual([{ name: "(all)", secret: true }]);
  });

  test("counts devices of either kind, and reads host mounts, ports and exceptions", () => {
    expect(container({ devices: [{}], deviceRequests: [{}, {}] })?.devices).toBe(3);
    expect(container({ volumes: [{ hostPath: "/srv", containerPath: "/x" }] })?.mounts).toEqual([
      { source: "/srv", target: "/x", readOnly: false, host: true },
    ]);
    expect(container({ ports: [{ internal: 1, external: 80 }] })?.ports).toEqual([{ ip: "", external: 80 }]);
    expect(container({ labels: [{ label: "io.rampart.accepted.cis-5.5", value: "a reason" }] })?.accepted).toEqual({
      "cis-5.5": "a reason",
    });
  });

  test("takes a carrier for one that never runs only if it is not started", () => {
    const labels = [{ label: "io.rampart.component", value: "carrier" }];
    expect([
      container({ labels, start: false })?.runs,
      container({ labels })?.runs,
      container({ labels, start: true })?.runs,
    ]).toEqual([false, true, true]);
  });

  test("knows networks by Rampart's names, and images by their references", async () => {
    const view = await happyView();
    expect(view.networks.find(({ name }) => name === "internal")).toMatchObject({
      resource: "rampart-prod-internal",
      engineName: "rampart-prod-internal",
      internal: true,
      subnet: expect.stringMatching(/^10\.\d+\.12\.0\/22$/) as unknown,
    });
    expect(view.images.map(({ reference }) => reference.split(":")[0]).sort()).toEqual([
      "haproxy",
      "postgres",
      "redis",
      "registry.example.com/app",
      "restic/restic",
      "traefik",
    ]);
  });
});

describe("volumes of data", () => {
  const volumes = async (values: Record<string, unknown>): Promise<readonly VolumeView[]> => {
    const { resources } = await record(() => new HardenedStack(configOf({ ...PROD, ...values }, "prod")), "prod");
    return viewOfResources(FACTS, resources).volumes;
  };
  const data = async (values: Record<string, unknown>): Promise<string[]> =>
    (await volumes(values))
      .filter((volume) => volume.data)
      .map(({ resource }) => resource)
      .sort();

  test("are Postgres', Redis', the backups' and those that services share: no files or certificates", async () => {
    const api = {
      ...SERVICE,
      data: "read-write",
      cache: true,
      routes: [{ host: "app.example.com" }],
      volumes: [{ name: "uploads", path: "/uploads" }],
    };
    expect(await data({ services: { api } })).toEqual([
      "rampart-prod-backups-repository",
      "rampart-prod-data-uploads",
      "rampart-prod-postgres-data",
      "rampart-prod-redis-data",
    ]);
  });

  test("are not told by words that a user chose", async () => {
    const service = { ...SERVICE, secrets: { JWT_SECRET: "generated" } };
    expect(await data({ name: "my-data-lake", services: { "data-import": service, "x-redis-data": service } })).toEqual(
      [],
    );
  });
});
