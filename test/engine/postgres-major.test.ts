import * as pulumi from "@pulumi/pulumi";
import { Postgres } from "../../components";
import { dataVolumes } from "../../engine/postgres-major";
import { authority, configOf, record, surroundings, withLocalEngine, type Recording } from "../components/support";
import { DockerClient } from "../../engine/docker";
import { FakeDocker } from "./fake-docker";

withLocalEngine();

const postgres = (values: Record<string, unknown> = {}): Promise<Recording> =>
  record(() => {
    const { context, networks, plan } = surroundings(configOf({ network: { pool: "10.20.0.0/16" }, ...values }));
    return new Postgres("rampart-dev-postgres", context, {
      networks,
      networkPlan: plan,
      address: "10.20.12.10",
      password: pulumi.secret("x"),
      authority: authority(),
    });
  });
const SEVENTEEN = { images: { postgres: `postgres:17.6-alpine@sha256:${"a1".repeat(32)}` } };
const CHECK = "RandomId rampart-dev-postgres-major";

describe("the check of the major version", () => {
  test("comes before the data volume and the server, and is made again with another major or list", async () => {
    const recording = await postgres();
    expect(recording.inputs(CHECK)).toEqual({ byteLength: 8, keepers: { major: "16", previous: "" } });
    for (const after of ["Volume rampart-dev-postgres-data", "Container rampart-dev-postgres"])
      expect(recording.waitsFor(after, CHECK)).toBe(true);
    const next = await postgres({ ...SEVENTEEN, database: { previousMajors: [18, 16] } });
    expect(next.inputs(CHECK)["keepers"]).toEqual({ major: "17", previous: "16 18" });
  });

  test("does not change the name of 16's volume, and keeps the volumes of majors that were left", async () => {
    const names = (recording: Recording): unknown[] =>
      recording.resources
        .filter(({ type, name }) => type.endsWith(":Volume") && name.includes("-data"))
        .map(({ inputs }) => inputs["name"]);
    expect(names(await postgres())).toEqual(["rampart-dev-postgres-data"]);
    expect(names(await postgres(SEVENTEEN))).toEqual(["rampart-dev-postgres-data-17"]);
    const both = await postgres({ ...SEVENTEEN, database: { previousMajors: [16] } });
    expect(names(both).sort()).toEqual(["rampart-dev-postgres-data", "rampart-dev-postgres-data-17"]);
    expect(JSON.stringify(both.inputs("Container rampart-dev-postgres")["volumes"])).toContain(
      '"rampart-dev-postgres-data-17"',
    );
  });
});

describe("the data volumes that the engine holds", () => {
  let docker: FakeDocker;
  const path = process.env["PATH"];
  beforeEach(() => {
    docker = new FakeDocker();
    process.env["PATH"] = docker.path;
  });
  afterEach(() => {
    docker.remove();
    process.env["PATH"] = path;
  });
  const ask = () => dataVolumes(new DockerClient("unix:///run/test.sock"), "dev", "shop-postgres-data");

  test("are read from containers that are made, never started, and removed", async () => {
    docker.answer("volume", { stdout: "shop-postgres-data\nshop-postgres-config-0123456789ab\nshop-redis-data\n" });
    docker.answer("ps", { stdout: "c0ffee\n" });
    docker.answer("inspect", { stdout: "shop-postgres-data\n" });
    docker.answer("create", { stdout: "facade\n" });
    docker.answer("cp", { stdout: `${"t".repeat(512)}16\n\0\0\0` });
    expect(await ask()).toEqual([{ name: "shop-postgres-data", major: 16, inUse: true }]);
    expect(docker.calls.filter((call) => / (start|run) /.test(call))).toEqual([]);
    const created = docker.calls.find((call) => call.includes(" create "));
    expect(created).toContain("--network none --user 65534:65534 --read-only --cap-drop ALL");
    expect(created).toContain("--label io.rampart.ephemeral=true");
    // An empty volume would take what the image has at its place, or its mode.
    expect(created).toContain("--volume shop-postgres-data:/volume:ro,nocopy");
    expect(docker.calls.at(-1)).toBe("--host unix:///run/test.sock rm --force facade");
  });

  test("hold no major where there is no file", async () => {
    docker.answer("volume", { stdout: "shop-postgres-data-17\n" });
    docker.answer("image", { stdout: "sha256:1\n" });
    docker.answer("create", { stdout: "facade\n" });
    docker.answer("cp", { code: 1 });
    expect(await ask()).toEqual([{ name: "shop-postgres-data-17", inUse: false }]);
  });

  test("go by their names where the engine has no image to look with", async () => {
    docker.answer("volume", { stdout: "shop-postgres-data-17\n" });
    expect(await ask()).toEqual([{ name: "shop-postgres-data-17", major: 17, inUse: false }]);
  });

  test("are not guessed where the engine does not answer", async () => {
    docker.answer("volume", { stderr: "no engine", code: 1 });
    await expect(ask()).rejects.toThrow("the engine could not be asked for Postgres' data volumes: no engine");
  });
});
