import {
  CONTAINER_RULES,
  judge,
  type ContainerView,
  type PostureEntry,
  type StackView,
} from "../../../hardening/rules";
import { withLocalEngine } from "../../components/support";
import { API, happyView, withContainer } from "./support";

withLocalEngine();

let view: StackView;
let happy: ContainerView;
beforeAll(async () => {
  view = await happyView();
  const found = view.containers.find(({ resource }) => resource === API);
  if (found === undefined) throw new Error("the happy path has no service");
  happy = found;
});

/** What the rules say of the service, once something is broken; by rule, without what holds. */
function faults(change: Partial<ContainerView>): Record<string, string> {
  const entries = judge(CONTAINER_RULES, withContainer(view, change)).filter(
    ({ resource, status }) => resource === API && (status === "fail" || status === "accepted"),
  );
  return Object.fromEntries(entries.map(({ id, status, message }) => [id, `${status}: ${message}`]));
}

const seccomp = (value: string): string[] => ["no-new-privileges:true", `seccomp=${value}`];
const host = (source: string, readOnly = false): ContainerView["mounts"] => [
  { source, target: "/x", readOnly, host: true },
];

describe("the happy path", () => {
  test("fails nothing, and accepts only what the gateway and the socket proxy name", () => {
    const others = judge(CONTAINER_RULES, view)
      .filter(({ status, id }) => status !== "pass" && id !== "cis-5.2")
      .map(({ id, status, resource }) => `${status} ${id} ${resource}`);
    expect(others).toEqual([
      "accepted cis-5.8 rampart-prod-gateway",
      "accepted cis-5.9 rampart-prod-gateway",
      "accepted cis-5.14 rampart-prod-gateway",
      "accepted cis-5.32 rampart-prod-docker-api-api",
    ]);
  });

  test("is judged by every rule, on every container that runs, and on no carrier", () => {
    const running = view.containers
      .filter(({ runs }) => runs)
      .map(({ resource }) => resource)
      .sort();
    expect(running).toEqual([
      "rampart-prod-api",
      "rampart-prod-backups-backup",
      "rampart-prod-backups-backup-store",
      "rampart-prod-backups-restore-drill",
      "rampart-prod-docker-api-api",
      "rampart-prod-edge",
      "rampart-prod-gateway",
      "rampart-prod-postgres",
      "rampart-prod-redis",
    ]);
    for (const rule of CONTAINER_RULES)
      expect([
        rule.id,
        rule
          .check(view)
          .map(({ resource }) => resource)
          .sort(),
      ]).toEqual([rule.id, running]);
  });

  test("passes with the rule's title as its message", () => {
    expect(judge(CONTAINER_RULES, view)).toContainEqual<PostureEntry>({
      id: "cis-5.5",
      severity: "critical",
      status: "pass",
      resource: API,
      message: "is not privileged",
    });
  });
});

/** Of each rule: what breaks it, and what it then says. */
const BROKEN: readonly (readonly [string, string, () => Partial<ContainerView>])[] = [
  ["cis-4.1", "runs as 0:0", () => ({ user: "0:0" })],
  ["cis-4.1", "runs as root", () => ({ user: "root" })],
  ["cis-4.1", "runs as the image's user, which may be root", () => ({ user: "" })],
  ["cis-4.1", "runs as 00", () => ({ user: "00" })],
  ["cis-5.2", "AppArmor is unconfined", () => ({ securityOpts: [...happy.securityOpts, "apparmor=unconfined"] })],
  ["cis-5.2", "AppArmor is unconfined", () => ({ securityOpts: [...happy.securityOpts, "apparmor:unconfined"] })],
  ["cis-5.4", "does not drop ALL capabilities", () => ({ capabilitiesDropped: ["CAP_MKNOD"] })],
  ["cis-5.4", "adds CAP_CHOWN, CAP_KILL", () => ({ capabilitiesAdded: ["CAP_CHOWN", "CAP_KILL"] })],
  ["cis-5.5", "is privileged", () => ({ privileged: true })],
  ["cis-5.9", "publishes 10.0.0.1:8443", () => ({ ports: [{ ip: "10.0.0.1", external: 8443 }] })],
  ["cis-5.10", "shares the namespaces pid (host)", () => ({ namespaces: { ...happy.namespaces, pid: "host" } })],
  [
    "cis-5.10",
    "shares the namespaces ipc (host), userns (host), uts (host)",
    () => ({ namespaces: { ...happy.namespaces, ipc: "host", userns: "host", uts: "host" } }),
  ],
  [
    "cis-5.10",
    "shares the namespaces network (container:abc)",
    () => ({ namespaces: { ...happy.namespaces, network: "container:abc" } }),
  ],
  ["cis-5.11", "has no memory limit", () => ({ memoryMiB: 0, memorySwapMiB: 0 })],
  ["cis-5.11", "may swap 256 MiB beyond its memory", () => ({ memorySwapMiB: 512 })],
  ["cis-5.12", "has no CPU limit", () => ({ cpus: 0 })],
  ["cis-5.12", "has no CPU limit", () => ({ cpus: Number.NaN })],
  ["cis-5.13", "has a writable root file system", () => ({ readOnlyRoot: false })],
  ["cis-5.15", "restarts always, 0 times", () => ({ restart: { policy: "always", maxRetries: 0 } })],
  ["cis-5.15", "restarts on-failure, 6 times", () => ({ restart: { policy: "on-failure", maxRetries: 6 } })],
  ["cis-5.15", "restarts on-failure, 0 times", () => ({ restart: { policy: "on-failure", maxRetries: 0 } })],
  ["cis-5.18", "lacks a limit on nofile or core", () => ({ ulimits: ["nofile"] })],
  ["cis-5.18", "lacks a limit on nofile or core", () => ({ ulimits: ["core"] })],
  ["cis-5.22", "seccomp is unconfined", () => ({ securityOpts: seccomp("unconfined") })],
  ["cis-5.22", "seccomp is in complain mode", () => ({ securityOpts: seccomp('{"defaultAction":"SCMP_ACT_LOG"}') })],
  ["cis-5.25", "has the cgroup parent /other", () => ({ namespaces: { ...happy.namespaces, cgroupParent: "/other" } })],
  ["cis-5.26", "may gain new privileges", () => ({ securityOpts: [] })],
  ["cis-5.26", "may gain new privileges", () => ({ securityOpts: ["no-new-privileges:false"] })],
  ["cis-5.27", "has no health check", () => ({ healthCheck: [] })],
  ["cis-5.27", "has no health check", () => ({ healthCheck: ["NONE"] })],
  ...[
    ["CMD", "true"],
    ["CMD", "/bin/true"],
    ["CMD-SHELL", "exit 0"],
    ["CMD", "sh", "-c", "echo ok"],
  ].map(
    (healthCheck) =>
      [
        "cis-5.27",
        `has a health check that always passes: ${healthCheck.slice(healthCheck.includes("-c") ? 3 : 1).join(" ")}`,
        () => ({ healthCheck }),
      ] as const,
  ),
  ["cis-5.29", "has no PIDs limit", () => ({ pids: 0 })],
  ["cis-5.29", "has no PIDs limit", () => ({ pids: -1 })],
  ["cis-5.32", "mounts /var/run/docker.sock read-only", () => ({ mounts: host("/var/run/docker.sock", true) })],
  [
    "cis-5.32",
    "mounts /run/containerd/containerd.sock READ-WRITE",
    () => ({ mounts: host("/run/containerd/containerd.sock") }),
  ],
  ["rampart-devices", "has 2 devices of the host", () => ({ devices: 2 })],
  [
    "rampart-host-mount",
    "mounts /srv/a read-only, /srv/b read-write",
    () => ({ mounts: [...host("/srv/a", true), ...host("/srv/b")] }),
  ],
  [
    "rampart-tmpfs-noexec",
    "the tmpfs /tmp is executable, setuid or without a size",
    () => ({ tmpfs: { "/tmp": "rw,exec,nosuid,size=1m" } }),
  ],
  [
    "rampart-tmpfs-noexec",
    "the tmpfs /tmp is executable, setuid or without a size",
    () => ({ tmpfs: { "/tmp": "rw,noexec,suid,size=1m" } }),
  ],
  [
    "rampart-tmpfs-noexec",
    "the tmpfs /a, /b is executable, setuid or without a size",
    () => ({ tmpfs: { "/a": "noexec,size=1m", "/b": "noexec,nosuid", "/c": "noexec,nosuid,size=1m" } }),
  ],
  [
    "rampart-secrets-as-files",
    "has secrets in its environment: JWT_SECRET, TOKEN",
    () => ({
      environment: [
        { name: "JWT_SECRET", secret: true },
        { name: "PORT", secret: false },
        { name: "TOKEN", secret: true },
      ],
    }),
  ],
  ["rampart-log-rotation", "has logs without a bound", () => ({ logOptions: { "max-size": "10m" } })],
  ["rampart-log-rotation", "has logs without a bound", () => ({ logOptions: { "max-file": "3" } })],
  ["rampart-stop-grace", "is killed at once", () => ({ stopGraceSeconds: 0 })],
];

describe("each rule", () => {
  test.each(BROKEN)("%s, and no other, fails where a container %s", (id, message, change) => {
    expect(faults(change())).toEqual({ [id]: `fail: ${message}` });
  });

  test("that a port breaks names the port: published, privileged, on all addresses", () => {
    expect(
      faults({
        ports: [
          { ip: "0.0.0.0", external: 80 },
          { ip: "10.0.0.1", external: 8443 },
        ],
      }),
    ).toEqual({
      "cis-5.8": "fail: publishes 80",
      "cis-5.9": "fail: publishes 0.0.0.0:80, 10.0.0.1:8443",
      "cis-5.14": "fail: listens on all addresses of the host",
    });
    for (const ip of ["", "::"]) expect(faults({ ports: [{ ip, external: 1025 }] })).toHaveProperty(["cis-5.14"]);
    expect(Object.keys(faults({ ports: [{ ip: "10.0.0.1", external: 1024 }] }))).toEqual(["cis-5.8", "cis-5.9"]);
  });

  test("that a system directory breaks tells writing from reading, and near from far", () => {
    expect(faults({ mounts: host("/etc/ssl") })).toEqual({
      "cis-5.6": "fail: mounts /etc/ssl read-write",
      "rampart-host-mount": "fail: mounts /etc/ssl read-write",
    });
    for (const source of ["/", "/etc", "/usr/local"])
      expect(faults({ mounts: host(source) })).toHaveProperty(["cis-5.6"]);
    for (const [source, readOnly] of [
      ["/etc", true],
      ["/etcetera", false],
      ["/srv", false],
    ] as const)
      expect(faults({ mounts: host(source, readOnly) })).not.toHaveProperty(["cis-5.6"]);
  });

  test("holds for what it allows", () => {
    for (const change of [
      { user: "1000" },
      { restart: { policy: "no", maxRetries: 0 } },
      { restart: { policy: "on-failure", maxRetries: 5 } },
      { securityOpts: seccomp("{}") },
      { securityOpts: ["no-new-privileges"] },
      { tmpfs: {} },
      { component: "job", healthCheck: [] },
    ]) {
      expect([change, faults(change)]).toEqual([change, {}]);
    }
  });

  test("is broken by one of the cases above", () => {
    const covered = new Set([...BROKEN.map(([id]) => id), "cis-5.6", "cis-5.8", "cis-5.14"]);
    expect(CONTAINER_RULES.map(({ id }) => id).filter((id) => !covered.has(id))).toEqual([]);
  });
});

describe("an AppArmor profile", () => {
  const verdict = (securityOpts: string[]): PostureEntry | undefined =>
    judge(CONTAINER_RULES, withContainer(view, { securityOpts: [...happy.securityOpts, ...securityOpts] })).find(
      ({ id, resource }) => id === "cis-5.2" && resource === API,
    );

  test("that is declared is not known to be enforced", () => {
    const rest =
      "is declared; whether the engine enforces it, only the engine can tell (docker info, docs/confinement.md)";
    expect(verdict([])).toEqual({
      id: "cis-5.2",
      severity: "medium",
      status: "skip",
      resource: API,
      message: `the engine's docker-default ${rest}`,
    });
    expect(verdict(["apparmor=rampart-api"])).toEqual({
      id: "cis-5.2",
      severity: "medium",
      status: "skip",
      resource: API,
      message: `apparmor=rampart-api ${rest}`,
    });
  });
});

describe("an exception", () => {
  test("turns the failure of its own rule into what is accepted, with the reason", () => {
    expect(faults({ readOnlyRoot: false, accepted: { "cis-5.13": "writes beside its program" } })).toEqual({
      "cis-5.13": "accepted: has a writable root file system: writes beside its program",
    });
    expect(faults({ readOnlyRoot: false, accepted: { "cis-5.12": "another" } })).toEqual({
      "cis-5.13": "fail: has a writable root file system",
    });
  });

  test("says nothing where the rule holds", () => {
    expect(faults({ accepted: { "cis-5.13": "writes beside its program" } })).toEqual({});
  });

  test("does not make a matter of what cannot be told", () => {
    const statuses = judge(
      CONTAINER_RULES,
      withContainer(view, { accepted: { "cis-5.2": "the profile is being written" } }),
    ).filter(({ id, resource }) => id === "cis-5.2" && resource === API);
    expect(statuses.map(({ status }) => status)).toEqual(["skip"]);
  });

  test("of one container does not reach another", () => {
    const both = withContainer(
      withContainer(view, { privileged: true, accepted: { "cis-5.5": "a reason" } }),
      { privileged: true },
      "rampart-prod-redis",
    );
    expect(
      judge(CONTAINER_RULES, both)
        .filter(({ id, status }) => id === "cis-5.5" && status !== "pass")
        .map(({ status, resource }) => `${status} ${resource}`)
        .sort(),
    ).toEqual(["accepted rampart-prod-api", "fail rampart-prod-redis"]);
  });
});
