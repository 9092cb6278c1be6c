/** Capabilities as the kernel numbers them. Source: linux, include/uapi/linux/capability.h */
const NAMES = [
  ...["CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP"],
  ...["LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER"],
  ...["SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE"],
  ...["SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP"],
  ...["MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF"],
  ...["CHECKPOINT_RESTORE"],
];

/** The names in a set of the kernel's, such as `00000000a80425fb`; a number where this list has no name. */
export function capabilitiesIn(hexadecimal: string): string[] {
  const set = BigInt(`0x${/^[0-9a-f]+$/i.test(hexadecimal) ? hexadecimal : "0"}`);
  return Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => ((set >> BigInt(bit)) & 1n) === 1n)
    .map((bit) => NAMES[bit] ?? String(bit));
}
