/**
 * What every recorded profile allows besides what was recorded, each group with its reason. A recording sees one C
 * library, one processor and one kernel; a profile meets others.
 */

export interface MarginGroup {
  readonly id: string;
  readonly why: string;
  readonly syscalls: readonly string[];
}

export const MARGIN: readonly MarginGroup[] = [
  {
    id: "runtime",
    why: "what the container runtime still does between loading the filter and starting the program, and for an exec",
    syscalls: [
      "capget",
      "capset",
      "chdir",
      "close_range",
      "execve",
      "execveat",
      "fchdir",
      "fstatfs",
      "getcwd",
      "getdents64",
      "getgid",
      "getpid",
      "getppid",
      "getuid",
      "prctl",
      "setgid",
      "setgroups",
      "setresgid",
      "setresuid",
      "setsid",
      "setuid",
      "statfs",
    ],
  },
  {
    id: "start",
    why: "what glibc, musl and the Go runtime call while a program starts, on x86_64 and arm64",
    syscalls: [
      "access",
      "arch_prctl",
      "brk",
      "close",
      "exit",
      "exit_group",
      "faccessat",
      "faccessat2",
      "getegid",
      "geteuid",
      "getrandom",
      "getrlimit",
      "gettid",
      "ioctl",
      "madvise",
      "membarrier",
      "mmap",
      "mprotect",
      "mremap",
      "munmap",
      "open",
      "openat",
      "openat2",
      "pread64",
      "prlimit64",
      "read",
      "readlink",
      "readlinkat",
      "readv",
      "rseq",
      "sched_getaffinity",
      "sched_yield",
      "set_robust_list",
      "set_tid_address",
      "sysinfo",
      "uname",
      "write",
      "writev",
    ],
  },
  {
    id: "files",
    why: "the forms that one C library, processor or kernel uses where another uses a different one",
    syscalls: ["fcntl", "fstat", "lseek", "lstat", "newfstatat", "stat", "statx"],
  },
  {
    id: "signals",
    why: "signals, also to the program itself when it aborts",
    syscalls: [
      "kill",
      "restart_syscall",
      "rt_sigaction",
      "rt_sigprocmask",
      "rt_sigreturn",
      "rt_sigsuspend",
      "rt_sigtimedwait",
      "sigaltstack",
      "tgkill",
      "tkill",
    ],
  },
  {
    id: "time",
    why: "clocks and sleeping, which go without the kernel on some machines and through it on others",
    syscalls: ["clock_getres", "clock_gettime", "clock_nanosleep", "gettimeofday", "nanosleep", "time"],
  },
  {
    id: "waiting",
    why: "waiting for descriptors and locks: libraries change between these from one version to the next",
    syscalls: [
      "epoll_create",
      "epoll_create1",
      "epoll_ctl",
      "epoll_pwait",
      "epoll_pwait2",
      "epoll_wait",
      "eventfd2",
      "futex",
      "futex_waitv",
      "poll",
      "ppoll",
      "pselect6",
      "select",
    ],
  },
  {
    id: "sockets",
    why: "a client that runs in the container (psql, redis-cli, curl) asks who is at the other end of its connection",
    syscalls: ["getpeername", "getsockname", "getsockopt"],
  },
  {
    id: "programs",
    why: "health checks and the image's start script run a shell, which starts programs and joins them by pipes",
    syscalls: [
      "clone",
      "dup",
      "dup2",
      "dup3",
      "fork",
      "getpgid",
      "getpgrp",
      "pipe",
      "pipe2",
      "setpgid",
      "umask",
      "vfork",
      "wait4",
      "waitid",
    ],
  },
];

/**
 * Calls that do the same thing: a profile that has one gets all of its row, as the next version of the program or of
 * its library may use another one.
 */
export const SAME_WORK: readonly (readonly string[])[] = [
  ["accept", "accept4"],
  ["chmod", "fchmod", "fchmodat", "fchmodat2"],
  ["chown", "fchown", "fchownat", "lchown"],
  ["copy_file_range", "sendfile", "splice"],
  ["creat", "open", "openat"],
  ["eventfd", "eventfd2"],
  ["fdatasync", "fsync"],
  ["ftruncate", "truncate"],
  ["futimesat", "utime", "utimensat", "utimes"],
  ["getdents", "getdents64"],
  ["inotify_init", "inotify_init1"],
  ["link", "linkat"],
  ["mkdir", "mkdirat"],
  ["mknod", "mknodat"],
  ["preadv", "preadv2", "pwritev", "pwritev2"],
  ["pread64", "pwrite64"],
  ["recvfrom", "recvmsg"],
  ["rename", "renameat", "renameat2"],
  ["rmdir", "unlink", "unlinkat"],
  ["sched_getparam", "sched_getscheduler", "sched_setscheduler"],
  ["sendmsg", "sendto"],
  ["setitimer", "timer_create", "timer_delete", "timer_settime"],
  ["signalfd", "signalfd4"],
  ["symlink", "symlinkat"],
];

/** Calls that were recorded, with the margin, sorted and each once. */
export function withMargin(calls: readonly string[]): readonly string[] {
  const seen = new Set(calls);
  return [
    ...new Set([
      ...calls,
      ...MARGIN.flatMap((group) => group.syscalls),
      ...SAME_WORK.filter((row) => row.some((call) => seen.has(call))).flat(),
    ]),
  ].sort();
}
