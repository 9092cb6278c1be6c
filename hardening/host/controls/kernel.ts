/** What the kernel lets users and containers do, and see. */
import { cisDocker } from "../../rules/sources";
import { fail, pass, skip, type HostControl, type HostFinding } from "../control";
import type { HostFacts } from "../facts";

const SYSCTL_FILE = "/etc/sysctl.d/90-hardening.conf";
const KERNEL_DOCS = "https://docs.kernel.org/admin-guide/sysctl";

/** One setting: the values that pass, the first of them to be set. */
interface Setting {
  readonly name: string;
  readonly good: readonly string[];
  /** Another setting that does as much for what is made from now on. @default none does */
  readonly or?: string;
  /** What is so where the kernel has no such setting, and what to do. @default it passes */
  readonly missing?: { readonly evidence: string; readonly remedy: string };
}

function settingFinding(facts: HostFacts, { name, good, missing, or = "" }: Setting): HostFinding {
  const hidden = facts.hidden(`sysctl-${name}`);
  if (hidden !== undefined) return skip(hidden, name);
  const value = facts.value("sysctl", name);
  if (value === undefined)
    return missing === undefined ? pass("the kernel has none", name) : fail(missing.evidence, name, missing.remedy);
  if (good.includes(value)) return pass(value, name);
  const other = facts.value("sysctl", or);
  if (other !== undefined && good.includes(other)) return pass(`${value}, and ${or} is ${other}`, name);
  const [best = ""] = good;
  const remedy = `echo '${name} = ${best}' | sudo tee -a ${SYSCTL_FILE} && sudo sysctl -w ${name}=${best}`;
  return fail(`${value}; it has to be ${good.join(" or ")}`, name, remedy);
}

interface SysctlControl {
  readonly id: string;
  readonly severity: HostControl["severity"];
  readonly title: string;
  readonly why: string;
  readonly page: string;
  readonly settings: readonly Setting[];
}

const sysctls = ({ id, severity, title, why, page, settings }: SysctlControl): HostControl => ({
  id,
  severity,
  title,
  why,
  sources: [cisDocker("1.2.1"), `${KERNEL_DOCS}/${page}`],
  judged: settings.map(({ name, good }) => `\`${name}\` is ${good.join(" or ")}`).join(", "),
  remedy: `echo 'NAME = VALUE' | sudo tee -a ${SYSCTL_FILE} && sudo sysctl -w NAME=VALUE`,
  looksAt: "host",
  judge: (facts) => settings.map((setting) => settingFinding(facts, setting)),
});

const YAMA = {
  evidence: "the kernel has no Yama",
  remedy: "boot a kernel with CONFIG_SECURITY_YAMA, as those of Debian, Ubuntu and Fedora have",
};
const OFF = ["0"];
const conf = (family: "ipv4" | "ipv6", name: string): Setting[] =>
  ["all", "default"].map((where) => ({ name: `net.${family}.conf.${where}.${name}`, good: OFF }));

function swapFindings(facts: HostFacts): HostFinding[] {
  const hidden = facts.hidden("swap");
  if (hidden !== undefined) return [skip(hidden)];
  const swaps = facts.all("swap");
  if (swaps.length === 0) return [pass("there is no swap")];
  return swaps.map(({ key, value }) =>
    value === "encrypted" || value === "zram"
      ? pass(value === "zram" ? "in memory" : "encrypted", key)
      : fail(
          `a ${value} in clear: passwords of containers can reach the disk`,
          key,
          `sudo swapoff ${key}, and remove the line of ${key} from /etc/fstab`,
        ),
  );
}

export const KERNEL_CONTROLS: readonly HostControl[] = [
  sysctls({
    id: "host-kernel-addresses",
    severity: "low",
    title: "users and containers do not see the kernel's log and addresses",
    why: "an attack on the kernel needs its addresses",
    page: "kernel.html",
    settings: [
      { name: "kernel.dmesg_restrict", good: ["1"] },
      { name: "kernel.kptr_restrict", good: ["1", "2"] },
      { name: "kernel.randomize_va_space", good: ["2"] },
    ],
  }),
  sysctls({
    id: "host-bpf",
    severity: "medium",
    title: "only root loads BPF programs",
    why: "the verifier of BPF has had many faults, each of which makes root of a user",
    page: "kernel.html",
    settings: [
      { name: "kernel.unprivileged_bpf_disabled", good: ["1", "2"] },
      { name: "net.core.bpf_jit_harden", good: ["2", "1"] },
    ],
  }),
  sysctls({
    id: "host-ptrace",
    severity: "low",
    title: "a process traces only its own children",
    why: "one program of a user reads the passwords of all others otherwise",
    page: "kernel.html",
    settings: [{ name: "kernel.yama.ptrace_scope", good: ["1", "2", "3"], missing: YAMA }],
  }),
  sysctls({
    id: "host-links",
    severity: "low",
    title: "links and files in shared directories lead nobody astray",
    why: "a link in /tmp makes a program of root's write elsewhere; volumes are such directories, too",
    page: "fs.html",
    settings: [
      { name: "fs.protected_hardlinks", good: ["1"] },
      { name: "fs.protected_symlinks", good: ["1"] },
      { name: "fs.protected_fifos", good: ["1", "2"] },
      { name: "fs.protected_regular", good: ["1", "2"] },
      { name: "fs.suid_dumpable", good: ["0", "2"] },
    ],
  }),
  sysctls({
    id: "host-redirects",
    severity: "low",
    title: "nobody on the network changes the host's routes",
    why: "a redirect leads the host's connections through a machine of an attacker",
    page: "net.html",
    settings: [
      ...conf("ipv4", "accept_redirects"),
      ...conf("ipv6", "accept_redirects"),
      ...conf("ipv4", "accept_source_route"),
    ],
  }),
  sysctls({
    id: "host-reverse-path",
    severity: "low",
    title: "packets with a forged address are dropped",
    why: "a packet that says it comes from 127.0.0.1 or from a container is believed otherwise",
    page: "net.html",
    settings: [
      { name: "net.ipv4.conf.all.rp_filter", good: ["1", "2"], or: "net.ipv4.conf.default.rp_filter" },
      { name: "net.ipv4.tcp_syncookies", good: ["1"] },
    ],
  }),
  {
    id: "host-swap",
    severity: "low",
    title: "swap is off, or encrypted",
    why: "what a container holds in memory, secrets included, stays on the disk after it is gone",
    sources: [cisDocker("1.2.1"), "https://docs.docker.com/engine/containers/resource_constraints/"],
    judged: "/proc/swaps: none, zram, or a device under dm-crypt",
    remedy: "sudo swapoff -a, and remove the line of the swap from /etc/fstab",
    looksAt: "host",
    judge: swapFindings,
  },
];
