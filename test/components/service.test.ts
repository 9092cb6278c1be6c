import * as pulumi from "@pulumi/pulumi";
import { DataVolume, Service } from "../../components";
import { serviceNetworks } from "../../resources/service-networks";
import {
  configOf,
  IMAGE,
  labelsOf,
  networksOf,
  once,
  record,
  SERVICE,
  surroundings,
  withLocalEngine,
  type Recording,
  type Registered,
} from "./support";

withLocalEngine();

interface Options {
  readonly urls?: readonly string[];
  readonly secrets?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
}

function service(
  settings: Record<string, unknown> = {},
  { urls = [], secrets = {}, volumes = [] }: Options = {},
): Promise<Recording> {
  return record(() => {
    pulumi.runtime.setAllConfig(
      Object.fromEntries(Object.entries(secrets).map(([key, value]) => [`rampart:${key}`, value])),
      Object.keys(secrets).map((key) => `rampart:${key}`),
    );
    const config = configOf({ services: { api: { ...SERVICE, ...settings } } }, "dev", secrets);
    const { context, networks } = surroundings(config);
    const api = config.services["api"];
    if (api === undefined) throw new Error("there is no service");
    const sharedVolumes = Object.fromEntries(
      volumes.map((name) => [
        name,
        new DataVolume(`rampart-dev-data-${name}`, context, { owner: name, protect: false, shared: true }),
      ]),
    );
    const before = new DataVolume("before", context, { owner: "before", protect: false, shared: false });
    const given = Object.fromEntries(
      urls.map((name) => [
        name,
        context.secrets.password(name.toLowerCase()).apply((password) => `in-clear://${password}`),
      ]),
    );
    return new Service("rampart-dev-api", context, {
      name: "api",
      config: api,
      networks,
      secrets: context.secrets,
      urls: given,
      sharedVolumes,
      dependsOn: [before.volume],
    });
  });
}

const plain = once(() => service());
const container = async (recording: Promise<Recording>): Promise<Registered> =>
  (await recording).get("Container rampart-dev-api");
const aliasOf = async (recording: Promise<Recording>): Promise<unknown> =>
  Object.values(networksOf(await container(recording)))[0]?.[1];
const accepted = (resource: Registered): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(labelsOf(resource)).flatMap(([label, value]) =>
      label.startsWith("io.rampart.accepted.") ? [[label.replace("io.rampart.accepted.", ""), value]] : [],
    ),
  );

describe("Service", () => {
  test("with nothing but an image and a port is hardened, and accepts no exception", async () => {
    const { inputs } = await container(plain());
    expect(inputs).toMatchObject({
      image: IMAGE,
      user: "1000:1000",
      readOnly: true,
      privileged: false,
      capabilities: { drops: ["ALL"] },
      memory: 256,
      memorySwap: 256,
      cpus: "0.5",
      restart: "on-failure",
      maxRetryCount: 5,
      envs: ["PORT=3000"],
      ports: [],
      volumes: [],
      tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777" },
      stopTimeout: 10,
      destroyGraceSeconds: 10,
      healthcheck: {
        tests: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3000/"],
        interval: "5s",
        timeout: "3s",
        startPeriod: "10s",
        retries: 3,
      },
    });
    expect((inputs["securityOpts"] as string[]).map((option) => option.slice(0, 9))).toEqual([
      "no-new-pr",
      "seccomp={",
    ]);
    expect(labelsOf(await container(plain()))).toEqual({
      "io.rampart.component": "service",
      "io.rampart.name": "api",
      "io.rampart.pids-limit": "128",
      "io.rampart.stack": "dev",
    });
  });

  test("is healthy before its predecessor stops, and waits for what it is told to", async () => {
    const resource = await container(plain());
    expect(resource).toMatchObject({
      deleteBeforeReplace: false,
      replaceOnChanges: ["#initerror", "healthcheck", "init", "tmpfs"],
      protect: false,
      retainOnDelete: false,
    });
    expect(resource.dependsOn).toContain("Volume before");
    expect(resource.hooks).toEqual({
      beforeCreate: ["rampart-dev-container-leftovers"],
      afterCreate: ["rampart-dev-pids-limit"],
    });
    expect((await plain()).get("RandomId rampart-dev-api-healthy")).toMatchObject({
      dependsOn: ["Container rampart-dev-api"],
      hooks: { beforeCreate: ["rampart-dev-api-healthy"] },
    });
  });

  test("has a canary beside it: the same container under a name of its own, with what differs", async () => {
    const settings = {
      routes: [{ host: "app.localhost" }],
      environment: { A: "1", B: "2" },
      secrets: { JWT_SECRET: "generated" },
      data: "read-write",
    };
    const canary = { image: IMAGE.replace(/:[^:@]+@/, ":9.9.9@"), weight: 10, replicas: 2, environment: { B: "3" } };
    const recording = await service({ ...settings, canary });
    const without = await service(settings);
    const main = recording.get("Container rampart-dev-api");
    const [first, second] = ["", ".2"].map((number) => recording.get(`Container rampart-dev-api.canary${number}`));
    expect(main).toEqual(without.get("Container rampart-dev-api"));
    const { networksAdvanced, labels, image, envs, ...same } = first?.inputs ?? {};
    expect(main.inputs).toMatchObject(same);
    expect([image, envs]).toEqual([
      canary.image,
      (main.inputs["envs"] as string[]).map((one) => (one === "B=2" ? "B=3" : one)),
    ]);
    expect(labels).toContainEqual({ label: "io.rampart.name", value: "api.canary" });
    // No other service reaches it by the service's name, and each of its containers is told apart.
    const alias = String(Object.values(networksOf(first ?? main))[0]?.[0]);
    expect(alias).toMatch(/^api\.canary-[0-9a-f]{10}$/);
    expect(networksAdvanced).toHaveLength(2);
    expect(networksOf(first ?? main)).toEqual({ "rampart-dev-proxy": [alias], "rampart-dev-internal": [alias] });
    expect(Object.values(networksOf(second ?? main))).toEqual([[`${alias}.2`], [`${alias}.2`]]);
    const before = ({ dependsOn = [] }: Registered): string[] =>
      dependsOn.filter((one) => !one.startsWith("RemoteImage"));
    expect(before(first ?? main)).toEqual(before(main));
    expect(recording.ofType("MountedFiles")).toHaveLength(1);
  });

  test("has no volume of secrets where it has no secret", async () => {
    const recording = await plain();
    expect(recording.ofType("MountedFiles")).toEqual([]);
    expect(recording.ofType("Service")).toEqual([
      expect.objectContaining({ type: "rampart:service:Service", name: "rampart-dev-api" }),
    ]);
  });

  test("finds secrets and the URLs that it earned in files, and nothing of them in its inputs", async () => {
    const recording = await service(
      {
        secrets: { JWT_SECRET: "generated", SMTP_PASSWORD: { config: "smtpPassword" } },
        data: "read-write",
        cache: true,
      },
      { urls: ["DATABASE_URL", "REDIS_URL"], secrets: { smtpPassword: "tq8Wn4Rz0Kv2Ys6Xb1Lm" } },
    );
    const { inputs, dependsOn } = recording.get("Container rampart-dev-api");
    expect(inputs["envs"]).toEqual([
      "DATABASE_URL_FILE=/run/secrets/database_url",
      "JWT_SECRET_FILE=/run/secrets/jwt_secret",
      "PORT=3000",
      "REDIS_KEY_PREFIX=api:",
      "REDIS_URL_FILE=/run/secrets/redis_url",
      "SMTP_PASSWORD_FILE=/run/secrets/smtp_password",
    ]);
    expect(inputs["volumes"]).toEqual([
      {
        containerPath: "/run/secrets",
        readOnly: true,
        volumeName: expect.stringMatching(/^rampart-dev-api-secrets-[0-9a-f]{12}$/) as unknown,
      },
    ]);
    expect(recording.inputs("Container rampart-dev-api-secrets-carrier")["uploads"]).toEqual(
      ["database_url", "jwt_secret", "redis_url", "smtp_password"].map((file) => ({
        content: "[secret]",
        file: `/files/${file}`,
        permissions: "0444",
      })),
    );
    expect(dependsOn).toContain("Container rampart-dev-api-secrets-carrier");
    expect(JSON.stringify(recording.resources)).not.toMatch(/tq8Wn4Rz|in-clear|generated0/);
  });

  test("reads from its environment only what it names with a reason, as secrets", async () => {
    const settings = {
      secrets: { JWT_SECRET: "generated", OTHER_TOKEN: "generated" },
      secretsInEnvironment: { names: ["JWT_SECRET"], reason: "the framework reads nothing else" },
    };
    const recording = await service(settings);
    const resource = recording.get("Container rampart-dev-api");
    expect(resource.inputs["envs"]).toEqual(["[secret]", "OTHER_TOKEN_FILE=/run/secrets/other_token", "PORT=3000"]);
    expect(accepted(resource)).toEqual({ "rampart-secrets-as-files": "the framework reads nothing else" });
    expect(JSON.stringify(recording.resources)).not.toContain("generated0");
  });

  test("mounts shared volumes, and waits until it may write to them", async () => {
    const resource = await container(
      service(
        {
          volumes: [
            { name: "uploads", path: "/data" },
            { name: "assets", path: "/assets", readOnly: true },
          ],
        },
        { volumes: ["uploads", "assets"] },
      ),
    );
    expect(resource.inputs["volumes"]).toEqual([
      { containerPath: "/data", readOnly: false, volumeName: "rampart-dev-data-uploads" },
      { containerPath: "/assets", readOnly: true, volumeName: "rampart-dev-data-assets" },
    ]);
    expect(resource.dependsOn).toEqual(
      expect.arrayContaining([
        "Container rampart-dev-data-uploads-carrier",
        "Container rampart-dev-data-assets-carrier",
      ]),
    );
  });

  test("carries every weakening as an exception with its reason", async () => {
    const resource = await container(
      service({
        user: { root: "the image's entrypoint changes owners" },
        tmpfs: [{ path: "/tmp", sizeMiB: 16, exec: { reason: "unpacks its engine there" } }],
        volumes: [{ hostPath: "/srv/app", path: "/srv/app", reason: "files of the old system" }],
        confinement: {
          seccomp: { unconfined: "a profiler needs to be run" },
          appArmor: { unconfined: "the profile is being written" },
          capabilities: [
            { add: "CAP_CHOWN", reason: "changes owners at start" },
            { add: "CAP_SETUID", reason: "drops root at start" },
          ],
          writableRoot: { reason: "writes beside its program" },
        },
      }),
    );
    expect(accepted(resource)).toEqual({
      "cis-4.1": "the image's entrypoint changes owners",
      "cis-5.2": "the profile is being written",
      "cis-5.4": "CAP_CHOWN: changes owners at start; CAP_SETUID: drops root at start",
      "cis-5.13": "writes beside its program",
      "cis-5.22": "a profiler needs to be run",
      "rampart-host-mount": "/srv/app: files of the old system",
      "rampart-tmpfs-noexec": "unpacks its engine there",
    });
    expect(resource.inputs).toMatchObject({
      user: "0:0",
      readOnly: false,
      capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN", "CAP_SETUID"] },
      securityOpts: ["no-new-privileges:true", "apparmor=unconfined", "seccomp=unconfined"],
      volumes: [{ hostPath: "/srv/app", containerPath: "/srv/app", readOnly: true }],
      tmpfs: { "/tmp": "rw,exec,nosuid,nodev,size=16m,mode=1777" },
    });
  });

  test("in seccomp's complain mode says that denials are logged only", async () => {
    const resource = await container(
      service({ confinement: { seccomp: { profile: "worker", complain: true }, appArmor: "rampart-worker" } }),
    );
    expect(accepted(resource)).toEqual({ "cis-5.22": "complain mode: denials are logged, not enforced" });
    expect(resource.inputs["securityOpts"]).toContain("apparmor=rampart-worker");
  });

  test("takes its own command, entrypoint and check of health", async () => {
    const { inputs } = await container(
      service({
        entrypoint: ["/app"],
        command: ["serve"],
        healthCheck: { command: ["/app", "health"], intervalSeconds: 10, startPeriodSeconds: 90 },
        startTimeoutSeconds: 120,
      }),
    );
    expect(inputs).toMatchObject({
      entrypoints: ["/app"],
      command: ["serve"],
      healthcheck: { tests: ["CMD", "/app", "health"], interval: "10s", startPeriod: "1m30s" },
    });
  });

  test("that speaks to the Docker API is told where", async () => {
    const resource = await container(service({ dockerApi: { allow: ["GET /_ping"] } }));
    expect(resource.inputs["envs"]).toEqual([
      "DOCKER_HOST=tcp://docker-api:2375",
      "DOCKER_NAME_PREFIX=rampart-dev.api.",
      "PORT=3000",
    ]);
    expect(JSON.stringify(resource.inputs)).not.toContain("docker.sock");
  });
});

describe("a version's alias", () => {
  test("stands beside the service's name, and changes with everything that makes a version", async () => {
    const first = await aliasOf(plain());
    expect(first).toMatch(/^api-[0-9a-f]{10}$/);
    expect(networksOf(await container(plain()))).toEqual({ "rampart-dev-internal": ["api", first] });
    expect(await aliasOf(service())).toBe(first);
    const others = [
      { image: IMAGE.replace("1.0", "1.1") },
      { environment: { A: "1" } },
      { resources: { memoryMiB: 64 } },
      { secrets: { JWT_SECRET: "generated" } },
    ];
    for (const settings of others) expect(await aliasOf(service(settings))).not.toBe(first);
  });

  test("changes with a secret in the environment, and tells nothing of it", async () => {
    const settings = {
      secrets: { SMTP_PASSWORD: { config: "smtp" } },
      secretsInEnvironment: { names: ["SMTP_PASSWORD"], reason: "the framework reads nothing else" },
    };
    const [one, other] = [
      await aliasOf(service(settings, { secrets: { smtp: "tq8Wn4Rz0Kv2Ys6Xb1Lm" } })),
      await aliasOf(service(settings, { secrets: { smtp: "Lm1bX6sY2vK0zR4nW8qt" } })),
    ];
    expect(one).toMatch(/^api-[0-9a-f]{10}$/);
    expect(one).not.toBe(other);
  });
});

describe("a service's networks", () => {
  const networks = (settings: Record<string, unknown>): string[] => {
    const api = configOf({ services: { api: { ...SERVICE, ...settings } } }).services["api"];
    return api === undefined
      ? []
      : serviceNetworks("api", api).map(
          ({ network, aliases }) => `${network}${aliases === undefined ? "" : ` as ${aliases.join()}`}`,
        );
  };
  const routes = [{ host: "app.localhost" }];

  test.each([
    ["a route", { routes }, ["proxy as api"]],
    ["a route and data", { routes, data: "read-only" }, ["proxy as api", "internal as api"]],
    ["a route and a cache", { routes, cache: true }, ["proxy as api", "internal as api"]],
    ["a route and internal", { routes, internal: true }, ["proxy as api", "internal as api"]],
    ["nothing", {}, ["internal as api"]],
    ["egress", { egress: true }, ["internal as api", "egress"]],
    [
      "a route and the Docker API",
      { routes, dockerApi: { allow: ["GET /_ping"] } },
      ["proxy as api", "docker-api-api"],
    ],
  ])("follow from %s", (_what, settings, expected) => {
    expect(networks(settings)).toEqual(expected);
  });
});
