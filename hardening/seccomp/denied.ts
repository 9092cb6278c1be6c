/**
 * What Rampart's seccomp profiles take away from the engine's default, by group. A name that the engine's default
 * never allows is listed too: the list is the promise that the tests and the documentation hold, whatever a later
 * default profile allows.
 */

import type { SeccompOption } from "../workload";

/** The kinds of program that a profile exists for. */
export type SeccompKind = Extract<SeccompOption, { kind: "profile" }>["profile"];

export interface DeniedGroup {
  readonly id: string;
  readonly why: string;
  readonly kinds: readonly SeccompKind[];
  readonly syscalls: readonly string[];
}

const ALL: readonly SeccompKind[] = ["api", "frontend", "worker"];
const SERVERS: readonly SeccompKind[] = ["api", "frontend"];
const FRONTEND: readonly SeccompKind[] = ["frontend"];

export const DENIED_GROUPS: readonly DeniedGroup[] = [
  {
    id: "other-processes",
    why: "reading or changing another process turns one compromised process into all of the container's",
    kinds: ALL,
    syscalls: [
      "kcmp", "pidfd_getfd", "process_madvise", "process_mrelease", "process_vm_readv", "process_vm_writev", "ptrace",
    ],
  },
  {
    id: "namespaces-and-mounts",
    why: "a user namespace hands out every capability inside it, and with it the kernel code that only root reaches",
    kinds: ALL,
    syscalls: [
      "chroot", "fsconfig", "fsmount", "fsopen", "fspick", "listmount", "listns", "mount", "mount_setattr",
      "move_mount", "open_tree", "open_tree_attr", "pivot_root", "setns", "statmount", "umount", "umount2", "unshare",
    ],
  },
  {
    id: "kernel-attack-surface",
    why: "the interfaces behind most local privilege escalations of recent years; servers have no use for them",
    kinds: ALL,
    syscalls: [
      "bpf", "io_uring_enter", "io_uring_register", "io_uring_setup", "lookup_dcookie", "modify_ldt", "nfsservctl",
      "perf_event_open", "remap_file_pages", "userfaultfd", "vm86", "vm86old",
    ],
  },
  {
    id: "keyrings",
    why: "keyrings are shared between containers that run as the same user",
    kinds: ALL,
    syscalls: ["add_key", "keyctl", "request_key"],
  },
  {
    id: "file-handles",
    why: "opening a file by handle reaches files outside the container; fanotify watches whole file systems",
    kinds: ALL,
    syscalls: ["fanotify_init", "fanotify_mark", "name_to_handle_at", "open_by_handle_at"],
  },
  {
    id: "host-administration",
    why: "belongs to the host: clock, modules, swap, quota, reboot, I/O ports, kernel log, NUMA policy, host name",
    kinds: ALL,
    syscalls: [
      "acct", "clock_settime", "clock_settime64", "create_module", "delete_module", "finit_module",
      "get_kernel_syms", "get_mempolicy", "init_module", "ioperm", "iopl", "kexec_file_load", "kexec_load",
      "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr", "mbind", "migrate_pages", "move_pages",
      "query_module", "quotactl", "quotactl_fd", "reboot", "set_mempolicy", "set_mempolicy_home_node",
      "setdomainname", "sethostname", "settimeofday", "stime", "swapoff", "swapon", "_sysctl", "sysfs", "syslog",
      "uselib", "ustat", "vhangup",
    ],
  },
  {
    id: "multiplexers",
    why: "the 32-bit socketcall and ipc hide what is asked for in memory, where no rule can look",
    kinds: ALL,
    syscalls: ["ipc", "socketcall"],
  },
  {
    id: "clock-adjustment",
    why: "reading the clock's discipline is of no use to a server; a build may ask",
    kinds: SERVERS,
    syscalls: ["adjtimex", "clock_adjtime", "clock_adjtime64"],
  },
  {
    id: "shared-objects",
    why: "a web server for static files shares nothing by System V or POSIX queues (PostgreSQL, PHP and fakeroot do)",
    kinds: FRONTEND,
    syscalls: [
      "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend",
      "mq_timedsend_time64", "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop",
      "semtimedop", "semtimedop_time64", "shmat", "shmctl", "shmdt", "shmget",
    ],
  },
  {
    id: "programs-from-memory",
    why: "with a read-only root and noexec tmpfs, a memory file is the last place to run a dropped program from",
    kinds: FRONTEND,
    syscalls: ["memfd_create", "memfd_secret"],
  },
  {
    id: "device-nodes",
    why: "a web server for static files makes no device nodes or named pipes, and maps no pages into pipes",
    kinds: FRONTEND,
    syscalls: ["mknod", "mknodat", "vmsplice"],
  },
];

/**
 * Names that exist on neither x86_64 nor arm64 but only in a 32-bit (or foreign) ABI, as libseccomp 2.5 resolves them.
 * The profiles leave them out: the text is shorter, and a 32-bit program stands out in complain mode.
 */
export const FOREIGN_ABI_SYSCALLS: readonly string[] = [
  "_llseek", "_newselect", "arm_fadvise64_64", "arm_sync_file_range", "breakpoint", "cacheflush", "chown32",
  "clock_getres_time64", "clock_gettime64", "clock_nanosleep_time64", "fadvise64_64", "fchown32", "fcntl64",
  "fstat64", "fstatat64", "fstatfs64", "ftruncate64", "futex_time64", "getegid32", "geteuid32", "getgid32",
  "getgroups32", "getresgid32", "getresuid32", "getuid32", "io_pgetevents_time64", "lchown32", "lstat64", "mmap2",
  "ppoll_time64", "pselect6_time64", "recv", "recvmmsg_time64", "riscv_flush_icache", "riscv_hwprobe",
  "rt_sigtimedwait_time64", "s390_pci_mmio_read", "s390_pci_mmio_write", "s390_runtime_instr",
  "sched_rr_get_interval_time64", "send", "sendfile64", "set_tls", "setfsgid32", "setfsuid32", "setgid32",
  "setgroups32", "setregid32", "setresgid32", "setresuid32", "setreuid32", "setuid32", "sigprocmask", "sigreturn",
  "stat64", "statfs64", "swapcontext", "sync_file_range2", "timer_gettime64", "timer_settime64",
  "timerfd_gettime64", "timerfd_settime64", "truncate64", "ugetrlimit", "utimensat_time64", "waitpid",
];
