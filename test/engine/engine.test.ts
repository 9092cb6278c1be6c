import * as pulumi from "@pulumi/pulumi";
import { currentEngine, isLocalLinux } from "../../components";

const before = process.env["DOCKER_HOST"];

afterEach(() => {
  pulumi.runtime.setAllConfig({}, []);
  if (before === undefined) delete process.env["DOCKER_HOST"];
  else process.env["DOCKER_HOST"] = before;
});

describe("the engine", () => {
  test("is the Docker provider's, by its own order", () => {
    delete process.env["DOCKER_HOST"];
    expect(currentEngine()).toEqual({ host: "unix:///var/run/docker.sock" });
    process.env["DOCKER_HOST"] = "tcp://10.0.0.1:2376";
    expect(currentEngine()).toEqual({ host: "tcp://10.0.0.1:2376" });
    pulumi.runtime.setAllConfig({ "docker:host": "ssh://deploy@example.com" }, []);
    expect(currentEngine()).toEqual({ host: "ssh://deploy@example.com" });
  });

  test.each([
    ["unix:///var/run/docker.sock", "linux", true],
    ["unix:///run/user/1000/docker.sock", "linux", true],
    ["unix:///var/run/docker.sock", "darwin", false],
    ["unix:///home/me/.docker/desktop/docker.sock", "linux", false],
    ["ssh://deploy@example.com", "linux", false],
    ["tcp://127.0.0.1:2375", "linux", false],
    ["npipe:////./pipe/docker_engine", "win32", false],
  ] as const)("%s on %s: its networks are reached from here: %s", (host, platform, local) => {
    expect(isLocalLinux({ host }, platform)).toBe(local);
  });
});
