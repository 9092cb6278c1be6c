import { DataVolume, type DataVolumeArgs } from "../../components";
import { configOf, labelsOf, record, surroundings, withLocalEngine, type Recording } from "./support";

withLocalEngine();

const volume = (args: Partial<DataVolumeArgs>): Promise<Recording> =>
  record(
    () =>
      new DataVolume("rampart-dev-data-uploads", surroundings(configOf({})).context, {
        owner: "uploads",
        protect: false,
        shared: false,
        ...args,
      }),
  );

describe("DataVolume", () => {
  test("has the same name in every run, so that its data is found again", async () => {
    const created = (await volume({})).get("Volume rampart-dev-data-uploads");
    expect(created.inputs["name"]).toBe("rampart-dev-data-uploads");
    expect(labelsOf(created)).toEqual({
      "io.rampart.component": "volume",
      "io.rampart.name": "uploads",
      "io.rampart.stack": "dev",
    });
    expect(created).toMatchObject({ parentType: "rampart:volume:DataVolume" });
  });

  test.each([true, false])(
    "protect: %s decides both whether it refuses deletion and whether it outlives a destroy",
    async (protect) => {
      expect((await volume({ protect })).get("Volume rampart-dev-data-uploads")).toMatchObject({
        protect,
        retainOnDelete: protect,
      });
    },
  );

  test("that is not shared has no carrier", async () => {
    expect((await volume({})).ofType("Container")).toEqual([]);
  });

  test("that is shared is filled by a carrier from /tmp: any user may write to it; consumers wait", async () => {
    const recording = await volume({ shared: true });
    expect(recording.inputs("Container rampart-dev-data-uploads-carrier")["volumes"]).toEqual([
      { volumeName: "rampart-dev-data-uploads", containerPath: "/tmp" },
    ]);
    expect(recording.inputs("Container rampart-dev-data-uploads-carrier")).not.toHaveProperty("uploads");
    for (const shared of [true, false]) {
      let ready: unknown;
      await record(() => {
        const created = new DataVolume("v", surroundings(configOf({})).context, { owner: "v", protect: false, shared });
        ready = created.ready === created.volume;
      });
      expect(ready).toBe(!shared);
    }
  });
});
