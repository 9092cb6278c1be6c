import { driftChecks } from "../../verify/drift";
import type { StackState } from "../../verify/state";
import type { Survey } from "../../verify/survey";
import { FACTS, inspected, POSTGRES_ID, state, surveyed, type Changes } from "./support";

/** What does not hold, by control. */
function drift(survey: Survey, known: StackState = state()): string[] {
  return driftChecks(FACTS, known, survey)
    .filter(({ status }) => status !== "pass")
    .map(({ id, status, target, evidence }) => `${status} ${id} ${target}: ${evidence}`);
}
const withContainer = (change: Changes): Survey => surveyed({ containers: [inspected(change)] });
const NAME = "rampart-dev-postgres";

describe("a stack on the engine", () => {
  test("that is as its state says has no drift, and each part is told", () => {
    const checks = driftChecks(FACTS, state(), surveyed());
    expect(checks.map(({ id, status, target }) => [id, status, target])).toEqual([
      ["drift-missing", "pass", NAME],
      ["drift-missing", "pass", "rampart-dev-internal"],
      ["drift-missing", "pass", "rampart-dev-postgres-data"],
      ["drift-unknown", "pass", "dev"],
      ["drift-changed", "pass", NAME],
      ["drift-strangers", "pass", "rampart-dev-internal"],
    ]);
  });

  test.each<[string, Survey, string]>([
    ["a container", surveyed({ containers: [] }), `fail drift-missing ${NAME}: is gone`],
    ["a network", surveyed({ networks: [] }), "fail drift-missing rampart-dev-internal: is gone"],
    ["a volume", surveyed({ volumes: [] }), "fail drift-missing rampart-dev-postgres-data: is gone"],
  ])("lacks %s", (_, survey, told) => {
    expect(drift(survey)).toContain(told);
  });

  test.each<[string, object, string]>([
    ["stopped", { Status: "exited", Running: false, ExitCode: 137 }, "is exited, exit code 137"],
    ["paused", { Status: "paused", Paused: true }, "is paused"],
    ["unhealthy", { Health: { Status: "unhealthy" } }, "is unhealthy"],
  ])("has a container that is %s", (_, State, told) => {
    expect(drift(withContainer({ State }))).toEqual([`fail drift-missing ${NAME}: ${told}`]);
  });

  test.each<[string, Changes, string]>([
    ["its user", { Config: { User: "0:0" } }, "user: declared 70:70, is 0:0"],
    ["its memory", { HostConfig: { Memory: 1_073_741_824 } }, "memory in MiB: declared 512, is 1024"],
    ["its swap", { HostConfig: { MemorySwap: -1048576 } }, "memory and swap in MiB: declared 512, is -1"],
    ["its PIDs limit", { HostConfig: { PidsLimit: null } }, "PIDs limit: declared 256, is 0"],
    ["its CPUs", { HostConfig: { NanoCpus: 0 } }, "CPUs: declared 1, is 0"],
    [
      "its restarts",
      { HostConfig: { RestartPolicy: { Name: "always" } } },
      "restart policy: declared on-failure, 5 times, is always, 0 times",
    ],
    ["a capability", { HostConfig: { CapAdd: ["CAP_SYS_ADMIN"] } }, "added capabilities: declared none, is SYS_ADMIN"],
    ["privileges", { HostConfig: { Privileged: true } }, "privileged mode: declared false, is true"],
    ["its root", { HostConfig: { ReadonlyRootfs: false } }, "read-only root: declared true, is false"],
    [
      "its seccomp profile",
      { HostConfig: { SecurityOpt: ["no-new-privileges:true", "seccomp=unconfined"] } },
      "security options: declared no-new-privileges:true, is no-new-privileges:true, seccomp=unconfined",
    ],
    ["the host's processes", { HostConfig: { PidMode: "host" } }, "PID namespace: declared , is host"],
    ["a device", { HostConfig: { Devices: [{ PathOnHost: "/dev/sda" }] } }, "devices: declared 0, is 1"],
    [
      "a port",
      { HostConfig: { PortBindings: { "5432/tcp": [{ HostIp: "", HostPort: "5432" }] } } },
      "ports: declared none, is :5432",
    ],
    [
      "a network",
      { NetworkSettings: { Networks: { "rampart-dev-internal": {}, bridge: {} } } },
      "networks: declared rampart-dev-internal, is bridge, rampart-dev-internal",
    ],
    ["another image", { Image: "sha256:0000" }, "image: another one"],
  ])("has a container of which somebody changed or gave it %s", (_, change, told) => {
    expect(drift(withContainer(change))).toEqual([`fail drift-changed ${NAME}: ${told}`]);
  });

  test("has a container with a directory of the host that is in no review", () => {
    const Mounts = [{ Type: "bind", Source: "/etc", Destination: "/data", RW: true }];
    expect(drift(withContainer({ Mounts })).join()).toContain("is /etc at /data");
  });

  test("a volume without a name, which an image asks for, is no change", () => {
    const { Mounts: own } = inspected() as { readonly Mounts: readonly object[] };
    const Mounts = [...own, { Type: "volume", Name: "a".repeat(64), Destination: "/var/lib/x", RW: true }];
    expect(drift(withContainer({ Mounts }))).toEqual(drift(withContainer({})));
  });

  test("has a container that poses by the stack's labels", () => {
    const poser = inspected({ Id: "f00", Name: "/newest-edge" });
    expect(drift(surveyed({ containers: [inspected(), poser] }))).toEqual([
      "fail drift-unknown newest-edge: carries the stack's labels, and the state does not know it",
    ]);
  });

  test("has a container that says to be a command's own, which a person has to know of", () => {
    const Labels = { "io.rampart.component": "job", "io.rampart.ephemeral": "true", "io.rampart.stack": "dev" };
    const [told = "", ...rest] = drift(
      surveyed({ containers: [inspected(), inspected({ Id: "f00", Name: "/psql", Config: { Labels } })] }),
    );
    expect(rest).toEqual([]);
    expect(told).toMatch(/^skip drift-unknown psql: says that a command/);
  });

  test("has a stranger on a network", () => {
    const [network] = surveyed().networks;
    const Containers = { [POSTGRES_ID]: { Name: "x" }, f00: { Name: "stranger" } };
    const networks = [{ ...(network as object), Containers }];
    expect(drift(surveyed({ networks }))).toEqual([
      "fail drift-strangers rampart-dev-internal: others are on it: stranger",
    ]);
  });

  test("is not blamed for a carrier, which has no limits", () => {
    const [postgres] = state().resources;
    const labels = [
      { label: "io.rampart.component", value: "carrier" },
      { label: "io.rampart.name", value: "api" },
    ];
    const carrier = { id: "c4", type: postgres?.type ?? "", name: "carrier", inputs: { labels, mustRun: false } };
    const found = inspected({ Id: "c4", HostConfig: { Memory: 0 }, State: { Status: "created", Running: false } });
    const checks = drift(
      surveyed({ containers: [inspected(), found] }),
      state({ resources: [...state().resources, carrier] }),
    );
    expect(checks).toEqual([]);
  });
});
