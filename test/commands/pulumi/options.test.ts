import { splitPulumiArguments } from "../../../commands/pulumi/options";

describe("rampart pulumi", () => {
  it("passes on what is Pulumi's", () =>
    expect(splitPulumiArguments(["up", "--yes", "-r"])).toEqual({ stack: "dev", rest: ["up", "--yes", "-r"] }));
  it("takes the stack and the file out", () =>
    expect(splitPulumiArguments(["preview", "-s", "prod", "--diff", "--config-file=a=b.yaml"])).toEqual({
      stack: "prod",
      configFile: "a=b.yaml",
      rest: ["preview", "--diff"],
    }));
  it("does not read what stands after --", () =>
    expect(splitPulumiArguments(["config", "set", "--secret", "k", "--", "-s"])).toEqual({
      stack: "dev",
      rest: ["config", "set", "--secret", "k", "--", "-s"],
    }));
  it("wants a value", () =>
    expect(() => splitPulumiArguments(["up", "--stack"])).toThrow("--stack: given nothing; allowed: --stack NAME"));
  it("refuses what is no stack's name", () =>
    expect(() => splitPulumiArguments(["up", "--stack", "../x"])).toThrow(
      "--stack: given '../x'; allowed: letters, digits, hyphens, underscores and periods",
    ));
  it("knows no option by the names of Object's", () =>
    expect(splitPulumiArguments(["toString=1"]).rest).toEqual(["toString=1"]));
});
