import { DataVolume, Forwarder } from "../../components";
import { IMAGE_PINS } from "../../config";
import { configOf, labelsOf, networksOf, record, surroundings, withLocalEngine } from "./support";

withLocalEngine();

describe("Forwarder", () => {
  test("listens only on the engine's loopback, and leads to Postgres and nowhere else", async () => {
    const recording = await record(() => {
      const { context, networks } = surroundings(configOf({ database: { forwarderPort: 16_000 } }));
      const before = new DataVolume("before", context, { owner: "postgres", protect: false, shared: false });
      return new Forwarder("rampart-dev-forwarder", context, {
        networks,
        address: "10.20.2.11",
        dependsOn: [before.volume],
      });
    });
    const container = recording.get("Container rampart-dev-forwarder");
    expect(container).toMatchObject({ parentType: "rampart:postgres:Forwarder", deleteBeforeReplace: true });
    expect(container.inputs).toMatchObject({
      image: IMAGE_PINS.socat,
      entrypoints: ["socat"],
      command: ["TCP-LISTEN:5432,fork,reuseaddr,max-children=16", "TCP:postgres:5432"],
      ports: [{ ip: "127.0.0.1", external: 16_000, internal: 5432, protocol: "tcp" }],
      networksAdvanced: [
        { name: "rampart-dev-database-access" },
        { name: "rampart-dev-internal", ipv4Address: "10.20.2.11" },
      ],
      user: "65534:65534",
      readOnly: true,
      volumes: [],
      envs: [],
    });
    expect(Object.keys(networksOf(container))).toEqual(["rampart-dev-database-access", "rampart-dev-internal"]);
    expect(labelsOf(container)).toMatchObject({
      "io.rampart.component": "forwarder",
      "io.rampart.accepted.cis-5.9": expect.stringContaining("rampart:database.access is forwarder") as unknown,
    });
    expect(container.dependsOn).toContain("Volume before");
  });
});
