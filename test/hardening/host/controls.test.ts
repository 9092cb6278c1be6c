/** Branches of single controls, each from the host on which every control holds. */
import { judgeHost, HOST_CONTROLS } from "../../../hardening/host";
import { host, NOW, told, type Change } from "./support";

const CASES: readonly (readonly [what: string, id: string, change: Change, expected: readonly string[]])[] = [
  [
    "TLS with certificates of clients is fine",
    "host-engine-tcp",
    {
      add: [
        ...["-H", "tcp://192.0.2.1:2376", "--tlsverify", "--tlscacert=/etc/docker/ca.pem"].map(
          (argument) => ["engine-argument", "812", argument] as const,
        ),
      ],
    },
    ["pass tcp://192.0.2.1:2376: clients need a certificate of /etc/docker/ca.pem"],
  ],
  [
    "TLS that asks no certificate of clients is not",
    "host-engine-tcp",
    {
      add: [
        ["engine-argument", "812", "--host=tcp://192.0.2.1:2376"],
        ["engine-argument", "812", "--tls"],
      ],
    },
    [
      "fail tcp://192.0.2.1:2376: TLS, but whoever connects is root: no certificate is asked of clients " +
        "(tlsverify, tlscacert)",
    ],
  ],
  [
    "arguments go before the file",
    "host-userland-proxy",
    { add: [["engine-argument", "812", "--userland-proxy=true"]] },
    ["fail engine: userland-proxy is on"],
  ],
  [
    "a configuration that cannot be read is skipped",
    "host-iptables",
    { add: [["hidden", "engine-config-812", "/etc/docker/daemon.json cannot be read"]] },
    ["skip engine: /etc/docker/daemon.json cannot be read"],
  ],
  [
    "a configuration that is no JSON is skipped",
    "host-iptables",
    { without: ["engine-config 812"], add: [["engine-config", "812", "{"]] },
    ["skip engine: /etc/docker/daemon.json is not valid JSON"],
  ],
  [
    "of two engines the one on the socket counts",
    "host-iptables",
    {
      add: [
        ["engine", "900", "0"],
        ["engine-argument", "900", "dockerd"],
        ["engine-argument", "900", "--host=unix:///run/other.sock"],
        ["engine-argument", "900", "--iptables=false"],
      ],
    },
    ["pass engine: the engine keeps its rules"],
  ],
  [
    "the engine's process may be unseen",
    "host-iptables",
    { without: ["engine 812"] },
    ["skip engine: no process dockerd is seen here"],
  ],
  [
    "a log driver that bounds itself",
    "host-log-limits",
    { add: [["engine-argument", "812", "--log-driver=local"]] },
    ["pass engine: the driver is local"],
  ],
  [
    "a seccomp profile of one's own",
    "host-seccomp",
    { info: { SecurityOptions: ["name=seccomp,profile=/etc/docker/own.json"] } },
    [
      "skip engine: for a person to decide: containers without a profile of their own get /etc/docker/own.json: " +
        "see that it refuses what Docker's refuses",
    ],
  ],
  [
    "no seccomp",
    "host-seccomp",
    { info: { SecurityOptions: [] } },
    ["fail engine: the engine filters no system calls: its kernel, or its build, cannot"],
  ],
  [
    "an engine of a Swarm",
    "host-live-restore",
    { info: { Swarm: { LocalNodeState: "active" }, LiveRestoreEnabled: false } },
    ["skip engine: an engine of a Swarm cannot have it"],
  ],
  [
    "no limits of swap",
    "host-swap-limit",
    { info: { SwapLimit: false }, add: [["swap", "/swap.img", "file"]] },
    ["fail engine: the kernel enforces no limits of swap"],
  ],
  [
    "a rootless engine",
    "host-userns-remap",
    { info: { SecurityOptions: ["name=rootless"] } },
    ["pass engine: the engine runs without root"],
  ],
  [
    "members of the socket's group",
    "host-docker-group",
    {
      without: ["group docker"],
      add: [
        ["group", "docker", "docker:x:988:anna"],
        ["users", "docker", "bob"],
      ],
    },
    [
      "skip anna: for a person to decide: as a member of docker, anna is root on this host",
      "skip bob: for a person to decide: as a member of docker, bob is root on this host",
    ],
  ],
  [
    "a published port where DOCKER-USER has rules",
    "host-published-ports",
    {
      engine: { published: [{ name: "db", ports: "0.0.0.0:5432->5432/tcp" }] },
      add: [["iptables", "DOCKER-USER", "-A DOCKER-USER -i eth0 -j DROP"]],
    },
    ["skip db, port 5432: for a person to decide: published on all addresses, and DOCKER-USER has rules"],
  ],
  [
    "a published port on IPv6 only",
    "host-published-ports",
    { engine: { published: [{ name: "db", ports: "[::]:5432->5432/tcp" }] } },
    [
      "fail db, port 5432: published on all addresses: ufw, firewalld's zones and rules of INPUT do not see it, " +
        "and DOCKER-USER is empty",
    ],
  ],
  [
    "a published port on loopback",
    "host-published-ports",
    { engine: { published: [{ name: "db", ports: "127.0.0.1:5432->5432/tcp, [::1]:5432->5432/tcp" }] } },
    ["pass host: no container publishes a port on all addresses"],
  ],
  [
    "a database that listens on all addresses",
    "host-listeners",
    { add: [["listener", "socket", 'tcp 0.0.0.0:5432 users:(("postgres",pid=9,fd=5))']] },
    ["fail tcp 5432: postgres listens on all addresses, on the port of PostgreSQL"],
  ],
  [
    "nftables that drop",
    "host-firewall",
    {
      without: ["firewall ufw", "iptables INPUT"],
      add: [["nft", "input", "type filter hook input priority filter; policy drop;"]],
    },
    ["pass host: what is not allowed is dropped"],
  ],
  [
    "no firewall",
    "host-firewall",
    {
      without: ["firewall ufw", "iptables INPUT"],
      add: [["nft", "input", "type filter hook input priority filter; policy accept;"]],
    },
    ["fail host: no firewall of the host: INPUT accepts everything, ufw and firewalld are off"],
  ],
  [
    "a host that forwards",
    "host-forward",
    { without: ["iptables FORWARD"], add: [["iptables", "FORWARD", "-P FORWARD ACCEPT"]] },
    ["fail host: the host forwards packets between its networks, those of containers included, to whoever asks"],
  ],
  ["swap under dm-crypt", "host-swap", { add: [["swap", "/dev/dm-1", "encrypted"]] }, ["pass /dev/dm-1: encrypted"]],
  [
    "reverse path filters of interfaces",
    "host-reverse-path",
    {
      without: ["sysctl net.ipv4.conf.all.rp_filter"],
      add: [["sysctl", "net.ipv4.conf.all.rp_filter", "0"]],
    },
    [
      "pass net.ipv4.tcp_syncookies: 1",
      "pass net.ipv4.conf.all.rp_filter: 0, and net.ipv4.conf.default.rp_filter is 2",
    ].reverse(),
  ],
  [
    "what only root sees of sysctls",
    "host-bpf",
    {
      without: ["sysctl net.core.bpf_jit_harden"],
      add: [["hidden", "sysctl-net.core.bpf_jit_harden", "only root sees it"]],
    },
    ["pass kernel.unprivileged_bpf_disabled: 2", "skip net.core.bpf_jit_harden: only root sees it"],
  ],
  [
    "what only root sees of sshd",
    "host-ssh-root",
    { add: [["hidden", "sshd", "only root sees it"]] },
    ["skip host: only root sees it"],
  ],
  [
    "the sticky bit of a rootless engine's socket",
    "host-docker-socket",
    {
      without: ["file /var/run/docker.sock"],
      add: [["file", "/var/run/docker.sock", "root:docker 1660 socket"]],
    },
    ["pass /var/run/docker.sock: root:docker 1660"],
  ],
  [
    "audit that cannot be asked",
    "host-audit",
    { add: [["hidden", "audit", "only root sees it"]] },
    ["skip host: only root sees it"],
  ],
  [
    "updates that are installed and off",
    "host-updates",
    { without: ["updates apt"] },
    ["fail host: unattended-upgrades is installed, and not on"],
  ],
  [
    "updates of a system that is not known",
    "host-updates",
    { without: ["updates apt", "updates unattended-upgrades", "os ID", "os ID_LIKE", "os PRETTY_NAME"] },
    ["skip host: nothing is known of the updates of this system"],
  ],
  [
    "updates of a CoreOS",
    "host-updates",
    {
      without: ["updates apt", "updates unattended-upgrades"],
      add: [["updates-unit", "zincati.service", "enabled"]],
    },
    ["pass host: zincati.service is on"],
  ],
  [
    "a newer kernel that waits",
    "host-reboot",
    { without: ["system installed-kernel"], add: [["system", "installed-kernel", "6.8.0-90-generic"]] },
    ["fail host: 6.8.0-87-generic runs, and 6.8.0-90-generic is installed"],
  ],
  [
    "a clock of adjtimex only",
    "host-clock",
    { without: ["clock timedatectl"], add: [["clock", "adjtimex", "8257"]] },
    ["fail host: not synchronised, say adjtimex (8257)"],
  ],
  [
    "a small disk that is nearly empty",
    "host-disk",
    { without: ["disk blocks", "disk inodes"], add: [["disk", "blocks", "4194304 4000000 /dev/vdb1"]] },
    ["fail space: 3 GiB free, 95 %"],
  ],
  [
    "the makers' runc of before",
    "host-escapes-runc",
    { engine: { version: { Server: { Components: [{ Name: "runc", Version: "1.1.11" }] } } } },
    [
      "pass CVE-2019-5736 (a container overwrites runc): 1.1.11: mended",
      "fail CVE-2024-21626 (Leaky Vessels: an open descriptor of the host): 1.1.11; mended in 1.1.12",
      ...[
        "CVE-2025-31133 (masked paths by a link in place of /dev/null)",
        "CVE-2025-52565 (/dev/console by a link in place of /dev/pts)",
        "CVE-2025-52881 (writes to /proc that are led elsewhere)",
      ].map((name) => `fail ${name}: 1.1.11; mended in 1.2.8, 1.3.3, 1.4.0-rc.3`),
    ],
  ],
  [
    "an engine that does not say its parts",
    "host-escapes-runc",
    { engine: { version: {} } },
    ["skip engine: the engine does not say its version of runc"],
  ],
];

test.each(CASES)("%s (%s)", (_, id, change, expected) => {
  expect(told(host("ubuntu", change), id)).toEqual(expected);
});

describe("controls", () => {
  test("have ids of their own, each with a source", () => {
    const ids = HOST_CONTROLS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(HOST_CONTROLS.filter(({ id, sources }) => !/^host-[a-z-]+$/.test(id) || sources.length === 0)).toEqual([]);
  });
});

describe("an exception of the stack", () => {
  const judgedWith = (rule: string, until: string): readonly string[] =>
    judgeHost(HOST_CONTROLS, {
      facts: host("bad"),
      exceptions: [{ rule, scope: "host", reason: "moved in spring", until }],
      now: NOW,
    })
      .filter(({ id }) => id === rule)
      .map(({ status, evidence }) => `${status} ${evidence}`);

  test("makes a failure accepted, until its day", () => {
    expect(judgedWith("host-icc", "2026-11-28")).toEqual([
      "accepted icc is on: moved in spring (exception until 2026-11-28)",
    ]);
    expect(judgedWith("host-icc", "2026-11-27")).toEqual([
      "fail icc is on; the exception from it has ended on 2026-11-27: moved in spring",
    ]);
  });

  test("never covers a critical control", () => {
    expect(judgedWith("host-engine-tcp", "2027-01-01")).toEqual([
      "fail whoever connects is root on this host: no TLS, no login",
    ]);
  });
});
