import * as pulumi from "@pulumi/pulumi";
import { createCarrier, MountedFiles, type MountedFilesArgs } from "../../components";
import { IMAGE_PINS } from "../../config";
import { configOf, labelsOf, record, recordPlain, surroundings, withLocalEngine, type Recording } from "./support";

withLocalEngine();

const files = (args: Partial<MountedFilesArgs>): Promise<Recording> =>
  record(() => {
    const { context } = surroundings(configOf({}));
    return new MountedFiles("rampart-dev-api-files", context, { owner: "api", files: {}, ...args });
  });

const volumeName = (recording: Recording): unknown => recording.inputs("Volume rampart-dev-api-files")["name"];

describe("MountedFiles", () => {
  test("writes secret files through a carrier that never shows them", async () => {
    const recording = await files({
      files: {
        jwt: { content: "in-clear-1234" },
        "b.pem": { content: pulumi.secret("in-clear-5678"), permissions: "0440" },
      },
    });
    expect(JSON.stringify(recording.resources)).not.toContain("in-clear");
    expect(recording.inputs("Container rampart-dev-api-files-carrier")["uploads"]).toEqual([
      { content: "[secret]", file: "/files/b.pem", permissions: "0440" },
      { content: "[secret]", file: "/files/jwt", permissions: "0444" },
    ]);
  });

  test("writes other files in clear, as a reviewer reads them", async () => {
    const recording = await files({ secret: false, files: { "a.conf": { content: "x = 1" } } });
    expect(recording.inputs("Container rampart-dev-api-files-carrier")["uploads"]).toEqual([
      { content: "x = 1", file: "/files/a.conf", permissions: "0444" },
    ]);
  });

  test("names the volume by its contents: a change of any replaces it, the new one first", async () => {
    const one = await files({ secret: false, files: { a: { content: "1" }, b: { content: "2" } } });
    expect(volumeName(one)).toMatch(/^rampart-dev-api-files-[0-9a-f]{12}$/);
    expect(volumeName(await files({ secret: false, files: { b: { content: "2" }, a: { content: "1" } } }))).toBe(
      volumeName(one),
    );
    for (const changed of [
      { a: { content: "1" }, b: { content: "3" } },
      { a: { content: "1" } },
      { a: { content: "12" }, b: { content: "" } },
      { a: { content: "1" }, b: { content: "2", permissions: "0400" } },
    ]) {
      expect(volumeName(await files({ secret: false, files: changed }))).not.toBe(volumeName(one));
    }
    expect(one.get("Volume rampart-dev-api-files")).toMatchObject({
      deleteBeforeReplace: false,
      protect: false,
      retainOnDelete: false,
    });
    expect(one.get("Container rampart-dev-api-files-carrier")).toMatchObject({
      deleteBeforeReplace: false,
      parentType: "rampart:files:MountedFiles",
    });
  });

  test("keys the name of a volume of secrets, which is no secret itself", async () => {
    const contents = { files: { a: { content: "1" } } };
    const [keyed, plain] = [await files(contents), await files({ ...contents, secret: false })];
    expect(volumeName(keyed)).toMatch(/^rampart-dev-api-files-[0-9a-f]{12}$/);
    expect(volumeName(keyed)).not.toBe(volumeName(plain));
    expect(keyed.waitsFor("Volume rampart-dev-api-files", "RandomPassword rampart-dev-secrets-salt")).toBe(true);
    expect(plain.waitsFor("Volume rampart-dev-api-files", "RandomPassword rampart-dev-secrets-salt")).toBe(false);
  });

  test("works under Pulumi's own mocks, too", async () => {
    const recorded = await recordPlain(
      () =>
        new MountedFiles("files", surroundings(configOf({})).context, { owner: "api", files: { a: { content: "1" } } }),
    );
    expect(recorded.find(({ name }) => name === "files-carrier")?.inputs["uploads"]).toEqual(
      expect.objectContaining({ value: [{ content: "1", file: "/files/a", permissions: "0444" }] }),
    );
  });
});

describe("createCarrier", () => {
  test("makes a container that never starts, is on no network and holds no right", async () => {
    const recording = await record(() =>
      createCarrier(
        "rampart-dev-x",
        surroundings(configOf({})).context,
        { owner: "api", volumeName: "vol", mountPath: "/tmp", extraLabels: [{ label: "a.first", value: "1" }] },
        {},
      ),
    );
    const carrier = recording.get("Container rampart-dev-x-carrier");
    expect(carrier.inputs).toEqual({
      image: IMAGE_PINS.traefik,
      start: false,
      mustRun: false,
      restart: "no",
      networkMode: "none",
      user: "65534:65534",
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      logDriver: "none",
      envs: [],
      volumes: [{ volumeName: "vol", containerPath: "/tmp" }],
      labels: [
        { label: "a.first", value: "1" },
        { label: "io.rampart.component", value: "carrier" },
        { label: "io.rampart.name", value: "api" },
        { label: "io.rampart.stack", value: "dev" },
      ],
    });
    // No limit of processes to set: nothing runs in it.
    expect(carrier.hooks).toEqual({ beforeCreate: ["rampart-dev-carrier-leftovers"] });
    expect(labelsOf(carrier)["io.rampart.pids-limit"]).toBeUndefined();
  });
});
