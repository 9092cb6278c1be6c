/** What Docker 20.10 says of a container of a stack, shortened, and the state that it came from. */
import type { StackState, StateResource } from "../../verify/state";
import type { Survey } from "../../verify/survey";

export const POSTGRES_ID = "a3ae3bf2d007a74c65a8b53f30b1c5795df488ff2bce5a58b8ee6fcc6714e828";
const IMAGE = "sha256:59aa8ba4ebe38ff6b6e48801a494b2e396e280760a6fbf5dccb1467076aa7422";
const labels = {
  "io.rampart.component": "postgres",
  "io.rampart.name": "postgres",
  "io.rampart.pids-limit": "256",
  "io.rampart.stack": "dev",
};

export interface Changes {
  readonly Id?: string;
  readonly Name?: string;
  readonly Image?: string;
  readonly Config?: object;
  readonly HostConfig?: object;
  readonly State?: object;
  readonly NetworkSettings?: object;
  readonly Mounts?: readonly object[];
}

export const inspected = ({ Config = {}, HostConfig = {}, State = {}, ...top }: Changes = {}): unknown => ({
  Id: POSTGRES_ID,
  Name: "/rampart-dev-postgres-06324eb",
  Image: IMAGE,
  State: { Status: "running", Running: true, Paused: false, ExitCode: 0, Health: { Status: "healthy" }, ...State },
  HostConfig: {
    LogConfig: { Type: "json-file", Config: { "max-file": "3", "max-size": "10m" } },
    NetworkMode: "bridge",
    PortBindings: {},
    RestartPolicy: { Name: "on-failure", MaximumRetryCount: 5 },
    CapAdd: null,
    CapDrop: ["ALL"],
    CgroupnsMode: "private",
    IpcMode: "private",
    PidMode: "",
    Privileged: false,
    ReadonlyRootfs: true,
    SecurityOpt: ["no-new-privileges:true"],
    Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777" },
    UTSMode: "",
    UsernsMode: "",
    Memory: 536_870_912,
    NanoCpus: 1_000_000_000,
    CgroupParent: "",
    Devices: null,
    DeviceRequests: null,
    MemorySwap: 536_870_912,
    PidsLimit: 256,
    Ulimits: [
      { Name: "core", Hard: 0, Soft: 0 },
      { Name: "nofile", Hard: 16_384, Soft: 16_384 },
    ],
    ...HostConfig,
  },
  Mounts: [
    { Type: "volume", Name: "rampart-dev-postgres-data", Source: "/v/_data", Destination: "/data", RW: true },
    { Type: "volume", Name: "rampart-dev-postgres-live", Source: "/l/_data", Destination: "/run/secrets", RW: false },
  ],
  Config: {
    User: "70:70",
    Env: ["PGDATA=/data", "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_password"],
    Healthcheck: { Test: ["CMD", "pg_isready"] },
    Labels: labels,
    StopTimeout: 60,
    ...Config,
  },
  NetworkSettings: { Networks: { "rampart-dev-internal": { IPAddress: "10.200.12.10" } } },
  ...top,
});

const postgres: StateResource = {
  id: POSTGRES_ID,
  type: "docker:index/container:Container",
  name: "rampart-dev-postgres",
  inputs: {
    capabilities: { drops: ["ALL"] },
    cpus: "1.0",
    destroyGraceSeconds: 60,
    envs: ["PGDATA=/data", "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_password"],
    healthcheck: { tests: ["CMD", "pg_isready"] },
    image: IMAGE,
    ipcMode: "private",
    labels: Object.entries(labels).map(([label, value]) => ({ label, value })),
    logOpts: { "max-file": "3", "max-size": "10m" },
    maxRetryCount: 5,
    memory: 512,
    memorySwap: 512,
    mustRun: true,
    networkMode: "bridge",
    networksAdvanced: [{ name: "rampart-dev-internal" }],
    readOnly: true,
    restart: "on-failure",
    securityOpts: ["no-new-privileges:true"],
    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777" },
    ulimits: [{ name: "core" }, { name: "nofile" }],
    user: "70:70",
    volumes: [
      { containerPath: "/data", volumeName: "rampart-dev-postgres-data" },
      { containerPath: "/run/secrets", readOnly: true, volumeName: "rampart-dev-postgres-live" },
    ],
  },
};
const network: StateResource = {
  id: "net",
  type: "docker:index/network:Network",
  name: "rampart-dev-internal",
  inputs: { name: "rampart-dev-internal", internal: true },
};
const volume: StateResource = {
  id: "vol",
  type: "docker:index/volume:Volume",
  name: "rampart-dev-postgres-data",
  inputs: { name: "rampart-dev-postgres-data" },
};

export const state = (change: Partial<StackState> = {}): StackState => ({
  resources: [postgres, network, volume],
  secrets: [],
  holders: {},
  passwords: {},
  outputs: {},
  ...change,
});

export const surveyed = (change: Partial<Survey> = {}): Survey => ({
  containers: [inspected()],
  networks: [
    {
      Name: "rampart-dev-internal",
      Internal: true,
      Labels: { "io.rampart.name": "internal", "io.rampart.stack": "dev" },
      IPAM: { Config: [{ Subnet: "10.200.12.0/22", Gateway: "10.200.12.1" }] },
      Containers: { [POSTGRES_ID]: { Name: "rampart-dev-postgres-06324eb" } },
    },
  ],
  volumes: [{ Name: "rampart-dev-postgres-data" }],
  engine: { version: "20.10.24", appArmor: false, seccomp: true },
  ...change,
});

export const FACTS = { stack: "dev", environment: "dev", certificates: "self-signed" } as const;
