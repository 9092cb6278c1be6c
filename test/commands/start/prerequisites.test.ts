import { compareVersions } from "../../../commands/shared/versions";
import {
  judgeDockerCli,
  judgeEngine,
  judgeLanguageHost,
  judgeNode,
  judgePlugins,
  judgePulumiCli,
  type Finding,
} from "../../../commands/start/prerequisites";

const HOST = "unix:///var/run/docker.sock";
const server = (changes: object = {}) =>
  JSON.stringify({
    Client: { Version: "28.2.2" },
    Server: { Version: "20.10.24+dfsg1", ApiVersion: "1.41", Os: "linux", ...changes },
  });
const answered = (stdout: string) => ({ code: 0, stdout, stderr: "" });
const failed = (stderr: string, code = 1) => ({
  code,
  stdout: '{"Client":{"Version":"28.2.2"},"Server":null}',
  stderr,
});
const sentence = (finding: Finding): string => (finding.ok ? `no fault: ${finding.text}` : finding.sentence);

describe("Node.js", () => {
  it("is accepted from version 20 on", () =>
    expect(judgeNode("v20.0.0")).toEqual({ ok: true, text: "Node.js 20.0.0" }));
  it("is refused below version 20", () =>
    expect(sentence(judgeNode("v18.19.1"))).toBe(
      "Node.js v18.19.1 is too old: install version 20 or later from https://nodejs.org/en/download, " +
        "then run `npm start` again.",
    ));
});

describe("the Docker CLI and engine", () => {
  it("names a missing CLI and where to get it", () =>
    expect(sentence(judgeDockerCli(undefined))).toBe(
      "The Docker CLI (`docker`) is missing: install Docker 20.10 or later from " +
        "https://docs.docker.com/get-docker/, then run `npm start` again.",
    ));

  it("accepts Docker 20.10", () =>
    expect(judgeEngine(answered(server()), HOST)).toEqual({
      ok: true,
      text: `Docker engine 20.10.24+dfsg1 (API 1.41) at ${HOST}`,
    }));

  it("refuses an engine that is too old", () =>
    expect(sentence(judgeEngine(answered(server({ Version: "19.03.15", ApiVersion: "1.40" })), HOST))).toBe(
      `The engine at ${HOST} is too old (Docker 19.03.15, API 1.40): ` +
        "update it to Docker 20.10 (API 1.41) or later, then run `npm start` again.",
    ));

  it("does not take API 1.5 for newer than 1.41", () =>
    expect(judgeEngine(answered(server({ ApiVersion: "1.5" })), HOST).ok).toBe(false));

  it("refuses Windows containers", () =>
    expect(sentence(judgeEngine(answered(server({ Os: "windows" })), HOST))).toContain('"Switch to Linux containers"'));

  // The texts below are what the Docker CLI 28.2 writes.
  it("says that the daemon is not running", () =>
    expect(
      sentence(
        judgeEngine(
          failed("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"),
          HOST,
        ),
      ),
    ).toBe(
      `No Docker engine answers at ${HOST}: start it (\`sudo systemctl start docker\`, or Docker Desktop), ` +
        "or point DOCKER_HOST at one that runs, then run `npm start` again.",
    ));

  it("says that the socket is closed to this user", () =>
    expect(
      sentence(
        judgeEngine(
          failed(
            "permission denied while trying to connect to the Docker daemon socket at " +
              'unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.50/version": ' +
              "dial unix /var/run/docker.sock: connect: permission denied",
          ),
          HOST,
        ),
      ),
    ).toBe(
      `You may not use the Docker engine at ${HOST}: join the group that owns the socket (\`sudo usermod -aG ` +
        "docker $USER`) and log in again, or point DOCKER_HOST at an engine of your own, " +
        "then run `npm start` again.",
    ));

  it("tells a CLI that the engine has outgrown", () =>
    expect(
      sentence(
        judgeEngine(
          failed("Error response from daemon: client version 1.41 is too old. Minimum supported API version is 1.44"),
          HOST,
        ),
      ),
    ).toContain("have no API version in common"));

  it("gives ssh's own reason, not that of a local socket", () =>
    expect(
      sentence(
        judgeEngine(
          failed("stderr=ssh: connect to host example.com port 22: Connection refused"),
          "ssh://me@example.com",
        ),
      ),
    ).toBe(
      "The Docker engine at ssh://me@example.com cannot be used (stderr=ssh: " +
        "connect to host example.com port 22: Connection refused): " +
        "see that `docker version` shows a server, then run `npm start` again.",
    ));

  it("says when there is no answer in time", () =>
    expect(sentence(judgeEngine(failed("", 124), HOST))).toContain("did not answer in time"));
});

describe("Pulumi", () => {
  it("names a missing CLI, the version and where to get it", () =>
    expect(sentence(judgePulumiCli(undefined, "3.248.0"))).toBe(
      "The Pulumi CLI (`pulumi`) is missing: install version 3.248.0 or later (`curl -fsSL " +
        "https://get.pulumi.com | sh` or https://www.pulumi.com/docs/install/), then run `npm start` again.",
    ));
  it("accepts the floor, and a later pre-release", () => {
    expect(judgePulumiCli(answered("v3.248.0\n"), "3.248.0")).toEqual({ ok: true, text: "Pulumi CLI 3.248.0" });
    expect(judgePulumiCli(answered("v3.256.0-alpha.1\n"), "3.248.0").ok).toBe(true);
  });
  it("refuses what is below the floor", () =>
    expect(sentence(judgePulumiCli(answered("v3.99.0\n"), "3.248.0"))).toMatch(
      /^The Pulumi CLI 3\.99\.0 is too old: update it to 3\.248\.0 or later/,
    ));
  it("refuses a CLI without a version", () =>
    expect(sentence(judgePulumiCli(failed("exec format error"), "3.248.0"))).toContain(
      "does not tell its version (exec format error)",
    ));
  it("names a missing language host", () =>
    expect(sentence(judgeLanguageHost(undefined))).toContain("`pulumi-language-nodejs`"));

  const wanted = [
    { name: "docker", version: "5.0.0" },
    { name: "random", version: "4.21.1" },
  ];
  it("does not fail for a plugin that Pulumi can download", () =>
    expect(
      judgePlugins(wanted, answered('[{"name":"docker","version":"4.9.0"},{"name":"random","version":"4.21.1"}]')),
    ).toEqual({
      ok: true,
      text: "Pulumi plugins docker 5.0.0, random 4.21.1; Pulumi now downloads docker 5.0.0",
    }));
  it("is content with a list that it cannot read", () => expect(judgePlugins(wanted, failed("")).ok).toBe(true));
});

describe("compareVersions", () => {
  it.each([
    ["3.248.0", "3.256.0", -1],
    ["20.10.24+dfsg1", "20.10.24", 0],
    ["1.100", "1.41", 1],
    ["26.1", "26.1.0", 0],
  ])("compares %s with %s", (a, b, sign) => expect(Math.sign(compareVersions(a, b))).toBe(sign));
});
