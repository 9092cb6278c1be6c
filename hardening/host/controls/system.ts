/** The host around the engine: disk, clock, updates, users and ssh. */
import { cisDocker } from "../../rules/sources";
import { decide, fail, pass, skip, type HostControl, type HostFinding, type Remedy } from "../control";
import type { HostFacts } from "../facts";

const GIB_IN_KIB = 1_048_576;
/** A part of the disk, and an amount, below which a burst of logs or an image fills it. */
const LEAST_FREE = 0.1;
const LEAST_FREE_KIB = 5 * GIB_IN_KIB;

interface Space {
  readonly total: number;
  readonly free: number;
  readonly device: string;
}

function space(facts: HostFacts, key: string): Space | undefined {
  const [total = "", free = "", device = ""] = (facts.value("disk", key) ?? "").split(" ");
  return total === "" || Number.isNaN(Number(total)) ? undefined : { total: Number(total), free: Number(free), device };
}

function diskFindings(facts: HostFacts): HostFinding[] {
  const [blocks, inodes] = [space(facts, "blocks"), space(facts, "inodes")];
  if (blocks === undefined) return [skip(facts.hidden("disk") ?? "df does not answer")];
  const percent = (part: Space): string => `${Math.floor((100 * part.free) / part.total)} %`;
  const text = `${Math.floor(blocks.free / GIB_IN_KIB)} GiB free, ${percent(blocks)}`;
  return [
    blocks.free / blocks.total < LEAST_FREE || blocks.free < LEAST_FREE_KIB ? fail(text, "space") : pass(text, "space"),
    // Some file systems, such as btrfs, count none.
    ...(inodes === undefined || inodes.total === 0
      ? []
      : [
          inodes.free / inodes.total < LEAST_FREE
            ? fail(`${percent(inodes)} of the inodes are free`, "inodes")
            : pass(`${percent(inodes)} of the inodes are free`, "inodes"),
        ]),
  ];
}

function clockFinding(facts: HostFacts): HostFinding {
  const told = facts.all("clock");
  const good: Readonly<Record<string, (value: string) => boolean>> = {
    timedatectl: (value) => value === "yes",
    chronyc: (value) => value === "Normal",
    ntpq: (value) => value === "yes",
    // STA_UNSYNC of adjtimex(2).
    adjtimex: (value) => (Number(value) & 64) === 0,
  };
  const right = told.find(({ key, value }) => good[key]?.(value) === true);
  if (right !== undefined) return pass(`synchronised, says ${right.key}`);
  if (told.length === 0) return skip("neither timedatectl, chronyc, ntpq nor adjtimex answers here");
  return fail(`not synchronised, say ${told.map(({ key, value }) => `${key} (${value})`).join(", ")}`);
}

function aptFinding(facts: HostFacts): HostFinding {
  const settings = facts.values("updates", "apt");
  const on = (name: string): boolean => settings.some((line) => new RegExp(`${name} "[1-9][0-9]*"`).test(line));
  if (facts.value("updates", "unattended-upgrades") !== "installed")
    return fail("unattended-upgrades is not installed");
  if (!on("Unattended-Upgrade")) return fail("unattended-upgrades is installed, and not on");
  if (!on("Update-Package-Lists")) return fail("unattended-upgrades is on, and package lists are not renewed");
  return pass("unattended-upgrades is on");
}

function updatesFinding(facts: HostFacts): HostFinding {
  if (facts.all("updates").length > 0) return aptFinding(facts);
  const units = facts.all("updates-unit").map(({ key }) => key);
  const itself = units.find((unit) => /^(?:zincati|transactional-update|dnf-automatic-install)/.test(unit));
  if (itself !== undefined) return pass(`${itself} is on`);
  const dnf = units.find((unit) => /^dnf/.test(unit));
  const family = `${facts.os("ID")} ${facts.os("ID_LIKE")}`;
  if (dnf === undefined)
    return /fedora|rhel|centos/.test(family)
      ? fail("dnf-automatic is not on")
      : skip(`nothing is known of the updates of ${facts.os("PRETTY_NAME") || "this system"}`);
  const applies = facts.values("updates-apply").some((value) => /^(?:yes|true|1)$/i.test(value));
  return applies ? pass(`${dnf} installs updates`) : fail(`${dnf} only downloads updates`);
}

function rebootFinding(facts: HostFacts): HostFinding {
  if (facts.value("reboot", "required") !== undefined)
    return fail(`${facts.value("reboot", "required") ?? ""} is there`);
  if (facts.value("reboot", "needs-restarting") === "yes") return fail("needs-restarting asks for it");
  const [running, installed] = [facts.value("system", "kernel") ?? "", facts.value("system", "installed-kernel") ?? ""];
  if (installed === "") return pass("nothing asks for it");
  return running === installed
    ? pass(`the newest kernel that is installed runs (${running})`)
    : fail(`${running} runs, and ${installed} is installed`);
}

type SshJudge = (settings: ReadonlyMap<string, string>) => readonly HostFinding[];

const ssh =
  (judge: SshJudge): ((facts: HostFacts) => readonly HostFinding[]) =>
  (facts) => {
    if (facts.value("sshd-program", "installed") !== "yes") return [pass("there is no sshd")];
    const hidden = facts.hidden("sshd");
    if (hidden !== undefined) return [skip(hidden)];
    const settings = new Map(facts.all("sshd").map(({ key, value }) => [key, value]));
    const matches = Number(facts.value("sshd-program", "match") ?? "0");
    return [
      ...judge(settings),
      ...(matches > 0 ? [decide(`${matches} block(s) Match of sshd_config can say otherwise`, "Match")] : []),
    ];
  };

const keyword = (settings: ReadonlyMap<string, string>, name: string, good: readonly string[]): HostFinding => {
  const value = settings.get(name.toLowerCase()) ?? "not told";
  return good.includes(value) ? pass(value, name) : fail(value, name, sshRemedy(name, good[0] ?? "no"));
};

const sshRemedy = (name: string, value: string): Remedy => {
  const write = `echo '${name} ${value}' | sudo tee /etc/ssh/sshd_config.d/10-${name.toLowerCase()}.conf`;
  return {
    debian: `${write} && sudo systemctl reload ssh`,
    fedora: `${write} && sudo systemctl reload sshd`,
  };
};

const SSH_DOCS = "https://man.openbsd.org/sshd_config";

export const SYSTEM_CONTROLS: readonly HostControl[] = [
  {
    id: "host-ssh-root",
    severity: "high",
    title: "nobody logs in as root by a password",
    why: "root is the name that every attacker tries, and its password is the only thing in the way",
    sources: [cisDocker("1.2.1"), SSH_DOCS],
    judged: "`sshd -T`: PermitRootLogin is no, prohibit-password or forced-commands-only",
    remedy: sshRemedy("PermitRootLogin", "no"),
    looksAt: "host",
    judge: ssh((settings) => [
      keyword(settings, "PermitRootLogin", ["no", "prohibit-password", "without-password", "forced-commands-only"]),
    ]),
  },
  {
    id: "host-ssh-passwords",
    severity: "high",
    title: "logins over ssh need a key",
    why: "passwords are guessed, day and night",
    sources: [cisDocker("1.2.1"), SSH_DOCS],
    judged: "`sshd -T`: PasswordAuthentication, KbdInteractiveAuthentication and PermitEmptyPasswords are no",
    remedy: sshRemedy("PasswordAuthentication", "no"),
    looksAt: "host",
    judge: ssh((settings) =>
      ["PasswordAuthentication", "KbdInteractiveAuthentication", "PermitEmptyPasswords"].map((name) =>
        keyword(settings, name, ["no"]),
      ),
    ),
  },
  {
    id: "host-ssh-limits",
    severity: "low",
    title: "sshd forwards no displays, and takes few attempts",
    why: "each is one more thing that an attacker can use",
    sources: [cisDocker("1.2.1"), SSH_DOCS],
    judged: "`sshd -T`: X11Forwarding is no, MaxAuthTries is at most 4",
    remedy: sshRemedy("MaxAuthTries", "4"),
    looksAt: "host",
    judge: ssh((settings) => [
      keyword(settings, "X11Forwarding", ["no"]),
      keyword(settings, "MaxAuthTries", ["4", "3", "2", "1"]),
    ]),
  },
  {
    id: "host-root-users",
    severity: "high",
    title: "only root has root's number",
    why: "a second user with the number 0 is a door that nobody looks at",
    sources: [cisDocker("1.2.1")],
    judged: "`getent passwd`: users with the number 0",
    remedy: "sudo usermod --non-unique --uid NUMBER USER, or: sudo userdel USER",
    looksAt: "host",
    judge: (facts) => {
      const others = facts.values("users", "root").filter((name) => name !== "root");
      return others.length === 0
        ? [pass("only root")]
        : others.map((name) => fail(`${name} has the number 0, as root has`, name));
    },
  },
  {
    id: "host-updates",
    severity: "medium",
    title: "security updates are installed by themselves",
    why: "a fault of the kernel or of runc that is known is used within days",
    sources: [cisDocker("1.2.1"), "https://wiki.debian.org/UnattendedUpgrades"],
    judged:
      "unattended-upgrades of Debian and Ubuntu, dnf-automatic of Fedora and its kin, zincati, transactional-update",
    remedy: {
      debian: "sudo apt-get install unattended-upgrades && sudo dpkg-reconfigure --priority=low unattended-upgrades",
      fedora:
        "sudo dnf install dnf5-plugin-automatic && printf '[commands]\\napply_updates=yes\\n' | sudo tee " +
        "/etc/dnf/dnf5-plugins/automatic.conf && sudo systemctl enable --now dnf5-automatic.timer",
    },
    looksAt: "host",
    judge: (facts) => [updatesFinding(facts)],
  },
  {
    id: "host-reboot",
    severity: "medium",
    title: "the kernel that runs is the newest that is installed",
    why: "an update of the kernel mends nothing before the host has started with it",
    sources: [cisDocker("1.2.1")],
    judged: "/run/reboot-required, `needs-restarting -r`, /lib/modules",
    remedy: "sudo reboot",
    looksAt: "host",
    judge: (facts) => [rebootFinding(facts)],
  },
  {
    id: "host-disk",
    severity: "medium",
    title: "the engine's disk has room",
    why: "a full disk stops every database, and breaks some",
    sources: [cisDocker("1.2.1"), "docs/operations.md"],
    judged: "`df` of the engine's directory: less than a tenth, or than 5 GiB, fails; inodes alike",
    remedy: "npx rampart clean STACK, then: docker system df",
    looksAt: "host",
    judge: diskFindings,
  },
  {
    id: "host-partition",
    severity: "low",
    title: "the engine's directory has a file system of its own",
    why: "containers that fill it leave the host without logs, logins and updates otherwise",
    sources: [cisDocker("1.1.1")],
    judged: "`df`: another device than that of /",
    remedy: "make a volume and mount it on /var/lib/docker: sudo lvcreate -L 50G -n docker VG, mkfs, /etc/fstab",
    looksAt: "host",
    judge: (facts) => {
      const [own, root] = [space(facts, "blocks"), space(facts, "root")];
      if (own === undefined || root === undefined) return [skip(facts.hidden("disk") ?? "df does not answer")];
      return [own.device === root.device ? fail(`it shares ${own.device} with /`) : pass(`it is on ${own.device}`)];
    },
  },
  {
    id: "host-clock",
    severity: "medium",
    title: "the clock is synchronised",
    why: "certificates, end times of elevations and exceptions, backups and logs count on it",
    sources: [cisDocker("1.2.1")],
    judged: "timedatectl, chronyc, ntpq or adjtimex, whichever is there",
    remedy: {
      debian: "sudo apt-get install systemd-timesyncd && sudo timedatectl set-ntp true",
      fedora: "sudo dnf install chrony && sudo systemctl enable --now chronyd",
    },
    looksAt: "host",
    judge: (facts) => [clockFinding(facts)],
  },
];
