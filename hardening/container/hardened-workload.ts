import type { Workload } from "./workload";

/** What a workload is where it does not say otherwise. */
const SAFE = {
  environment: {},
  networks: [],
  publishedPorts: [],
  mounts: [],
  tmpfs: [],
  capabilities: [],
  seccomp: { kind: "default" },
  appArmor: { kind: "default" },
  readOnlyRoot: true,
  restart: "on-failure",
  stopGraceSeconds: 10,
  startTimeoutSeconds: 60,
  accepted: [],
} as const satisfies Partial<Workload>;

type Safe = keyof typeof SAFE;
/** A workload of which only the fields have to be written that have no safe value, and those that differ from it. */
export type WorkloadFields = Omit<Workload, Safe> & Partial<Pick<Workload, Safe>>;

/**
 * A workload whose omitted fields are the safe ones: on no network, with no port, mount, tmpfs, capability or
 * exception; a read-only root; the engine's default seccomp and AppArmor profiles; at most five restarts after
 * failures; 10 s between the stop signal and SIGKILL; 60 s to become healthy.
 */
export const hardenedWorkload = ({ logging: { maxSizeMiB, maxFiles }, ...fields }: WorkloadFields): Workload => ({
  ...SAFE,
  ...fields,
  // Where the lines go from the engine's files is no matter of the container: a change replaces none.
  logging: { maxSizeMiB, maxFiles },
});
