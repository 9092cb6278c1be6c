/** What `docker info` says of the engine. */
import { cisDocker } from "../../rules/sources";
import { leaf, tree, type Tree } from "../../tree";
import { decide, fail, kernelArgument, pass, skip, type HostControl, type HostFinding } from "../control";
import { texts } from "../engine-config";
import type { HostFacts } from "../facts";

/** A user's systemd has to be given the controllers, on a host with cgroup v2. */
const DELEGATION =
  "sudo mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' | " +
  "sudo tee /etc/systemd/system/user@.service.d/delegate.conf && sudo systemctl daemon-reload && sudo reboot";

const DOCKER_DOCS = "https://docs.docker.com/engine";

/** What `docker info` has to say with true. */
const limits = (info: Tree, names: Readonly<Record<string, string>>): HostFinding[] =>
  Object.entries(names).map(([name, what]) =>
    info[name] === true
      ? pass(`${what} are enforced`, what)
      : fail(`the kernel enforces no limits of ${what}: a container with a limit goes beyond it`, what),
  );

function seccompFinding(facts: HostFacts): HostFinding {
  const option = facts.securityOptions.find((one) => one.split(",")[0] === "name=seccomp");
  if (option === undefined) return fail("the engine filters no system calls: its kernel, or its build, cannot");
  const profile = /profile=([^,]*)/.exec(option)?.[1] ?? "default";
  if (profile === "unconfined") return fail("the engine's default profile is unconfined");
  return ["default", "builtin"].includes(profile)
    ? pass("containers without a profile of their own get Docker's")
    : decide(`containers without a profile of their own get ${profile}: see that it refuses what Docker's refuses`);
}

function insecureRegistries(info: Tree): HostFinding[] {
  const config = tree(info["RegistryConfig"]);
  const hosts = Object.entries(tree(config["IndexConfigs"]))
    .filter(([, index]) => tree(index)["Secure"] === false)
    .map(([name]) => name);
  // The engine trusts its own loopback by itself.
  const networks = texts(config["InsecureRegistryCIDRs"]).filter((cidr) => !["127.0.0.0/8", "::1/128"].includes(cidr));
  const far = [...hosts.filter((host) => !/^(?:localhost|127\.|\[::1\])/.test(host)), ...networks];
  return far.length === 0
    ? [pass("registries beyond this host are asked over TLS")]
    : far.map((name) => fail(`${name} is asked without TLS, or whatever its certificate says`, name));
}

export const ENGINE_CONTROLS: readonly HostControl[] = [
  {
    id: "host-seccomp",
    severity: "high",
    title: "the engine filters system calls",
    why: "a container without a profile reaches every part of the kernel, with its faults",
    sources: [cisDocker("2.17"), cisDocker("5.22")],
    judged:
      "`docker info`, security options: no seccomp and `unconfined` fail; a profile of your own is yours to judge",
    remedy: "remove seccomp-profile from /etc/docker/daemon.json, then: sudo systemctl restart docker",
    looksAt: "engine",
    judge: (facts) => [seccompFinding(facts)],
  },
  {
    id: "host-mandatory-access",
    severity: "medium",
    title: "AppArmor or SELinux confines containers",
    why: "who breaks out of a namespace is root on the host, and only these policies stand in the way",
    sources: [cisDocker("5.2"), "docs/confinement.md"],
    judged: "`docker info`, security options; the evidence names what the kernel has",
    remedy: {
      debian:
        "sudo apt-get install apparmor && sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&apparmor=1 security=apparmor /' " +
        "/etc/default/grub && sudo update-grub && sudo reboot",
      fedora: 'set "selinux-enabled": true in /etc/docker/daemon.json, then: sudo systemctl restart docker',
    },
    looksAt: "engine",
    judge: (facts) => {
      const lsm = facts.value("system", "lsm");
      const kernel = lsm === undefined ? "" : `; the kernel has ${lsm}`;
      const found = ["apparmor", "selinux"].filter((name) => facts.has(name));
      if (found.length > 0) return [pass(`the engine uses ${found.join(" and ")}${kernel}`)];
      return [fail(`the engine uses neither AppArmor nor SELinux${kernel}`)];
    },
  },
  {
    id: "host-limits",
    severity: "high",
    title: "the kernel enforces limits of memory, CPU and processes",
    why: "limits that are declared and not enforced let one container stop the whole host",
    sources: [cisDocker("5.11"), cisDocker("5.12"), cisDocker("5.29")],
    judged: "`docker info`: MemoryLimit, CpuCfsQuota and PidsLimit",
    remedy: kernelArgument("cgroup_enable=memory"),
    looksAt: "engine",
    judge: (facts) =>
      limits(facts.info, { MemoryLimit: "memory", CpuCfsQuota: "CPU time", PidsLimit: "processes" }).map((finding) =>
        finding.status === "fail" && facts.has("rootless") ? { ...finding, remedy: DELEGATION } : finding,
      ),
  },
  {
    id: "host-swap-limit",
    severity: "low",
    title: "the kernel enforces limits of swap",
    why: "a container beyond its memory then fills the swap of all, and the host crawls",
    sources: [`${DOCKER_DOCS}/containers/resource_constraints/`],
    judged: "`docker info`: SwapLimit; a host without swap passes",
    remedy: kernelArgument("swapaccount=1"),
    looksAt: "engine",
    judge: (facts) => {
      if (facts.info["SwapLimit"] === true) return [pass("limits of swap are enforced")];
      if (facts.value("swaps", "read") === "yes" && facts.all("swap").length === 0)
        return [pass("the host has no swap")];
      return [fail("the kernel enforces no limits of swap")];
    },
  },
  {
    id: "host-cgroup-version",
    severity: "medium",
    title: "control groups are version 2",
    why: "version 1 has release_agent, a known way out of containers (CVE-2022-0492), and runc drops its support",
    sources: [`${DOCKER_DOCS}/security/rootless/`, "https://docs.kernel.org/admin-guide/cgroup-v2.html"],
    judged: "`docker info`: CgroupVersion",
    remedy: kernelArgument("systemd.unified_cgroup_hierarchy=1"),
    looksAt: "engine",
    judge: ({ info }) => {
      const version = leaf(info["CgroupVersion"]);
      return [version === "2" ? pass("version 2") : fail(`version ${version === "" ? "1" : version}`)];
    },
  },
  {
    id: "host-storage-driver",
    severity: "medium",
    title: "the storage driver is one that is maintained",
    why: "aufs and devicemapper are out of maintenance, and devicemapper over loop files loses data",
    sources: [cisDocker("2.6"), `${DOCKER_DOCS}/storage/drivers/select-storage-driver/`],
    judged: "`docker info`: overlay2, overlayfs, btrfs, zfs and fuse-overlayfs pass",
    remedy:
      'save your volumes, set "storage-driver": "overlay2" in /etc/docker/daemon.json, then: sudo systemctl ' +
      "restart docker",
    looksAt: "engine",
    judge: ({ info }) => {
      const driver = leaf(info["Driver"]);
      const good = ["overlay2", "overlayfs", "btrfs", "zfs", "fuse-overlayfs", "windowsfilter"].includes(driver);
      return [good ? pass(driver) : fail(`the driver is ${driver}`)];
    },
  },
  {
    id: "host-insecure-registries",
    severity: "medium",
    title: "registries are asked over TLS",
    why: "whoever is on the way changes the image, or reads the login",
    sources: [cisDocker("2.5"), "docs/registries.md"],
    judged: "`docker info`: insecure registries that are not on the host itself",
    remedy: "remove it from insecure-registries in /etc/docker/daemon.json, then: sudo systemctl reload docker",
    looksAt: "engine",
    judge: ({ info }) => insecureRegistries(info),
  },
  {
    id: "host-experimental",
    severity: "low",
    title: "the engine has no experimental features on",
    why: "they change without notice, and are tried less",
    sources: [cisDocker("2.18")],
    judged: "`docker info`: ExperimentalBuild. Up to Docker 26, `edge.ipv6` needs them on (ip6tables)",
    remedy: "remove experimental from /etc/docker/daemon.json, then: sudo systemctl restart docker",
    looksAt: "engine",
    judge: ({ info }) => [
      info["ExperimentalBuild"] === true ? fail("experimental features are on") : pass("experimental features are off"),
    ],
  },
  {
    id: "host-live-restore",
    severity: "low",
    title: "containers go on while the engine restarts",
    why: "each security update of the engine stops every container otherwise, so that updates are put off",
    sources: [cisDocker("2.15")],
    judged: "`docker info`: LiveRestoreEnabled. Swarm does not allow it, and is skipped",
    remedy: 'set "live-restore": true in /etc/docker/daemon.json, then: sudo systemctl reload docker',
    settings: { "live-restore": true },
    looksAt: "engine",
    judge: ({ info }) => {
      if (leaf(tree(info["Swarm"])["LocalNodeState"]) === "active")
        return [skip("an engine of a Swarm cannot have it")];
      return [info["LiveRestoreEnabled"] === true ? pass("live-restore is on") : fail("live-restore is off")];
    },
  },
  {
    id: "host-userns-remap",
    severity: "medium",
    title: "root of a container is nobody on the host",
    why: "who breaks out of a container as root is then root of the host",
    sources: [cisDocker("2.9"), cisDocker("2.1"), "docs/doctor.md"],
    judged: "`docker info`, security options: userns (userns-remap) or rootless",
    remedy:
      "read docs/doctor.md first: the engine starts without its images, volumes and containers. Then set " +
      '"userns-remap": "default" in /etc/docker/daemon.json, and: sudo systemctl restart docker',
    looksAt: "engine",
    judge: (facts) => {
      if (facts.has("rootless")) return [pass("the engine runs without root")];
      if (facts.has("userns")) return [pass("userns-remap is on")];
      return [fail("root of a container that has not given up the user is root of the host")];
    },
  },
  {
    id: "host-icc",
    severity: "low",
    title: "containers on the default bridge do not reach one another",
    why: "whatever is started without a network stands there, beside all others",
    sources: [cisDocker("2.2")],
    judged: "`docker network inspect bridge`. Rampart's own containers never use the default bridge",
    remedy: 'set "icc": false in /etc/docker/daemon.json, then: sudo systemctl restart docker',
    settings: { icc: false },
    looksAt: "engine",
    judge: ({ engine: { bridge } }) => {
      if (bridge === undefined) return [pass("there is no default bridge")];
      const icc = leaf(tree(bridge["Options"])["com.docker.network.bridge.enable_icc"]);
      return [icc === "false" ? pass("icc is off") : fail("icc is on")];
    },
  },
];
