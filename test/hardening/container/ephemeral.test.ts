import { ephemeralArgs, type EphemeralContainer } from "../../../hardening/container/ephemeral";

const ONE: EphemeralContainer = {
  ...{
    stack: "prod",
    component: "forwarder",
    name: "psql",
    image: "sha256:1",
    user: "70:70",
    network: "shop-internal",
  },
  resources: { memoryMiB: 128, cpus: 0.5, pids: 32 },
  volumes: [
    { name: "v", target: "/v", readOnly: true },
    { name: "w", target: "/w", readOnly: false },
  ],
  tmpfs: [{ path: "/run/rampart", sizeMiB: 1, mode: "0700", uid: 70, gid: 70 }],
  environment: { PGUSER: "app_ro" },
  ...{ entrypoint: "sh", command: ["-c", "true"] },
};

test("a throw-away container is hardened like the stack's own, and is known as what it is", () => {
  expect(ephemeralArgs(ONE, ["--detach"])).toEqual([
    ...[
      "--detach",
      "--rm",
      "--pull",
      "never",
      "--network",
      "shop-internal",
      "--user",
      "70:70",
      "--read-only",
      "--cap-drop",
      "ALL",
    ],
    ...[
      "--security-opt",
      "no-new-privileges:true",
      "--ipc",
      "private",
      "--memory",
      "128m",
      "--memory-swap",
      "128m",
      "--cpus",
      "0.5",
      "--pids-limit",
      "32",
    ],
    ...[
      "--ulimit",
      "core=0:0",
      "--ulimit",
      "nofile=16384:16384",
      "--log-driver",
      "json-file",
      "--log-opt",
      "max-size=10m",
      "--log-opt",
      "max-file=1",
    ],
    ...[
      "--label",
      "io.rampart.component=forwarder",
      "--label",
      "io.rampart.ephemeral=true",
      "--label",
      "io.rampart.name=psql",
      "--label",
      "io.rampart.stack=prod",
    ],
    ...[
      "--env",
      "PGUSER=app_ro",
      "--volume",
      "v:/v:ro,nocopy",
      "--volume",
      "w:/w",
      "--tmpfs",
      "/run/rampart:rw,noexec,nosuid,nodev,size=1m,mode=0700,uid=70,gid=70",
    ],
    ...["--entrypoint", "sh", "sha256:1", "-c", "true"],
  ]);
});

test("a throw-away container is on no network unless one is named", () => {
  const least: EphemeralContainer = {
    stack: "prod",
    component: "forwarder",
    name: "psql",
    image: "sha256:1",
    user: "70:70",
    resources: ONE.resources,
  };
  expect(ephemeralArgs(least).join(" ")).toContain("--network none");
  expect(ephemeralArgs({ ...least, network: "shop-internal" }).join(" ")).toContain("--network shop-internal");
});

test("a throw-away container goes when it ends, unless its exit code is wanted", () => {
  expect(ephemeralArgs(ONE)).toContain("--rm");
  expect(ephemeralArgs({ ...ONE, kept: true })).not.toContain("--rm");
});
