import * as pulumi from "@pulumi/pulumi";
import { DockerClient } from "../../engine/docker";
import { pullHooks } from "../../engine/pull-hooks";
import { record } from "../components/support";
import { FakeDocker } from "./fake-docker";

const REFERENCE = `me/web:2.0.0@sha256:${"ab".repeat(32)}`;
const ROOM = { minFreeGiB: 2, images: ["haproxy:3.2@sha256:cd"] };
const df = (mib: number): string => `Filesystem 1024-blocks Used Available Capacity Mounted on
overlay 100000000 1 ${mib * 1024} 9% /
/dev/vda 100000000 1 99999999 9% /etc/hosts
`;

let docker: FakeDocker;
const path = process.env["PATH"];
beforeEach(() => {
  docker = new FakeDocker();
  process.env["PATH"] = docker.path;
  docker.answer("image", { code: 1 });
});
afterEach(() => {
  docker.remove();
  process.env["PATH"] = path;
});

async function bound(room?: typeof ROOM, host = "ssh://shop"): Promise<pulumi.ResourceHookBinding> {
  let binding: pulumi.ResourceHookBinding = {};
  await record(() => {
    binding = pullHooks("rampart-dev-images", new DockerClient(host), { users: {}, ...(room && { room }) });
  });
  return binding;
}

async function pull(host?: string): Promise<void> {
  const [hook] = (await bound(ROOM, host)).beforeCreate ?? [];
  if (!(hook instanceof pulumi.ResourceHook)) throw new Error("there is no hook");
  expect(hook.name).toBe("rampart-dev-images-room");
  const urn = "urn:pulumi:dev::rampart::docker:index/remoteImage:RemoteImage::rampart-dev-images-web";
  await hook.callback({ urn, id: "", name: "web", type: "RemoteImage", newInputs: { name: REFERENCE } });
}

const commands = (): string[] => docker.calls.map((call) => call.split(" ")[2] ?? "");

describe("before an image is pulled", () => {
  test("a container of the stack's is asked, and too little room refuses", async () => {
    docker.answer("ps", { stdout: "c0ffee\n" });
    docker.answer("exec", { stdout: df(1500) });
    await expect(pull()).rejects.toThrow(
      /^me\/web:2\.0\.0@sha256:\S+ was not pulled: .* ssh:\/\/shop has 1\.4 GiB free/,
    );
    expect(docker.calls.at(-1)).toBe("--host ssh://shop exec c0ffee df -P -k / /etc/hosts");
  });

  test("enough room lets it go on", async () => {
    docker.answer("ps", { stdout: "c0ffee\n" });
    docker.answer("exec", { stdout: df(2048) });
    await pull();
    expect(commands()).toEqual(["image", "ps", "exec"]);
  });

  test("where none of the stack's runs, a throw-away container is asked", async () => {
    docker.answer("run", { stdout: df(1) });
    await expect(pull()).rejects.toThrow(/has 1 MiB free/);
    expect(docker.calls.at(-1)).toMatch(
      / run --rm --pull never --network none .* --entrypoint df haproxy:3\.2\S+ -P -k /,
    );
  });

  test("where there is no image yet, this machine's disk is asked if the engine is on it", async () => {
    docker.answer("run", { code: 125 });
    docker.answer("info", { stdout: "/nonexistent\n" });
    await pull("unix:///run/test.sock");
    expect(commands()).toEqual(["image", "ps", "ps", "run", "info"]);
    await pull();
    expect(commands()).toEqual(["image", "ps", "ps", "run", "info", "image", "ps", "ps", "run"]);
  });

  test("an image that is there is not asked about", async () => {
    docker.answer("image", { code: 0, stdout: "sha256:ab\n" });
    await pull();
    expect(commands()).toEqual(["image"]);
  });
});

test("0 GiB, and an Images without a disk, ask nothing", async () => {
  expect((await bound()).beforeCreate).toBeUndefined();
  expect((await bound({ ...ROOM, minFreeGiB: 0 })).beforeCreate).toBeUndefined();
});
