import * as pulumi from "@pulumi/pulumi";
import { DockerClient } from "../../engine/docker";
import { ipv6Hook } from "../../engine/ipv6-hooks";
import { record } from "../components/support";
import { FakeDocker } from "./fake-docker";

let docker: FakeDocker;
const path = process.env["PATH"];
beforeEach(() => {
  docker = new FakeDocker();
  process.env["PATH"] = docker.path;
});
afterEach(() => {
  docker.remove();
  process.env["PATH"] = path;
  jest.restoreAllMocks();
});

async function probe(stdout: string, code = 0): Promise<void> {
  docker.answer("run", { stdout, code });
  let binding: pulumi.ResourceHookBinding = {};
  await record(() => {
    const settings = { name: "shop-gateway-ipv6", stack: "prod", image: "haproxy:3.2@sha256:ab", port: 443 };
    binding = ipv6Hook(new DockerClient("ssh://shop"), settings);
  });
  const [hook] = binding.beforeCreate ?? [];
  if (!(hook instanceof pulumi.ResourceHook)) throw new Error("there is no hook");
  expect(hook.name).toBe("shop-gateway-ipv6-probe");
  await hook.callback({ urn: "urn:ipv6", id: "", name: "ipv6", type: "RandomId", newInputs: {} });
}

test("an answer over IPv6 is a client whose address is kept", async () => {
  await probe("answered\n");
  expect(docker.calls.join("\n")).toMatch(
    / run --rm --pull never --network host --user 65534:65534 --read-only --cap-drop ALL .* haproxy:3\.2@sha256:ab -c .* - 443$/,
  );
});

test("a connection that the gateway refuses fails the update, and says what to do", () =>
  expect(probe("closed\n")).rejects.toThrow(
    /the engine at ssh:\/\/shop does not keep the addresses of IPv6 clients.*Use Docker 27 or later.*or remove edge\.ipv6/s,
  ));

test("a host without an IPv6 address is told of, and no more", async () => {
  const warned = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
  await probe("none\n");
  expect(warned).toHaveBeenCalledWith(expect.stringContaining("has no IPv6 address yet: nothing was tried"));
});

test("what cannot be tried fails as well", async () => {
  await expect(probe("", 125)).rejects.toThrow("shop-gateway-ipv6: IPv6 could not be tried");
  await expect(probe("what?\n")).rejects.toThrow("with no clear answer: what?");
});
