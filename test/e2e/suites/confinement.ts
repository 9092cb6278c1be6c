import { readFileSync } from "node:fs";
import { cgroupPidsMax, containers, kindOf, LABEL, nameOf, type Container } from "../lib/engine";
import { expect, expectNone, type Check, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";

const SOCKET = /docker\.sock$/;

/** A check of every running container: what is wrong with one, in words. */
function everyContainer(
  name: string,
  faults: (one: Container) => readonly (string | false | undefined)[],
): Check<Context> {
  return {
    name,
    run: async ({ main }) => {
      const running = await containers(main.name);
      expect(running.length >= 8, `only ${running.length} containers run`);
      expectNone(
        running.flatMap((one) =>
          faults(one).flatMap((fault) => (typeof fault === "string" ? [`${nameOf(one)}: ${fault}`] : [])),
        ),
      );
      return `${running.length} containers`;
    },
  };
}

const unless = (holds: boolean, fault: string): string | false => !holds && fault;
const show = (value: unknown): string => JSON.stringify(value) ?? "nothing";

/** The kernel's own view of the container's first process. */
function status(one: Container, field: string): string {
  const line = readFileSync(`/proc/${one.State.Pid}/status`, "utf8")
    .split("\n")
    .find((text) => text.startsWith(`${field}:`));
  return line?.slice(field.length + 1).trim() ?? "";
}

export const confinement: Suite<Context> = {
  name: "confinement",
  stack: "main",
  smoke: true,
  checks: [
    everyContainer("capabilities: ALL dropped, none added, none in the kernel's sets", (one) => [
      unless(one.HostConfig.CapDrop?.includes("ALL") === true, `CapDrop ${show(one.HostConfig.CapDrop)}`),
      unless((one.HostConfig.CapAdd ?? []).length === 0, `CapAdd ${show(one.HostConfig.CapAdd)}`),
      ...["CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"].map((set) =>
        unless(/^0+$/.test(status(one, set)), `${set} ${status(one, set)}`),
      ),
    ]),
    everyContainer("no new privileges, declared and in the kernel", (one) => [
      unless(
        one.HostConfig.SecurityOpt?.some((option) => /^no-new-privileges([:=]true)?$/.test(option)) === true,
        show(one.HostConfig.SecurityOpt),
      ),
      unless(status(one, "NoNewPrivs") === "1", `NoNewPrivs ${status(one, "NoNewPrivs")}`),
    ]),
    everyContainer("a seccomp filter, declared and in the kernel", (one) => [
      unless(
        !(one.HostConfig.SecurityOpt ?? []).some((option) =>
          /^(seccomp|apparmor|systempaths|label)[:=](unconfined|disable)/.test(option),
        ),
        "an unconfined profile",
      ),
      unless(status(one, "Seccomp") === "2", `Seccomp ${status(one, "Seccomp")}`),
    ]),
    everyContainer("a user that is not root, declared and in the kernel", (one) => [
      unless(/^[1-9][0-9]*:[1-9][0-9]*$/.test(one.Config.User), `User ${show(one.Config.User)}`),
      unless(!status(one, "Uid").split(/\s+/).includes("0"), `Uid ${status(one, "Uid")}`),
    ]),
    everyContainer("a read-only root file system", (one) => [
      unless(one.HostConfig.ReadonlyRootfs, "ReadonlyRootfs false"),
    ]),
    everyContainer(
      "not privileged, no devices, no namespaces of the host's or of another container",
      ({ HostConfig: host }) => [
        unless(!host.Privileged, "privileged"),
        unless((host.Devices ?? []).length === 0, `Devices ${show(host.Devices)}`),
        ...(["NetworkMode", "PidMode", "UTSMode", "UsernsMode", "CgroupnsMode"] as const).map((mode) =>
          unless(!/^(host|container:.*)$/.test(host[mode]), `${mode} ${host[mode]}`),
        ),
        unless(host.IpcMode === "private" || host.IpcMode === "none", `IpcMode ${host.IpcMode}`),
      ],
    ),
    everyContainer("memory with no swap, and CPUs", ({ HostConfig: host }) => [
      unless(host.Memory > 0, "no memory limit"),
      unless(host.MemorySwap === host.Memory, `MemorySwap ${host.MemorySwap}, Memory ${host.Memory}`),
      unless(host.NanoCpus > 0, "no CPU limit"),
    ]),
    everyContainer("the PIDs limit of its label, on the engine and in its cgroup", (one) => {
      const wanted = one.Config.Labels[LABEL.pids];
      return [
        unless(Number(wanted) > 0, `the label says ${show(wanted)}`),
        unless(String(one.HostConfig.PidsLimit) === wanted, `PidsLimit ${one.HostConfig.PidsLimit}, label ${wanted}`),
        unless(cgroupPidsMax(one.State.Pid) === wanted, `pids.max ${cgroupPidsMax(one.State.Pid)}, label ${wanted}`),
      ];
    }),
    everyContainer("ulimits for open files and core dumps", ({ HostConfig: { Ulimits } }) => [
      unless(Ulimits?.some(({ Name, Hard }) => Name === "nofile" && Hard > 0) === true, `Ulimits ${show(Ulimits)}`),
      unless(Ulimits?.some(({ Name, Hard }) => Name === "core" && Hard === 0) === true, `Ulimits ${show(Ulimits)}`),
    ]),
    everyContainer("restart on failure, at most five times", ({ HostConfig: { RestartPolicy: policy } }) => [
      unless(
        policy.Name === "on-failure" && policy.MaximumRetryCount >= 1 && policy.MaximumRetryCount <= 5,
        show(policy),
      ),
    ]),
    everyContainer("logs that rotate", ({ HostConfig: { LogConfig: log } }) => [
      unless(
        log.Type === "json-file" && /^\d+m$/.test(log.Config["max-size"] ?? "") && Number(log.Config["max-file"]) > 0,
        show(log),
      ),
    ]),
    everyContainer("tmpfs sized, noexec, nosuid and nodev, in the mount table too", (one) =>
      Object.entries(one.HostConfig.Tmpfs ?? {}).flatMap(([path, options]) => {
        const mounted = readFileSync(`/proc/${one.State.Pid}/mountinfo`, "utf8")
          .split("\n")
          .map((line) => line.split(" "))
          .find((fields) => fields[4] === path.replace(/^\/var\/run/, "/run") || fields[4] === path);
        const flags = (mounted?.[5] ?? "").split(",");
        return [
          unless(
            ["noexec", "nosuid", "nodev"].every((flag) => options.split(",").includes(flag)) &&
              /(^|,)size=\d/.test(options),
            `${path} ${options}`,
          ),
          unless(
            ["noexec", "nosuid", "nodev"].every((flag) => flags.includes(flag)),
            `${path} is mounted ${flags.join(",") || "not at all"}`,
          ),
        ];
      }),
    ),
    everyContainer("a health check, and it says healthy", (one) => [
      unless((one.Config.Healthcheck?.Test.length ?? 0) > 1, "none"),
      unless(one.State.Health?.Status === "healthy", one.State.Health?.Status ?? "no state"),
    ]),
    everyContainer("labels that say whose it is", (one) =>
      [LABEL.component, LABEL.name].map((label) => unless((one.Config.Labels[label] ?? "") !== "", `no ${label}`)),
    ),
    everyContainer("ports published only by the gateway, on 127.0.0.1", (one) => {
      const published = Object.values(one.NetworkSettings.Ports).flatMap((bindings) => bindings ?? []);
      if (kindOf(one) !== "gateway") return [unless(published.length === 0, show(published))];
      return [
        unless(published.length === 2, show(published)),
        ...published.map(({ HostIp }) => unless(HostIp === "127.0.0.1", `on ${HostIp}`)),
      ];
    }),
    everyContainer("host mounts: the socket, read-only, only in the socket proxy", (one) =>
      one.Mounts.filter((mount) => mount.Type !== "volume" && mount.Type !== "tmpfs").map((mount) =>
        unless(
          kindOf(one) === "socket-proxy" && SOCKET.test(mount.Source) && SOCKET.test(mount.Destination) && !mount.RW,
          `${mount.Source} on ${mount.Destination}, ${mount.RW ? "writable" : "read-only"}`,
        ),
      ),
    ),
    {
      name: "carriers and jobs that do not run are confined and unpublished as well",
      run: async ({ main }) => {
        const idle = (await containers(main.name, true)).filter((one) => !one.State.Running);
        expect(idle.length > 0, "there is none");
        expectNone(
          idle.flatMap((one) => [
            ...(one.HostConfig.Privileged ||
            one.HostConfig.CapDrop?.includes("ALL") !== true ||
            (one.HostConfig.CapAdd ?? []).length > 0
              ? [`${nameOf(one)}: capabilities`]
              : []),
            ...(one.HostConfig.SecurityOpt?.some((option) => option.startsWith("no-new-privileges")) === true
              ? []
              : [`${nameOf(one)}: new privileges`]),
            ...(one.Mounts.some((mount) => mount.Type === "bind") ? [`${nameOf(one)}: a host mount`] : []),
            ...(kindOf(one) === "carrier" && one.HostConfig.NetworkMode !== "none"
              ? [`${nameOf(one)}: network ${one.HostConfig.NetworkMode}`]
              : []),
          ]),
        );
        return `${idle.length} containers`;
      },
    },
  ],
};
