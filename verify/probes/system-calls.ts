/** What a process cannot do to the kernel that is confined as a service is. */
import { liveContainer, nameOf } from "../../hardening/rules/live";
import { type Tree } from "../../hardening/tree";
import type { Finding } from "../check";
import type { Confinement, Stage } from "../stage";
import { judgeFaults, lasting } from "./kernel";
import type { Probe } from "./probe";

/** By BusyBox, as root of a container that ends with the probe; what would work changes nothing outside of it. */
const TRIES = {
  mount: "mount -t tmpfs none /tmp",
  "unshare a user namespace": "unshare -U true",
  "unshare a mount namespace": "unshare -m true",
  chroot: "chroot / true",
  "enter a namespace": "nsenter -t 1 -n true",
  "make a device": "mknod /dev/shm/rampart-verify c 1 3",
  "set the host name": "hostname rampart-verify",
} as const;

export type Try = keyof typeof TRIES;

/** Prints a line for each: its number, the exit code, and what BusyBox said. */
export const TRY_EACH = Object.values(TRIES)
  .map((line, index) => `out=$(busybox ${line} 2>&1); echo "${index} $? $(echo "$out" | tr '\\n' ' ')"`)
  .join("\n");

/** The kernel's own words show that it was asked: EPERM, or EACCES of AppArmor. */
const REFUSED = /operation not permitted|permission denied/i;

export interface Tries {
  readonly done: readonly Try[];
  readonly refused: readonly Try[];
  /** What this BusyBox or kernel has not got. */
  readonly unknown: readonly Try[];
}

export function triesOf(stdout: string): Tries {
  const lines = new Map(
    stdout.split("\n").flatMap((line): [number, { code: number; text: string }][] => {
      const [, index, code, text = ""] = /^(\d+) (\d+) (.*)$/.exec(line) ?? [];
      return index === undefined ? [] : [[Number(index), { code: Number(code), text }]];
    }),
  );
  const names = Object.keys(TRIES) as Try[];
  const kind = (_: Try, index: number): keyof Tries => {
    const line = lines.get(index);
    if (line === undefined) return "unknown";
    return line.code === 0 ? "done" : REFUSED.test(line.text) ? "refused" : "unknown";
  };
  const of = (wanted: keyof Tries): Try[] => names.filter((name, index) => kind(name, index) === wanted);
  return { done: of("done"), refused: of("refused"), unknown: of("unknown") };
}

/** Containers with the same profiles and capabilities are tried once. */
interface Group {
  readonly confinement: Confinement;
  readonly members: readonly Tree[];
}

function groups(stage: Stage): readonly Group[] {
  const found = new Map<string, { confinement: Confinement; members: Tree[] }>();
  for (const one of lasting(stage)) {
    const { privileged, securityOpts, capabilitiesAdded } = liveContainer(one, undefined);
    // Nothing of this holds there, which the rules and the kernel's own files say.
    if (privileged) continue;
    const confinement = { securityOpts, capabilities: capabilitiesAdded };
    const key = JSON.stringify(confinement);
    const group = found.get(key) ?? { confinement, members: [] };
    group.members.push(one);
    found.set(key, group);
  }
  return [...found.values()];
}

async function tryGroup(stage: Stage, { confinement, members }: Group): Promise<Finding> {
  const target = members.map(nameOf).sort().join(", ");
  const { stdout } = await (await stage.like(confinement)).run(TRY_EACH);
  const { done, refused, unknown } = triesOf(stdout);
  const accepted = members.map(({ Id }) => stage.declared(String(Id))?.accepted ?? {});
  const faults = done.map((what) => ({ rule: "cis-5.22", what: `can ${what}` }));
  const shared = accepted.every((one) => one["cis-5.22"] !== undefined) ? (accepted[0] ?? {}) : {};
  const found = judgeFaults(target, faults, shared);
  if (found !== undefined) return found;
  return refused.length === 0
    ? { status: "skip", target, evidence: `not told: BusyBox could try none of it: ${unknown.join(", ")}` }
    : { status: "pass", target, evidence: `the kernel refuses: ${refused.join(", ")}` };
}

export const systemCalls: Probe = {
  id: "probe-system-calls",
  title: "the kernel refuses what leads out of a container",
  severity: "high",
  why: "mounts and namespaces are how most breakouts begin",
  run: (stage) => Promise.all(groups(stage).map((group) => tryGroup(stage, group))),
};
