import {
  goDuration,
  renderContainer,
  renderCpus,
  renderTmpfs,
  type ContainerBindings,
} from "../../../hardening/container/render";
import type { Workload } from "../../../hardening/container/workload";
import { WORKLOAD } from "./workload";

const BINDINGS: ContainerBindings = {
  stack: "prod",
  imageId: "sha256:1d",
  networks: { internal: "n-internal", proxy: "n-proxy", egress: "n-egress" },
  volumes: { data: "v-data" },
};
const render = (
  change: Partial<Workload> = {},
  bindings: Partial<ContainerBindings> = {},
): ReturnType<typeof renderContainer> => renderContainer({ ...WORKLOAD, ...change }, { ...BINDINGS, ...bindings });

describe("a container's arguments", () => {
  test("hold everything that confines it, in the forms that the engine reads back", () => {
    expect(render()).toEqual({
      image: "sha256:1d",
      envs: ["NODE_ENV=production"],
      user: "1000:1000",
      readOnly: true,
      privileged: false,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      ipcMode: "private",
      cgroupnsMode: "private",
      memory: 256,
      memorySwap: 256,
      cpus: "0.5",
      ulimits: [
        { name: "core", soft: 0, hard: 0 },
        { name: "nofile", soft: 16_384, hard: 16_384 },
      ],
      tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777" },
      volumes: [{ volumeName: "v-data", containerPath: "/data", readOnly: false }],
      networkMode: "bridge",
      networksAdvanced: [{ name: "n-internal", aliases: ["api"] }],
      ports: [],
      healthcheck: { tests: ["CMD", "true"], interval: "5s", timeout: "3s", startPeriod: "1m30s", retries: 3 },
      restart: "on-failure",
      maxRetryCount: 5,
      stopTimeout: 10,
      destroyGraceSeconds: 10,
      logDriver: "json-file",
      logOpts: { "max-file": "3", "max-size": "10m" },
      labels: [
        { label: "io.rampart.component", value: "service" },
        { label: "io.rampart.name", value: "api" },
        { label: "io.rampart.pids-limit", value: "128" },
        { label: "io.rampart.stack", value: "prod" },
      ],
    });
  });

  test("of a job say that it is neither restarted nor waited for", () => {
    const { healthCheck, ...job } = { ...WORKLOAD, restart: "no" as const };
    expect(healthCheck).toBeDefined();
    const args = renderContainer(job, BINDINGS);
    expect(args).toMatchObject({ restart: "no" });
    for (const absent of ["maxRetryCount", "healthcheck"]) expect(args).not.toHaveProperty(absent);
  });

  test("add only the capabilities that are named, sorted", () => {
    expect(render({ capabilities: ["CAP_SETUID", "CAP_CHOWN"] }).capabilities).toEqual({
      drops: ["ALL"],
      adds: ["CAP_CHOWN", "CAP_SETUID"],
    });
  });

  test("name the security options in one order", () => {
    const options = render({
      appArmor: { kind: "profile", profile: "rampart-api" },
      seccomp: { kind: "unconfined", reason: "r" },
    }).securityOpts;
    expect(options).toEqual(["no-new-privileges:true", "apparmor=rampart-api", "seccomp=unconfined"]);
    const [, seccomp] = render({ seccomp: { kind: "profile", profile: "api", complain: false } })
      .securityOpts as string[];
    expect(JSON.parse(seccomp?.replace(/^seccomp=/, "") ?? "")).toMatchObject({ defaultAction: "SCMP_ACT_ERRNO" });
  });

  test("put the version's alias beside the service's own, on networks where it has one", () => {
    const networks = [
      { network: "proxy", aliases: ["api"] },
      { network: "egress" },
      { network: "internal", ipv4Address: "10.0.0.9" },
    ] as const;
    expect(render({ networks }, { versionAlias: "api-1a" }).networksAdvanced).toEqual([
      { name: "n-proxy", aliases: ["api", "api-1a"] },
      { name: "n-egress" },
      { name: "n-internal", ipv4Address: "10.0.0.9" },
    ]);
  });

  test("put a container without networks on none, not on the engine's default bridge", () => {
    expect(render({ networks: [] })).toMatchObject({ networkMode: "none", networksAdvanced: [] });
  });

  test("sort the environment, secret entries among plain ones, and the ports", () => {
    expect(
      render({ environment: { B: "2", D: "4" } }, { secretEnvironment: { C: "C=secret", A: "A=secret" } }).envs,
    ).toEqual(["A=secret", "B=2", "C=secret", "D=4"]);
    const ports = [
      { ip: "127.0.0.1", external: 443, internal: 8443 },
      { ip: "127.0.0.1", external: 80, internal: 8080 },
    ];
    expect(render({ publishedPorts: ports }).ports).toEqual([
      { ip: "127.0.0.1", external: 80, internal: 8080, protocol: "tcp" },
      { ip: "127.0.0.1", external: 443, internal: 8443, protocol: "tcp" },
    ]);
  });

  test("mount directories of the host as they are, and volumes by their names", () => {
    expect(render({ mounts: [{ kind: "host", source: "/srv", target: "/x", readOnly: true }] }).volumes).toEqual([
      { hostPath: "/srv", containerPath: "/x", readOnly: true },
    ]);
  });

  test("take commands, signals and shared memory only where they are given", () => {
    for (const absent of ["entrypoints", "command", "stopSignal", "shmSize"])
      expect(render()).not.toHaveProperty(absent);
    expect(render({ entrypoint: ["/app"], command: ["serve"], stopSignal: "SIGINT", shmMiB: 128 })).toMatchObject({
      entrypoints: ["/app"],
      command: ["serve"],
      stopSignal: "SIGINT",
      shmSize: 128,
    });
  });

  test("cannot name a network or a volume that is not there", () => {
    expect(() => render({}, { networks: {} })).toThrow('no network "internal"; there are none');
    expect(() => render({}, { volumes: { other: "v", more: "w" } })).toThrow('no volume "data"; there are more, other');
  });
});

describe("forms without a perpetual diff", () => {
  test.each([
    [1, "1.0"],
    [2, "2.0"],
    [0.5, "0.5"],
    [0.25, "0.25"],
  ])("%d CPUs are %s", (cpus, text) => expect(renderCpus(cpus)).toBe(text));

  test.each([
    [0, "0s"],
    [5, "5s"],
    [60, "1m0s"],
    [90, "1m30s"],
    [3600, "1h0m0s"],
    [3661, "1h1m1s"],
  ])("%d seconds are %s", (seconds, text) => expect(goDuration(seconds)).toBe(text));

  test("a tmpfs is sized, and nothing in it is executed unless the workload says so", () => {
    expect(renderTmpfs({ path: "/x", sizeMiB: 8, exec: true, mode: "0700", uid: 70, gid: 71 })).toBe(
      "rw,exec,nosuid,nodev,size=8m,mode=0700,uid=70,gid=71",
    );
    expect(renderTmpfs({ path: "/x", sizeMiB: 8, uid: 0 })).toBe("rw,noexec,nosuid,nodev,size=8m,mode=1777,uid=0");
  });
});
