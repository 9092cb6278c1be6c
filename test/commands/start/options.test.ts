import { parseStartOptions, splitPulumiArguments } from "../../../commands/start/options";

describe("npm start", () => {
  it("is about the stack dev", () => expect(parseStartOptions([])).toEqual({ stack: "dev", help: false }));
  it("takes a stack and a file", () =>
    expect(parseStartOptions(["--stack", "staging", "--config-file=mine.yaml"])).toEqual({
      stack: "staging",
      configFile: "mine.yaml",
      help: false,
    }));
  it.each([["--nope"], ["extra"], ["--stack"], ["--stack", "../x"], ["--stack", ""]])("refuses %s %s", (...args) =>
    expect(() => parseStartOptions(args)).toThrow(Error),
  );
});

describe("npm run pulumi", () => {
  it("passes on what is Pulumi's", () =>
    expect(splitPulumiArguments(["up", "--yes", "-r"])).toEqual({
      stack: "dev",
      help: false,
      rest: ["up", "--yes", "-r"],
    }));
  it("takes the stack and the file out", () =>
    expect(splitPulumiArguments(["preview", "-s", "prod", "--diff", "--config-file=a=b.yaml"])).toEqual({
      stack: "prod",
      configFile: "a=b.yaml",
      help: false,
      rest: ["preview", "--diff"],
    }));
  it("leaves what stands after -- alone", () =>
    expect(splitPulumiArguments(["config", "set", "--secret", "k", "--", "-s"])).toEqual({
      stack: "dev",
      help: false,
      rest: ["config", "set", "--secret", "k", "--", "-s"],
    }));
  it("wants a value", () =>
    expect(() => splitPulumiArguments(["up", "--stack"])).toThrow("Option '--stack' needs a value"));
  it("knows no option by the names of Object's", () =>
    expect(splitPulumiArguments(["toString=1"]).rest).toEqual(["toString=1"]));
});
