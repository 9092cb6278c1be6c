/** Whether what the kernel says of a container is what was declared. */
import type { ContainerView } from "../../hardening/rules";
import { capabilitiesIn } from "./capabilities";
import type { MountPoint, Reading } from "./reading";

const MIB = 1_048_576;

/** What was declared of a container, as far as the kernel has a say in it. */
export type DeclaredConfinement = Pick<
  ContainerView,
  "capabilitiesAdded" | "memoryMiB" | "pids" | "mounts" | "tmpfs" | "accepted"
>;

/** Something that does not hold. */
export interface KernelFault {
  /** The rule of the posture by which a stack can accept it. */
  readonly rule: string;
  readonly what: string;
}

const CAPABILITY_SETS = ["CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb"];

/** Every fault, with the rules by which one may be accepted. */
export function kernelFaults(declared: DeclaredConfinement, reading: Reading): KernelFault[] {
  const { status } = reading;
  const faults: [rule: string, holds: boolean, what: string][] = [
    ["cis-5.22", status["Seccomp"] === "2", `no system call is filtered (Seccomp ${status["Seccomp"] ?? "unknown"})`],
    ["cis-5.26", status["NoNewPrivs"] === "1", "it may gain new privileges (NoNewPrivs 0)"],
    ["cis-4.1", !(status["Uid"] ?? "0").split("\t").includes("0"), "it runs as root"],
    ...capabilityFaults(declared, status),
    ["cis-5.13", isReadOnly(reading.mounts), "its root is mounted writable"],
    ["cis-5.13", reading.write !== "written", "a file could be written to its root"],
    ...executable(declared, reading.mounts).map((path): [string, boolean, string] => [
      "rampart-tmpfs-noexec",
      false,
      `${path} can be written, and executed from`,
    ]),
    [
      "cis-5.11",
      within(reading.memory, declared.memoryMiB * MIB),
      `its memory limit is ${told(reading.memory, MIB)} MiB`,
    ],
    ["cis-5.29", within(reading.pids, declared.pids), `its PIDs limit is ${told(reading.pids, 1)}`],
  ];
  return faults.filter(([, holds]) => !holds).map(([rule, , what]) => ({ rule, what }));
}

function capabilityFaults(
  { capabilitiesAdded }: DeclaredConfinement,
  status: Reading["status"],
): [string, boolean, string][] {
  const declared = capabilitiesAdded.map((name) => name.replace(/^CAP_/, ""));
  const others = new Set(
    CAPABILITY_SETS.flatMap((set) => capabilitiesIn(status[set] ?? "").filter((name) => !declared.includes(name))),
  );
  return [
    ["cis-5.4", others.size === 0, `it has capabilities that are not declared: ${[...others].sort().join(", ")}`],
  ];
}

const isReadOnly = (mounts: readonly MountPoint[]): boolean =>
  mounts.findLast(({ path }) => path === "/")?.options.includes("ro") === true;

/**
 * What the engine mounts into every container: devices, and files below /proc that are a device. Only root could write
 * to the directory /dev.
 */
const ENGINE_OWN = /^\/(?:dev|proc)(?:\/|$)/;

function executable({ mounts: declared }: DeclaredConfinement, mounts: readonly MountPoint[]): string[] {
  const volumes = declared.filter(({ readOnly }) => !readOnly).map(({ target }) => target);
  return mounts
    .filter(
      ({ path, options }) =>
        path !== "/" &&
        !ENGINE_OWN.test(path) &&
        !options.includes("ro") &&
        !options.includes("noexec") &&
        !volumes.includes(path),
    )
    .map(({ path }) => path);
}

/** What was not read says nothing. */
const within = (figure: number | undefined, declared: number): boolean => figure === undefined || figure === declared;
const told = (figure: number | undefined, unit: number): string =>
  figure === Infinity ? "none" : String((figure ?? 0) / unit);

/** For a person, where all holds. */
export function confinementText({ status, memory, pids, write }: Reading): string {
  const capabilities = capabilitiesIn(status["CapBnd"] ?? "");
  return [
    `uid ${(status["Uid"] ?? "").split("\t")[0] ?? ""}`,
    "system calls are filtered",
    "no new privileges",
    capabilities.length === 0 ? "no capability" : `only ${capabilities.join(", ")}`,
    "a read-only root",
    ...(memory === undefined ? [] : [`${memory / MIB} MiB`]),
    ...(pids === undefined ? ["its cgroup cannot be read without a shell"] : [`${pids} PIDs`]),
    ...(write === "read-only" ? ["a write to / is refused"] : []),
  ].join(", ");
}
