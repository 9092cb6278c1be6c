import type { Workload } from "../../../hardening/container/workload";

/** A workload that is right: tests break or add one thing. */
export const WORKLOAD: Workload = {
  name: "api",
  component: "service",
  image: `app:1@sha256:${"a1".repeat(32)}`,
  environment: { NODE_ENV: "production" },
  user: "1000:1000",
  networks: [{ network: "internal", aliases: ["api"] }],
  publishedPorts: [],
  mounts: [{ kind: "volume", volume: "data", target: "/data", readOnly: false }],
  tmpfs: [{ path: "/tmp", sizeMiB: 64 }],
  resources: { memoryMiB: 256, cpus: 0.5, pids: 128 },
  capabilities: [],
  seccomp: { kind: "default" },
  appArmor: { kind: "default" },
  readOnlyRoot: true,
  healthCheck: { test: ["CMD", "true"], intervalSeconds: 5, timeoutSeconds: 3, startPeriodSeconds: 90, retries: 3 },
  restart: "on-failure",
  stopGraceSeconds: 10,
  startTimeoutSeconds: 60,
  logging: { maxSizeMiB: 10, maxFiles: 3 },
  accepted: [],
};
