/** What the kernel says of a container's first process. */
import { fileText } from "../../hardening/files";

const STATUS = "/proc/1/status";
const MOUNTS = "/proc/1/mountinfo";
/** As read-inside.sh reads them: of cgroups v2 and v1. */
const MEMORY = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
const PIDS = ["/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"];
const WRITTEN = "write";

/** For the container itself, which needs `sh` and `head`. */
export const readInsideScript = (): string => fileText(__dirname, "read-inside.sh");
/** For another container in its PID namespace: its cgroup is not seen from there. */
export const READ_BESIDE = `head -n 9999 ${STATUS} ${MOUNTS}`;

export interface MountPoint {
  readonly path: string;
  readonly kind: string;
  readonly options: readonly string[];
}

export interface Reading {
  /** By name, such as `Seccomp`. */
  readonly status: Readonly<Record<string, string>>;
  readonly mounts: readonly MountPoint[];
  /** Bytes, or Infinity. Undefined where it was not read. */
  readonly memory: number | undefined;
  readonly pids: number | undefined;
  /** What came of an attempt to write to the root. Undefined where it was not tried. */
  readonly write: "written" | "read-only" | "refused" | undefined;
}

/** @param text what read-inside.sh or READ_BESIDE printed; undefined if it holds no status */
export function readingOf(text: string): Reading | undefined {
  const parts = new Map(
    text.split(/^==> /m).flatMap((part): [string, string][] => {
      const end = part.indexOf(" <==\n");
      return end < 0 ? [] : [[part.slice(0, end), part.slice(end + 5).trimEnd()]];
    }),
  );
  const status = parts.get(STATUS);
  if (status === undefined) return undefined;
  const write = parts.get(WRITTEN);
  return {
    status: Object.fromEntries(
      status.split("\n").flatMap((line): [string, string][] => {
        const [name, value] = line.split(":\t");
        return name === undefined || value === undefined ? [] : [[name, value.trim()]];
      }),
    ),
    mounts: (parts.get(MOUNTS) ?? "")
      .split("\n")
      .filter((line) => line !== "")
      .map(mountOf),
    memory: limit(MEMORY.map((file) => parts.get(file))),
    pids: limit(PIDS.map((file) => parts.get(file))),
    write: write === undefined ? undefined : outcome(write),
  };
}

const outcome = (text: string): Reading["write"] =>
  text.includes("written") ? "written" : /read-only file system/i.test(text) ? "read-only" : "refused";

/** The largest figure that cgroups v1 has stands for no limit. */
const UNLIMITED = 2 ** 62;

function limit(found: readonly (string | undefined)[]): number | undefined {
  const text = found.find((one) => one !== undefined);
  if (text === undefined) return undefined;
  const figure = text === "max" ? Infinity : Number(text);
  return figure > UNLIMITED ? Infinity : figure;
}

/** A line of proc_pid_mountinfo(5): what is mounted is read-only where the mount or its file system is. */
function mountOf(line: string): MountPoint {
  const [before = "", after = ""] = line.split(" - ");
  const fields = before.split(" ");
  const [kind = "", , superOptions = ""] = after.split(" ");
  const options = (fields[5] ?? "").split(",");
  return {
    path: (fields[4] ?? "").replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    kind,
    options: superOptions.split(",").includes("ro") ? [...options.filter((one) => one !== "rw"), "ro"] : options,
  };
}
