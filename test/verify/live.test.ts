import { judge, CONTAINER_RULES } from "../../hardening/rules";
import { liveContainer } from "../../hardening/rules/live";
import { liveView } from "../../verify/verify";
import { engineFacts } from "../../verify/survey";
import { FACTS, inspected, state, surveyed, type Changes } from "./support";

/** What the rules say of the container once it is changed on the engine; by rule, without what holds. */
function faults(change: Changes, environment: "dev" | "prod" = "prod"): string[] {
  const view = liveView({ ...FACTS, environment }, state(), surveyed({ containers: [inspected(change)] }));
  return judge(CONTAINER_RULES, view)
    .filter(({ status, id }) => status === "fail" && id !== "cis-5.2")
    .map(({ id }) => id);
}

describe("a running container", () => {
  test("that is hardened passes every rule, as its plan does", () => {
    expect(faults({})).toEqual([]);
  });

  test.each<[string, string[], Changes]>([
    ["runs as root", ["cis-4.1"], { Config: { User: "" } }],
    ["has a capability", ["cis-5.4"], { HostConfig: { CapAdd: ["NET_ADMIN"] } }],
    ["drops not all", ["cis-5.4"], { HostConfig: { CapDrop: null } }],
    ["is privileged", ["cis-5.5"], { HostConfig: { Privileged: true } }],
    ["shares the host's network", ["cis-5.10"], { HostConfig: { NetworkMode: "host" } }],
    ["has no memory limit", ["cis-5.11"], { HostConfig: { Memory: 0, MemorySwap: 0 } }],
    ["has no CPU limit", ["cis-5.12"], { HostConfig: { NanoCpus: 0 } }],
    ["has a writable root", ["cis-5.13"], { HostConfig: { ReadonlyRootfs: false } }],
    ["restarts for ever", ["cis-5.15"], { HostConfig: { RestartPolicy: { Name: "always", MaximumRetryCount: 0 } } }],
    ["has no limit on files", ["cis-5.18"], { HostConfig: { Ulimits: null } }],
    ["may gain privileges", ["cis-5.26"], { HostConfig: { SecurityOpt: null } }],
    ["has no seccomp", ["cis-5.22"], { HostConfig: { SecurityOpt: ["no-new-privileges:true", "seccomp=unconfined"] } }],
    ["has no health check", ["cis-5.27"], { Config: { Healthcheck: undefined } }],
    ["has no PIDs limit", ["cis-5.29"], { HostConfig: { PidsLimit: null } }],
    ["has a device", ["rampart-devices"], { HostConfig: { Devices: [{}] } }],
    ["has a scratch space for programs", ["rampart-tmpfs-noexec"], { HostConfig: { Tmpfs: { "/tmp": "rw,exec" } } }],
    ["has logs without a bound", ["rampart-log-rotation"], { HostConfig: { LogConfig: { Config: {} } } }],
    [
      "sees the Docker socket",
      ["cis-5.32"],
      { Mounts: [{ Type: "bind", Source: "/var/run/docker.sock", Destination: "/s", RW: true }] },
    ],
  ])("%s: the rule says so", (_, rules, change) => {
    expect(faults(change)).toEqual(rules);
  });

  test("has a CPU limit by the other of the engine's ways", () => {
    const change = { HostConfig: { NanoCpus: 0, CpuQuota: 50_000, CpuPeriod: 0 } };
    expect(liveContainer(inspected(change), undefined).cpus).toBe(0.5);
    expect(faults(change)).toEqual([]);
  });

  test("cannot accept anything for itself: reasons come from the state", () => {
    const Labels = {
      "io.rampart.accepted.cis-5.5": "because I say so",
      "io.rampart.component": "postgres",
      "io.rampart.name": "postgres",
    };
    expect(faults({ Config: { Labels }, HostConfig: { Privileged: true } })).toEqual(["cis-5.5"]);
  });

  test("has its secret told apart from other variables", () => {
    const change = { Config: { Env: ["A=b", "DATABASE_URL=postgresql://u:hunter2hunter2@h/d", "EMPTY"] } };
    const view = liveContainer(inspected(change), undefined, (value) => value.includes("hunter2hunter2"));
    expect(view.environment).toEqual([
      { name: "A", secret: false },
      { name: "DATABASE_URL", secret: true },
      { name: "EMPTY", secret: false },
    ]);
  });

  test("keeps its name on the engine where the state does not know it", () => {
    expect(liveContainer(inspected(), undefined).resource).toBe("rampart-dev-postgres-06324eb");
  });
});

describe("AppArmor", () => {
  const judged = (environment: "dev" | "prod", appArmor: boolean): string[] =>
    judge(
      CONTAINER_RULES,
      liveView({ ...FACTS, environment }, state(), surveyed({ engine: { version: "", appArmor, seccomp: true } })),
    )
      .filter(({ id }) => id === "cis-5.2")
      .map(({ status, message }) => `${status}: ${message}`);

  test("that the kernel does not enforce fails in production, and is accepted elsewhere", () => {
    const message = "docker-default is declared and not enforced: this engine's kernel has no AppArmor";
    expect(judged("prod", false)).toEqual([`fail: ${message}`]);
    expect(judged("dev", false)).toEqual([`accepted: ${message}, as this is dev`]);
  });

  test("that the kernel enforces passes", () => {
    expect(judged("prod", true)).toEqual(["pass: runs under docker-default"]);
  });

  test("is read from the engine's own list", () => {
    const of = (SecurityOptions: unknown): boolean => engineFacts({ SecurityOptions }).appArmor;
    expect(of(["name=apparmor", "name=seccomp,profile=default"])).toBe(true);
    expect(of(["name=seccomp,profile=apparmor"])).toBe(false);
    expect(of(undefined)).toBe(false);
  });
});
