import * as pulumi from "@pulumi/pulumi";
import { createContainer, type ContainerOptions } from "../../resources/container";
import {
  configOf,
  DIGEST,
  record,
  recordPlain,
  surroundings,
  withLocalEngine,
  type Recording,
} from "../components/support";
import { WORKLOAD } from "../hardening/container/workload";

withLocalEngine();

function build(lifecycle: ContainerOptions["lifecycle"], extra: Partial<ContainerOptions> = {}): unknown {
  const { context, networks } = surroundings(configOf({}));
  const parent = new pulumi.ComponentResource("test:index:Parent", "parent");
  return createContainer(context, "rampart-dev-api", WORKLOAD, {
    networks,
    volumes: { data: "vol" },
    parent,
    lifecycle,
    ...extra,
  });
}

const container = (
  lifecycle: ContainerOptions["lifecycle"],
  extra: Partial<ContainerOptions> = {},
): Promise<Recording> => record(() => build(lifecycle, extra));

describe("createContainer", () => {
  test.each([
    ["replace", false],
    ["exclusive", true],
    ["job", false],
  ] as const)("%s: the old container goes first: %s", async (lifecycle, deleteBeforeReplace) => {
    const created = (await container(lifecycle)).get("Container rampart-dev-api");
    expect(created).toMatchObject({
      deleteBeforeReplace,
      replaceOnChanges: ["#initerror", "healthcheck", "init", "tmpfs"],
      parent: "parent",
      protect: false,
      retainOnDelete: false,
    });
    expect(created.inputs["start"]).toBe(lifecycle === "job" ? false : undefined);
    expect(created.inputs["mustRun"]).toBe(lifecycle === "job" ? false : undefined);
  });

  test("runs the id of the pinned image, pulled once, on networks by the engine's names", async () => {
    const recording = await container("replace");
    expect(recording.ofType("RemoteImage").map(({ inputs }) => inputs["name"])).toEqual([`app:1@${DIGEST}`]);
    expect(recording.inputs("Container rampart-dev-api")).toMatchObject({
      image: `app:1@${DIGEST}`,
      networksAdvanced: [{ name: "rampart-dev-internal" }],
    });
    expect(recording.inputs("Container rampart-dev-api")).not.toHaveProperty("name");
  });

  test("binds the hooks of every container that runs", async () => {
    expect((await container("exclusive")).get("Container rampart-dev-api").hooks).toEqual({
      beforeCreate: ["rampart-dev-container-leftovers"],
      afterCreate: ["rampart-dev-pids-limit"],
    });
    expect((await container("replace")).get("RandomId rampart-dev-api-healthy")).toMatchObject({
      inputs: { keepers: { container: "rampart-dev-api-id", name: "api" } },
      dependsOn: ["Container rampart-dev-api"],
      hooks: { beforeCreate: ["rampart-dev-api-healthy"] },
    });
    expect((await container("job")).names).not.toContain("RandomId rampart-dev-api-healthy");
  });

  test("works under Pulumi's own mocks, which know no hooks", async () => {
    const recorded = await recordPlain(() => build("replace"));
    expect(recorded.find(({ name }) => name === "rampart-dev-api")?.inputs).toMatchObject({
      image: `app:1@${DIGEST}`,
      user: "1000:1000",
    });
  });
});
