/**
 * Ways out of a container that are known, as of the day below: which versions mend each. Distributions mend older
 * versions without a new number. Where this table does not know what a distribution did, a person has to decide.
 */

/** The day on which each entry was looked up. */
export const ESCAPES_AS_OF = "2026-11-28";

export type Component = "kernel" | "runc" | "containerd" | "engine";

export interface Escape {
  readonly cve: string;
  readonly name: string;
  readonly component: Component;
  /** First versions of the makers with the fix, one a branch, from old to new. */
  readonly fixed: readonly string[];
  /** The first version that has the fault. @default every version before a fix */
  readonly since?: string;
  /** First packages with the fix, by the release's code name in /etc/os-release. */
  readonly packages?: Readonly<Record<string, string>>;
  /** Where nothing can be done with it, and why. @default anybody in a container can try */
  readonly unlessPlugins?: true;
  readonly source: string;
}

const ghsa = (repository: string, id: string): string =>
  `https://github.com/${repository}/security/advisories/GHSA-${id}`;

export const ESCAPES: readonly Escape[] = [
  {
    cve: "CVE-2022-0185",
    name: "heap overflow in fsconfig",
    component: "kernel",
    since: "5.1",
    fixed: ["5.4.173", "5.10.93", "5.15.16", "5.16.2", "5.17"],
    packages: { bullseye: "5.10.92-1" },
    source: "https://www.openwall.com/lists/oss-security/2022/01/18/7",
  },
  {
    cve: "CVE-2022-0492",
    name: "release_agent of cgroup v1",
    component: "kernel",
    fixed: ["4.9.301", "4.14.266", "4.19.229", "5.4.177", "5.10.97", "5.15.20", "5.16.6", "5.17"],
    packages: { bullseye: "5.10.103-1" },
    source: "https://www.openwall.com/lists/oss-security/2022/02/04/1",
  },
  {
    cve: "CVE-2022-0847",
    name: "Dirty Pipe",
    component: "kernel",
    since: "5.8",
    fixed: ["5.10.102", "5.15.25", "5.16.11", "5.17"],
    packages: { bullseye: "5.10.92-2" },
    source: "https://dirtypipe.cm4all.com/",
  },
  {
    cve: "CVE-2024-1086",
    name: "use after free in nf_tables",
    component: "kernel",
    since: "3.15",
    fixed: ["4.19.307", "5.4.269", "5.10.210", "5.15.149", "6.1.76", "6.6.15", "6.7.3", "6.8"],
    packages: { bookworm: "6.1.76-1" },
    source: "https://www.cve.org/CVERecord?id=CVE-2024-1086",
  },
  {
    cve: "CVE-2019-5736",
    name: "a container overwrites runc",
    component: "runc",
    fixed: ["1.0.0-rc7"],
    source: "https://www.openwall.com/lists/oss-security/2019/02/11/2",
  },
  {
    cve: "CVE-2024-21626",
    name: "Leaky Vessels: an open descriptor of the host",
    component: "runc",
    since: "1.0.0-rc93",
    fixed: ["1.1.12"],
    packages: {
      bullseye: "1.0.0~rc93+ds1-5+deb11u3",
      bookworm: "1.1.5+ds1-1+deb12u1",
      focal: "1.1.7-0ubuntu1~20.04.2",
      jammy: "1.1.7-0ubuntu1~22.04.2",
      mantic: "1.1.7-0ubuntu2.2",
    },
    source: ghsa("opencontainers/runc", "xr7r-f8xq-vfvv"),
  },
  {
    cve: "CVE-2025-31133",
    name: "masked paths by a link in place of /dev/null",
    component: "runc",
    fixed: ["1.2.8", "1.3.3", "1.4.0-rc.3"],
    source: ghsa("opencontainers/runc", "9493-h29p-rfm2"),
  },
  {
    cve: "CVE-2025-52565",
    name: "/dev/console by a link in place of /dev/pts",
    component: "runc",
    since: "1.0.0-rc3",
    fixed: ["1.2.8", "1.3.3", "1.4.0-rc.3"],
    source: ghsa("opencontainers/runc", "qw9x-cqr3-wc7r"),
  },
  {
    cve: "CVE-2025-52881",
    name: "writes to /proc that are led elsewhere",
    component: "runc",
    fixed: ["1.2.8", "1.3.3", "1.4.0-rc.3"],
    source: ghsa("opencontainers/runc", "cgrx-mc8f-2prm"),
  },
  {
    cve: "CVE-2020-15257",
    name: "containerd's socket in the host's network namespace",
    component: "containerd",
    fixed: ["1.3.9", "1.4.3"],
    source: ghsa("containerd/containerd", "36xw-fx78-c5r4"),
  },
  {
    cve: "CVE-2024-25621",
    name: "directories that every user of the host can enter",
    component: "containerd",
    fixed: ["1.7.29", "2.0.7", "2.1.5", "2.2.0"],
    packages: { bookworm: "1.6.20~ds1-1+deb12u2" },
    source: ghsa("containerd/containerd", "pwhc-rpq9-4c8w"),
  },
  {
    cve: "CVE-2024-29018",
    name: "internal networks have a way out by DNS",
    component: "engine",
    fixed: ["23.0.11", "25.0.5", "26.0.0-rc3"],
    source: ghsa("moby/moby", "mq39-4gv4-mvpx"),
  },
  {
    cve: "CVE-2024-41110",
    name: "requests without a body pass authorization plugins",
    component: "engine",
    since: "19.03",
    fixed: ["23.0.15", "25.0.6", "26.1.5", "27.1.1"],
    packages: { bookworm: "20.10.24+dfsg1-1+deb12u1" },
    unlessPlugins: true,
    source: ghsa("moby/moby", "v23v-6jw2-98fq"),
  },
  {
    cve: "CVE-2026-34040",
    name: "requests with a large body pass authorization plugins",
    component: "engine",
    fixed: ["29.3.1"],
    unlessPlugins: true,
    source: ghsa("moby/moby", "x744-4wpc-v9h2"),
  },
];
