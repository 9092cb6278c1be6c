/** Whole hosts, recorded or composed. */
import { HOST_CONTROLS } from "../../../hardening/host";
import { host, judged, notHeld } from "./support";

test("every control holds on a host that is looked after", () => {
  expect(notHeld(host("ubuntu"))).toEqual([]);
  expect([...new Set(judged(host("ubuntu")).map(({ id }) => id))]).toEqual(HOST_CONTROLS.map(({ id }) => id));
});

test("Debian 12", () => {
  expect(notHeld(host("debian12"))).toMatchInlineSnapshot(`
[
  "skip host-escapes-runc CVE-2025-31133 (masked paths by a link in place of /dev/null)",
  "skip host-escapes-runc CVE-2025-52565 (/dev/console by a link in place of /dev/pts)",
  "skip host-escapes-runc CVE-2025-52881 (writes to /proc that are led elsewhere)",
  "skip host-escapes-engine CVE-2024-29018 (internal networks have a way out by DNS)",
  "fail host-no-new-privileges engine",
  "fail host-log-limits engine",
  "fail host-userland-proxy engine",
  "fail host-default-ulimits engine",
  "fail host-mandatory-access engine",
  "fail host-cgroup-version engine",
  "fail host-live-restore engine",
  "fail host-userns-remap engine",
  "fail host-icc engine",
  "fail host-audit host",
  "skip host-listeners tcp 2024",
  "fail host-firewall host",
  "fail host-kernel-addresses kernel.kptr_restrict",
  "fail host-bpf net.core.bpf_jit_harden",
  "fail host-ptrace kernel.yama.ptrace_scope",
  "fail host-links fs.protected_symlinks",
  "fail host-links fs.protected_fifos",
  "fail host-links fs.protected_regular",
  "fail host-redirects net.ipv4.conf.default.accept_redirects",
  "fail host-redirects net.ipv6.conf.all.accept_redirects",
  "fail host-redirects net.ipv6.conf.default.accept_redirects",
  "fail host-redirects net.ipv4.conf.default.accept_source_route",
  "fail host-reverse-path net.ipv4.conf.all.rp_filter",
  "fail host-updates host",
  "fail host-partition host",
  "skip host-clock host",
]
`);
});

test("Fedora", () => {
  expect(notHeld(host("fedora"))).toMatchInlineSnapshot(`
[
  "skip host-escapes-runc CVE-2025-31133 (masked paths by a link in place of /dev/null)",
  "skip host-escapes-runc CVE-2025-52565 (/dev/console by a link in place of /dev/pts)",
  "skip host-escapes-runc CVE-2025-52881 (writes to /proc that are led elsewhere)",
  "skip host-escapes-containerd CVE-2024-25621 (directories that every user of the host can enter)",
  "fail host-no-new-privileges engine",
  "fail host-userland-proxy engine",
  "fail host-userns-remap engine",
  "fail host-icc engine",
  "skip host-docker-group anna",
  "fail host-audit /etc/docker",
  "fail host-audit /run/containerd/containerd.sock",
  "fail host-audit /etc/sysconfig/docker",
  "fail host-audit /var/lib/docker",
  "fail host-audit /usr/lib/systemd/system/docker.service",
  "skip host-listeners tcp 9090",
  "skip host-listeners tcp 22",
  "skip host-ssh-root Match",
  "fail host-ssh-passwords PasswordAuthentication",
  "skip host-ssh-passwords Match",
  "fail host-ssh-limits X11Forwarding",
  "fail host-ssh-limits MaxAuthTries",
  "skip host-ssh-limits Match",
  "fail host-updates host",
  "fail host-reboot host",
  "fail host-partition host",
]
`);
});

test("a rootless engine, examined by its user", () => {
  expect(notHeld(host("rootless"))).toMatchInlineSnapshot(`
[
  "skip host-escapes-runc CVE-2025-31133 (masked paths by a link in place of /dev/null)",
  "skip host-escapes-runc CVE-2025-52565 (/dev/console by a link in place of /dev/pts)",
  "skip host-escapes-runc CVE-2025-52881 (writes to /proc that are led elsewhere)",
  "skip host-escapes-containerd CVE-2024-25621 (directories that every user of the host can enter)",
  "fail host-no-new-privileges engine",
  "fail host-log-limits engine",
  "fail host-userland-proxy engine",
  "fail host-default-ulimits engine",
  "fail host-mandatory-access engine",
  "fail host-limits memory",
  "fail host-limits CPU time",
  "fail host-limits processes",
  "fail host-cgroup-version engine",
  "fail host-live-restore engine",
  "fail host-icc engine",
  "fail host-audit host",
  "skip host-firewall host",
  "skip host-forward host",
  "fail host-kernel-addresses kernel.kptr_restrict",
  "fail host-ptrace kernel.yama.ptrace_scope",
  "fail host-links fs.protected_symlinks",
  "fail host-links fs.protected_fifos",
  "fail host-links fs.protected_regular",
  "fail host-redirects net.ipv4.conf.default.accept_redirects",
  "fail host-redirects net.ipv6.conf.all.accept_redirects",
  "fail host-redirects net.ipv6.conf.default.accept_redirects",
  "fail host-redirects net.ipv4.conf.default.accept_source_route",
  "fail host-reverse-path net.ipv4.conf.all.rp_filter",
  "fail host-updates host",
  "fail host-partition host",
  "skip host-clock host",
]
`);
});

test("on a Mac only the engine in Docker Desktop's machine is judged, and the host is skipped with the reason", () => {
  const checks = judged(host("macos"));
  const skipped = checks.filter(({ status }) => status === "skip");
  expect([...new Set(skipped.map(({ evidence }) => evidence))]).toEqual([
    "the engine runs in the virtual machine of Docker Desktop",
  ]);
  expect(checks.filter(({ id }) => id === "host-seccomp").map(({ status }) => status)).toEqual(["fail"]);
});

describe("on a host that nobody looks after", () => {
  const failures = judged(host("bad")).filter(({ status }) => status === "fail");

  test("every control fails but those that leave it to a person", () => {
    const failing = new Set(failures.map(({ id }) => id));
    expect(HOST_CONTROLS.map(({ id }) => id).filter((id) => !failing.has(id))).toEqual([
      "host-escapes-containerd",
      "host-escapes-engine",
      "host-docker-group",
    ]);
  });

  test("the evidence says what was seen", () => {
    expect(failures.map(({ id, target, evidence }) => `${id}, ${target}: ${evidence}`)).toMatchSnapshot();
  });

  test("each failure names what mends it, and files and settings have the very command", () => {
    expect(failures.filter(({ remedy = "" }) => remedy === "")).toEqual([]);
    expect(failures.filter(({ remedy = "" }) => /\bFILE\b|NAME = VALUE/.test(remedy))).toEqual([]);
    const remedies = failures.map(({ target, remedy = "" }) => `${target}: ${remedy}`);
    expect(remedies).toEqual(
      expect.arrayContaining([
        "/etc/docker/daemon.json: sudo chown root:root /etc/docker/daemon.json && " +
          "sudo chmod 644 /etc/docker/daemon.json",
        "/etc/docker/key.pem: sudo chmod 400 /etc/docker/key.pem",
        "/dev/sda2: sudo swapoff /dev/sda2, and remove the line of /dev/sda2 from /etc/fstab",
        "kernel.dmesg_restrict: echo 'kernel.dmesg_restrict = 1' | sudo tee -a /etc/sysctl.d/90-hardening.conf && " +
          "sudo sysctl -w kernel.dmesg_restrict=1",
      ]),
    );
  });
});

test("inside a container nothing of the host is believed", () => {
  const facts = host("ubuntu", {
    without: ["engine 812"],
    add: [["system", "inside", "/.dockerenv"]],
  });
  expect(facts.unseen).toBe("this is a container (/.dockerenv): the engine's host is not seen from it");
  expect(judged(facts).find(({ id }) => id === "host-ssh-root")?.status).toBe("skip");
});

test("an engine that does not answer is skipped, and the host is judged all the same", () => {
  const checks = judged(
    host("ubuntu", { without: ["said info"], engine: { silent: "the engine does not answer: permission denied" } }),
  );
  expect(checks.find(({ id }) => id === "host-ssh-root")?.status).toBe("pass");
  expect(checks.find(({ id }) => id === "host-escapes-kernel")?.status).toBe("pass");
  expect(checks.find(({ id }) => id === "host-escapes-runc")).toMatchObject({
    status: "skip",
    evidence: "the engine does not answer: permission denied",
  });
});

test("a command is that of the host's own family of distributions, and of the packages that it has", () => {
  const remedies = (name: "bad" | "fedora"): readonly string[] =>
    judged(host(name)).flatMap(({ id, remedy = "" }) => (remedy === "" ? [] : [`${id}: ${remedy}`]));
  expect(remedies("fedora")).toEqual(
    expect.arrayContaining([
      "host-ssh-passwords: echo 'PasswordAuthentication no' | sudo tee " +
        "/etc/ssh/sshd_config.d/10-passwordauthentication.conf && sudo systemctl reload sshd",
    ]),
  );
  expect(remedies("fedora").filter((remedy) => /apt-get|update-grub/.test(remedy))).toEqual([]);
  expect(remedies("bad")).toContain(
    "host-escapes-runc: sudo apt-get update && sudo apt-get install --only-upgrade runc",
  );
  expect(remedies("bad").filter((remedy) => /dnf|grubby/.test(remedy))).toEqual([]);
});
