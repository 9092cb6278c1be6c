import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { capture } from "../shared/run";

export interface Listener {
  readonly pid: number;
  readonly command: string;
}

const LISTENING = "0A";

/** The process that listens on a TCP port, as far as this user may know; best effort. */
export async function findListener(port: number): Promise<Listener | undefined> {
  if (process.platform === "linux") return listenerFromProc(port);
  if (process.platform === "darwin")
    return parseLsof((await capture("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"], process.env, 10)).stdout);
  return undefined;
}

/** `lsof -F` writes a line a field: `p<pid>`, `c<command>`. */
export function parseLsof(output: string): Listener | undefined {
  const pid = /^p(\d+)$/m.exec(output)?.[1];
  const command = /^c(.+)$/m.exec(output)?.[1];
  return pid === undefined || command === undefined ? undefined : { pid: Number(pid), command };
}

// /proc needs no program that a slim machine might not have.
function listenerFromProc(port: number): Listener | undefined {
  const inodes = new Set(
    ["/proc/net/tcp", "/proc/net/tcp6"]
      .filter((file) => existsSync(file))
      .flatMap((file) => listeningInodes(readFileSync(file, "utf8"), port)),
  );
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (!openFiles(pid).some((target) => inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? ""))) continue;
    return {
      pid: Number(pid),
      command: attempt(() => readFileSync(`/proc/${pid}/comm`, "utf8").trim()) ?? "a process",
    };
  }
  return undefined;
}

/** The sockets that listen on a port, from the table in /proc/net/tcp. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return local?.endsWith(suffix) === true && state === LISTENING && inode !== undefined ? [inode] : [];
  });
}

function openFiles(pid: string): string[] {
  const directory = `/proc/${pid}/fd`;
  return (attempt(() => readdirSync(directory)) ?? []).flatMap(
    (name) => attempt(() => readlinkSync(`${directory}/${name}`)) ?? [],
  );
}

/** Other users' processes are closed to this one, and any may end between two looks. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
