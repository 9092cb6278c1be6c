import { stackState } from "../../verify/state";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const secret = (value: unknown): object => ({
  [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});
const PASSWORD = "9c6nfPC51EP3jNx0x0x0x0x0x0x0x0x0";
const exported = (resources: readonly object[]): unknown => ({ version: 3, deployment: { resources } });

describe("a stack's state", () => {
  test("gives what there is, without what waits to be deleted", () => {
    const urn = "urn:pulumi:dev::rampart::docker:index/volume:Volume::data";
    const { resources } = stackState(
      exported([
        { urn, type: "docker:index/volume:Volume", id: "v1", protect: true, inputs: { name: "data" } },
        { urn, type: "docker:index/volume:Volume", id: "v0", delete: true, inputs: { name: "old" } },
      ]),
    );
    expect(resources).toEqual([
      { id: "v1", type: "docker:index/volume:Volume", name: "data", protect: true, inputs: { name: "data" } },
    ]);
  });

  test("hides secrets among the inputs, and keeps their values apart", () => {
    const { resources, secrets } = stackState(exported([{ inputs: { password: secret(PASSWORD), envs: ["A=1"] } }]));
    expect(resources[0]?.inputs).toEqual({ password: "[secret]", envs: ["A=1"] });
    expect(secrets).toEqual([PASSWORD]);
  });

  test("knows a generated password by its output, and one within a URL", () => {
    const url = `postgresql://app_rw:${PASSWORD}@postgres:5432/app`;
    const { secrets } = stackState(exported([{ inputs: {}, outputs: { result: secret(url) } }]));
    expect(secrets).toEqual([url, PASSWORD]);
  });

  test("takes of uploaded files their contents, and no path, certificate or short value", () => {
    const uploads = secret([
      { content: PASSWORD, file: "/files/a/long/path/to/a/file", permissions: "0400" },
      { content: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", file: "/files/ca.crt" },
      { content: "short", file: "/files/s" },
    ]);
    expect(stackState(exported([{ inputs: { uploads } }])).secrets).toEqual([PASSWORD]);
  });

  test("knows who holds which secret, the generated passwords, and the outputs in clear", () => {
    const { holders, passwords, outputs } = stackState(
      exported([
        {
          urn: "urn:pulumi:dev::rampart::random:index/randomPassword:RandomPassword::s-redis-api",
          type: "random:index/randomPassword:RandomPassword",
          inputs: {},
          outputs: { result: secret(PASSWORD) },
        },
        { urn: "urn:pulumi:dev::rampart::x::other", type: "x", inputs: { envs: ["A=1"] } },
        {
          type: "pulumi:pulumi:Stack",
          outputs: { database: { name: "app", passwords: secret({ app_rw: PASSWORD }) } },
        },
      ]),
    );
    expect(holders).toEqual({ "s-redis-api": [PASSWORD] });
    expect(passwords).toEqual({ "s-redis-api": PASSWORD });
    expect(outputs).toEqual({ database: { name: "app", passwords: { app_rw: PASSWORD } } });
  });

  test("of nothing is empty", () => {
    expect(stackState(undefined)).toEqual({
      resources: [],
      secrets: [],
      holders: {},
      passwords: {},
      outputs: undefined,
    });
  });
});
