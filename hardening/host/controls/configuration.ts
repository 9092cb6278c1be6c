/** What only the configuration of the engine's process says: daemon.json and its arguments. */
import { cisDocker } from "../../rules/sources";
import { leaf, tree } from "../../tree";
import { fail, pass, type HostControl, type HostFinding } from "../control";
import { texts, type EngineConfig } from "../engine-config";

const RESTART = "then: sudo systemctl restart docker";
const setting = (text: string): string => `set ${text} in /etc/docker/daemon.json, ${RESTART}`;

/** Drivers that bound what they keep by themselves, or keep nothing on this disk. */
const BOUNDED_DRIVERS = ["local", "journald", "none", "syslog", "fluentd", "gelf", "awslogs", "splunk", "gcplogs"];

function logFinding({ settings }: EngineConfig, inUse: string): HostFinding {
  const driver = leaf(settings["log-driver"]) || inUse || "json-file";
  if (BOUNDED_DRIVERS.includes(driver)) return pass(`the driver is ${driver}`);
  const size = leaf(tree(settings["log-opts"])["max-size"]);
  if (size === "" || size === "-1")
    return fail(`the driver is ${driver} without max-size: a container that says much fills the disk`);
  const files = leaf(tree(settings["log-opts"])["max-file"]) || "1";
  return pass(`the driver is ${driver}, with ${files} file(s) of ${size}`);
}

/** Addresses on which the engine answers over TCP. */
function tcpFindings({ settings }: EngineConfig): HostFinding[] {
  const hosts = texts(settings["hosts"]).filter((host) => /^tcp:\/\//.test(host));
  if (hosts.length === 0) return [pass("the engine listens on its socket only")];
  const verified = settings["tlsverify"] === true && leaf(settings["tlscacert"]) !== "";
  return hosts.map((host) =>
    verified
      ? pass(`clients need a certificate of ${leaf(settings["tlscacert"])}`, host)
      : settings["tls"] === true || settings["tlsverify"] === true
        ? fail("TLS, but whoever connects is root: no certificate is asked of clients (tlsverify, tlscacert)", host)
        : fail("whoever connects is root on this host: no TLS, no login", host),
  );
}

export const CONFIGURATION_CONTROLS: readonly HostControl[] = [
  {
    id: "host-engine-tcp",
    severity: "critical",
    title: "the engine answers on no network without certificates of its clients",
    why: "whoever reaches the port starts a container that owns the host",
    sources: [cisDocker("2.7")],
    judged: "tcp:// under `hosts` or `-H`: without `tlsverify` and `tlscacert` it fails, also on 127.0.0.1",
    remedy:
      "remove tcp:// from hosts in /etc/docker/daemon.json and from -H of docker.service (sudo systemctl edit " +
      "docker), use ssh://user@host instead, then: sudo systemctl restart docker",
    looksAt: "configuration",
    judge: tcpFindings,
  },
  {
    id: "host-iptables",
    severity: "high",
    title: "the engine keeps its own firewall rules",
    why: "without the rules, networks of containers are not apart, and internal networks lead out",
    sources: [cisDocker("2.4")],
    judged: "`iptables` is not false",
    remedy: setting('"iptables": true'),
    looksAt: "configuration",
    settings: { iptables: true },
    judge: ({ settings }) => [
      settings["iptables"] === false ? fail("iptables is false") : pass("the engine keeps its rules"),
    ],
  },
  {
    id: "host-no-new-privileges",
    severity: "medium",
    title: "containers gain no privileges by default",
    why: "a set-uid program in an image makes root of a user",
    sources: [cisDocker("2.14")],
    judged: "`no-new-privileges`. Rampart's own containers have it by themselves",
    remedy: setting('"no-new-privileges": true'),
    looksAt: "configuration",
    settings: { "no-new-privileges": true },
    judge: ({ settings }, facts) => [
      settings["no-new-privileges"] === true || facts.has("no-new-privileges")
        ? pass("no-new-privileges is on")
        : fail("no-new-privileges is off: containers that do not ask for it gain privileges"),
    ],
  },
  {
    id: "host-log-limits",
    severity: "medium",
    title: "logs of containers are bounded by default",
    why: "a container that says much fills the disk that the database stands on",
    sources: ["https://docs.docker.com/engine/logging/drivers/json-file/"],
    judged: "`log-driver` and `log-opts`: json-file needs `max-size`. Rampart's own containers have it by themselves",
    remedy: setting('"log-driver": "json-file", "log-opts": { "max-size": "10m", "max-file": "3" }'),
    looksAt: "configuration",
    settings: { "log-driver": "json-file", "log-opts": { "max-file": "3", "max-size": "10m" } },
    judge: (config, { info }) => [logFinding(config, leaf(info["LoggingDriver"]))],
  },
  {
    id: "host-log-level",
    severity: "low",
    title: "the engine logs what it does",
    why: "after a breach its log says who started what; debug fills the disk, and shows more than it should",
    sources: [cisDocker("2.3")],
    judged: "`log-level` is info, the default, and `debug` is off",
    remedy: setting('"log-level": "info", "debug": false'),
    looksAt: "configuration",
    settings: { debug: false, "log-level": "info" },
    judge: ({ settings }) => {
      const level = leaf(settings["log-level"]) || "info";
      const debug = settings["debug"] === true;
      return [level === "info" && !debug ? pass("info") : fail(debug ? "debug is on" : `the level is ${level}`)];
    },
  },
  {
    id: "host-userland-proxy",
    severity: "low",
    title: "the kernel forwards published ports, and no process of the engine does",
    why: "one process of root's for each port is memory, and one more program that faces the network",
    sources: [cisDocker("2.16")],
    judged: "`userland-proxy` is false. The default is true",
    remedy: setting('"userland-proxy": false'),
    looksAt: "configuration",
    settings: { "userland-proxy": false },
    judge: ({ settings }) => [
      settings["userland-proxy"] === false ? pass("userland-proxy is off") : fail("userland-proxy is on"),
    ],
  },
  {
    id: "host-default-ulimits",
    severity: "low",
    title: "open files of containers are bounded by default",
    why: "one container can otherwise take all open files that the host has",
    sources: [cisDocker("2.8")],
    judged: "`default-ulimits` has nofile. Rampart's own containers have it by themselves",
    remedy: setting('"default-ulimits": { "nofile": { "Name": "nofile", "Soft": 1024, "Hard": 65536 } }'),
    looksAt: "configuration",
    settings: { "default-ulimits": { nofile: { Hard: 65_536, Name: "nofile", Soft: 1024 } } },
    judge: ({ settings }) => {
      const names = Object.keys(tree(settings["default-ulimits"]));
      return [names.includes("nofile") ? pass(`bounded: ${names.join(", ")}`) : fail("open files are not bounded")];
    },
  },
];
