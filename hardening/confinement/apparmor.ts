/**
 * AppArmor profiles as text, modelled on the template of `docker-default` (moby and containerd, Apache-2.0): pure
 * functions. The engine never loads a profile: the host's administrator does (see docs/confinement.md).
 *
 * The text asks for no include and no ABI, so that the parsers of AppArmor 2.13 to 4 read it alike.
 */

import type { SeccompKind } from "./seccomp";
import type { AppArmorOption } from "../container/workload";

/** The same kinds of program as the seccomp profiles. */
export type AppArmorKind = SeccompKind;

export interface AppArmorProfileArgs {
  /** The name under which the kernel knows the profile. */
  readonly name: string;
  readonly kind: AppArmorKind;
  /** Log instead of refuse; the profile keeps its name. Rules that say `deny` are refused (and logged) all the same. */
  readonly complain: boolean;
}

/** The profiles that Rampart ships, by the name that a stack's `appArmor` option uses. */
export const APPARMOR_PROFILES = {
  "rampart-api": "api",
  "rampart-frontend": "frontend",
  "rampart-worker": "worker",
} as const satisfies Readonly<Record<string, AppArmorKind>>;
export type AppArmorProfileName = keyof typeof APPARMOR_PROFILES;

export interface AppArmorFile {
  readonly name: AppArmorProfileName;
  readonly text: string;
}

/** Capabilities that a profile lets through if the container has them at all: never more than the engine's default. */
const CAPABILITIES: Readonly<Record<AppArmorKind, readonly string[]>> = {
  api: ["chown", "dac_override", "fowner", "fsetid", "kill", "net_bind_service", "setgid", "setuid"],
  frontend: ["chown", "dac_override", "net_bind_service", "setgid", "setuid"],
  worker: [
    "chown",
    "dac_override",
    "fowner",
    "fsetid",
    "kill",
    "mknod",
    "net_bind_service",
    "setfcap",
    "setgid",
    "setpcap",
    "setuid",
  ],
};

/**
 * Rules for every kind. `audit`, because a plain deny is silent, and what an intruder tries is worth a line in the log.
 * A kernel file of the list may be read unless `r` is refused too.
 */
const DENY_EVERYWHERE: readonly string[] = [
  "# Kernel crypto by socket, raw packets, and families that containers have no business with.",
  "audit deny network alg,",
  "audit deny network packet,",
  "audit deny network inet raw,",
  "audit deny network inet6 raw,",
  "audit deny network bluetooth,",
  "audit deny network can,",
  "audit deny network rds,",
  "audit deny network tipc,",
  "audit deny network vsock,",
  "",
  "audit deny mount,",
  "audit deny umount,",
  "audit deny pivot_root,",
  "",
  "# Files directly in /proc, and all below it but /proc/<pid> (as docker-default has it).",
  "audit deny /proc/* w,",
  "audit deny /proc/{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9]*}/** w,",
  "audit deny /proc/sys/** w,",
  "audit deny /proc/sysrq-trigger rwklx,",
  "audit deny /proc/{mem,kmem,kcore,kallsyms} rwklx,",
  "audit deny /proc/*/mem wkl,",
  "audit deny /proc/*/task/*/mem wkl,",
  "",
  "audit deny /sys/** wklx,",
  "audit deny /sys/firmware/** rwklx,",
  "audit deny /sys/devices/virtual/powercap/** rwklx,",
  "audit deny /sys/kernel/{debug,security,tracing}/** rwklx,",
  "",
  "audit deny /dev/{mem,kmem,port} rwklx,",
  "# The Docker API is the host's root; a socket proxy, which must reach it, runs under docker-default.",
  "audit deny /{,var/}run/{docker,containerd/containerd,podman/podman}.sock rwklx,",
];

const PROGRAM_FILES_READ_ONLY: readonly string[] = [
  "# Programs and libraries are the image's, even if the root were writable.",
  "audit deny /{bin,boot,lib,lib32,lib64,libx32,sbin}/** wl,",
  "audit deny /usr/{,local/}{bin,lib,lib32,lib64,libexec,libx32,sbin}/** wl,",
];

function rulesOfKind(kind: AppArmorKind): readonly string[] {
  switch (kind) {
    case "api":
      return ["audit deny ptrace,", "", ...PROGRAM_FILES_READ_ONLY];
    case "frontend":
      return [
        "audit deny ptrace,",
        "",
        ...PROGRAM_FILES_READ_ONLY,
        "",
        "# What a visitor made the server write must never run.",
        "audit deny /{dev/shm,run,tmp,var/run,var/tmp}/** x,",
        "audit deny /proc/** w,",
      ];
    case "worker":
      return [
        "# Builds look at their own children (ps, make); nobody attaches to anybody.",
        "audit deny ptrace (trace, tracedby),",
      ];
    default: {
      const unknown: never = kind;
      throw new Error(`appArmor: unknown kind ${JSON.stringify(unknown)}`);
    }
  }
}

/** Capitals would make the file's name and the profile's name differ on some hosts; quotes would end the text early. */
const PROFILE_NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** The text of one profile, for `apparmor_parser`. */
export function appArmorProfile({ name, kind, complain }: AppArmorProfileArgs): string {
  if (!PROFILE_NAME.test(name)) {
    throw new Error(`appArmor: the profile's name is "${name}"; allowed are a-z, 0-9 and "-", starting with a letter`);
  }
  const flags = ["attach_disconnected", "mediate_deleted", ...(complain ? ["complain"] : [])];
  const rules = [
    "network,",
    "file,",
    `capability ${CAPABILITIES[kind].join(" ")},`,
    "",
    "# The host, the runtimes and an engine from a snap stop the container's processes; these signal each other.",
    "signal (receive) peer=unconfined,",
    "signal (receive) peer=runc,",
    "signal (receive) peer=crun,",
    "signal (receive) peer=snap.docker.dockerd,",
    `signal (send, receive) peer=${name},`,
    ...(kind === "worker" ? [`ptrace (read, readby) peer=${name},`] : []),
    "",
    ...DENY_EVERYWHERE,
    "",
    ...rulesOfKind(kind),
  ];
  return [
    `# ${name}: generated by "rampart apparmor"; edits are lost at the next run.`,
    `profile ${name} flags=(${flags.join(",")}) {`,
    ...rules.map((rule) => (rule === "" ? "" : `  ${rule}`)),
    "}",
    "",
  ].join("\n");
}

/** Every profile that Rampart ships, sorted by name. */
export function appArmorFiles(options: { readonly complain: boolean }): readonly AppArmorFile[] {
  return (Object.keys(APPARMOR_PROFILES) as AppArmorProfileName[]).sort().map((name) => ({
    name,
    text: appArmorProfile({ name, kind: APPARMOR_PROFILES[name], complain: options.complain }),
  }));
}

/**
 * The engine's security options for a workload's AppArmor. None for `default`: on a host with AppArmor the engine then
 * applies `docker-default` by itself, which is what CIS 5.2 asks for, and on one without it there is nothing to name.
 */
export function appArmorSecurityOpt(option: AppArmorOption): string[] {
  switch (option.kind) {
    case "default":
      return [];
    case "profile":
      return [`apparmor=${option.profile}`];
    case "unconfined":
      return ["apparmor=unconfined"];
    default: {
      const unknown: never = option;
      throw new Error(`appArmor: unknown option ${JSON.stringify(unknown)}`);
    }
  }
}
