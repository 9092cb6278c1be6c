/** What is reached of the host from the network, and whether its firewall sees published ports. */
import { cisDocker } from "../../rules/sources";
import { decide, fail, pass, skip, type HostControl, type HostFinding } from "../control";
import type { HostFacts } from "../facts";

const FIREWALL_DOCS = "https://docs.docker.com/engine/network/packet-filtering-firewalls/";

/** What nobody on a network has to reach, by its port: what opens there has no login, or the data. */
const NEVER: Readonly<Record<string, string>> = {
  "111": "rpcbind",
  "2375": "the Docker API in clear",
  "2379": "etcd",
  "3306": "MySQL",
  "5432": "PostgreSQL",
  "5984": "CouchDB",
  "6379": "Redis",
  "9100": "node_exporter",
  "9200": "Elasticsearch",
  "10250": "the kubelet",
  "11211": "memcached",
  "27017": "MongoDB",
};

/** Ports that are there to be reached by everybody. */
const PUBLIC = new Set(["80", "443"]);

interface Listener {
  readonly protocol: string;
  readonly port: string;
  readonly program: string;
}

/** Addresses that stand for all of the host's. */
const isEvery = (address: string): boolean => ["0.0.0.0", "*", "[::]", "::"].includes(address.replace(/%.*$/, ""));

/** `tcp 0.0.0.0:22 users:(("sshd",pid=1,fd=3))`; IPv4 and IPv6 are told once. */
export function openListeners(facts: HostFacts): readonly Listener[] {
  const found = facts.values("listener", "socket").flatMap((line) => {
    const [protocol = "", local = "", users = ""] = line.split(" ");
    const at = local.lastIndexOf(":");
    if (!isEvery(local.slice(0, at))) return [];
    return [{ protocol, port: local.slice(at + 1), program: /\(\("([^"]+)"/.exec(users)?.[1] ?? "an unknown program" }];
  });
  return found.filter(
    (one, index) => found.findIndex(({ protocol, port }) => protocol === one.protocol && port === one.port) === index,
  );
}

function listenerFindings(facts: HostFacts): HostFinding[] {
  const hidden = facts.hidden("listeners");
  if (hidden !== undefined) return [skip(hidden)];
  const listeners = openListeners(facts).filter(({ program }) => program !== "docker-proxy");
  if (listeners.length === 0) return [pass("nothing but published ports listens on all addresses")];
  return listeners.map(({ protocol, port, program }) => {
    const target = `${protocol} ${port}`;
    const never = protocol === "tcp" ? NEVER[port] : undefined;
    if (never !== undefined)
      return fail(
        `${program} listens on all addresses, on the port of ${never}`,
        target,
        `find it: sudo ss -lntup 'sport = :${port}'; have it listen on 127.0.0.1, or: sudo systemctl disable ` +
          "--now UNIT",
      );
    return decide(`${program} listens on all addresses`, target);
  });
}

/** `0.0.0.0:8080->80/tcp, :::8080->80/tcp, [::]:8080->80/tcp, 127.0.0.1:1->1/tcp` */
const openPorts = (ports: string): string[] => [
  ...new Set([...ports.matchAll(/(?:0\.0\.0\.0|\[?::\]?):(\d+(?:-\d+)?)->/g)].map(([, port = ""]) => port)),
];

/** Whether the chain lets through whatever comes. */
const isEmptyChain = (rules: readonly string[]): boolean =>
  rules.every((rule) => /^-[NP] /.test(rule) || /^-A \S+ -j RETURN$/.test(rule));

function publishedFindings(facts: HostFacts): HostFinding[] {
  const open = (facts.engine.published ?? []).flatMap(({ name, ports }) =>
    openPorts(ports).map((port) => ({ name, port })),
  );
  if (open.length === 0) return [pass("no container publishes a port on all addresses")];
  const hidden = facts.hidden("iptables");
  const rules = facts.values("iptables", "DOCKER-USER");
  return open.map(({ name, port }) => {
    const target = `${name}, port ${port}`;
    if (PUBLIC.has(port)) return pass("published for everybody, as web servers are", target);
    if (hidden !== undefined) return decide(`published on all addresses; DOCKER-USER: ${hidden}`, target);
    if (!isEmptyChain(rules)) return decide("published on all addresses, and DOCKER-USER has rules", target);
    return fail(
      "published on all addresses: ufw, firewalld's zones and rules of INPUT do not see it, and DOCKER-USER is empty",
      target,
      `publish it on one address (127.0.0.1:${port}), or let only your network in: sudo iptables -I DOCKER-USER ` +
        `-i INTERFACE ! -s 192.0.2.0/24 -p tcp -m conntrack --ctorigdstport ${port} -j DROP`,
    );
  });
}

function firewallFinding(facts: HostFacts): HostFinding {
  for (const name of ["ufw", "firewalld"])
    if (["active", "running"].includes(facts.value("firewall", name) ?? "")) return pass(`${name} is on`);
  const hidden = facts.hidden("iptables") ?? facts.hidden("nft");
  const chains = facts.values("nft", "input");
  const input = facts.values("iptables", "INPUT");
  if (chains.some((chain) => /policy drop/.test(chain)) || input.some((rule) => rule === "-P INPUT DROP"))
    return pass("what is not allowed is dropped");
  if (input.some((rule) => /^-A INPUT (?:-j (?:DROP|REJECT)|.*-j REJECT)/.test(rule)))
    return pass("INPUT ends with a rule that refuses");
  if (hidden !== undefined && chains.length === 0 && input.length === 0) return skip(hidden);
  if (chains.some((chain) => !/iptables|ip6tables/.test(chain)) && chains.length > 1)
    return decide("nftables has chains of INPUT whose policy is accept: see that their last rule refuses");
  return fail("no firewall of the host: INPUT accepts everything, ufw and firewalld are off");
}

function forwardFinding(facts: HostFacts): HostFinding {
  if (facts.value("sysctl", "net.ipv4.ip_forward") === "0") return pass("the host forwards nothing");
  const hidden = facts.hidden("iptables");
  const rules = facts.values("iptables", "FORWARD");
  if (rules.includes("-P FORWARD DROP")) return pass("what is not allowed is not forwarded");
  if (hidden !== undefined || rules.length === 0) return skip(hidden ?? "iptables does not answer");
  return fail("the host forwards packets between its networks, those of containers included, to whoever asks");
}

export const NETWORK_CONTROLS: readonly HostControl[] = [
  {
    id: "host-published-ports",
    severity: "high",
    title: "no published port passes the host's firewall unseen",
    why: "Docker's rules come before those of ufw and INPUT: a database that is published is on the internet",
    sources: [cisDocker("5.14"), FIREWALL_DOCS],
    judged:
      "`docker ps` and `iptables -S DOCKER-USER`: a port on all addresses but 80 and 443 fails where DOCKER-USER is " +
      "empty, and is a person's to decide where the chain has rules",
    remedy: "publish the port on one address: 127.0.0.1:PORT:PORT",
    looksAt: "host",
    judge: (facts) =>
      facts.engine.published === undefined
        ? [skip(facts.engine.silent ?? "the engine does not list its containers")]
        : publishedFindings(facts),
  },
  {
    id: "host-listeners",
    severity: "high",
    title: "what listens on all addresses is meant to",
    why: "containers reach it at the address of their network's gateway, and so does everybody on the network",
    sources: [cisDocker("1.2.1"), "docs/threat-model.md"],
    judged:
      "`ss -lntu`: databases and their like fail, everything else is a person's to decide; published ports are not",
    remedy: "have the program listen on 127.0.0.1, or: sudo systemctl disable --now UNIT",
    looksAt: "host",
    judge: listenerFindings,
  },
  {
    id: "host-firewall",
    severity: "medium",
    title: "a firewall guards what listens on the host",
    why: "a program that is installed tomorrow would be reached from everywhere",
    sources: [cisDocker("1.2.1"), FIREWALL_DOCS],
    judged: "ufw or firewalld is on, or INPUT drops by its policy or its last rule",
    remedy: {
      debian: "sudo apt-get install ufw && sudo ufw allow OpenSSH && sudo ufw enable",
      fedora: "sudo dnf install firewalld && sudo systemctl enable --now firewalld",
    },
    looksAt: "host",
    judge: (facts) => [firewallFinding(facts)],
  },
  {
    id: "host-forward",
    severity: "medium",
    title: "the host forwards only what is allowed",
    why: "Docker turns ip_forward on: where FORWARD accepts, a machine beside the host reaches containers' addresses",
    sources: [cisDocker("2.4"), FIREWALL_DOCS],
    judged: "`net.ipv4.ip_forward`, and the policy of FORWARD in `iptables -S`",
    remedy: "sudo iptables -P FORWARD DROP, and see that nothing sets it back; a restart of the engine sets it, too",
    looksAt: "host",
    judge: (facts) => [forwardFinding(facts)],
  },
];
