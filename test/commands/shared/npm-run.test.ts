import { COMMANDS } from "../../../commands/rampart";
import { standingPlace, takenByNpm } from "../../../commands/shared/npm-run";
import type { Command } from "../../../commands/shared/command";

const command = (name: string): Command => {
  const found = COMMANDS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no command ${name}`);
  return found;
};
const taken = (name: string, args: readonly string[], env: NodeJS.ProcessEnv): readonly string[] =>
  takenByNpm(command(name), args, { npm_lifecycle_event: name, ...env });

describe("npm run plan", () => {
  it("with an option's value apart puts the two together again", () =>
    expect(taken("plan", ["dev", "x.yaml"], { npm_config_config_file: "true" })).toEqual([
      "dev",
      "--config-file=x.yaml",
    ]));

  it("with an option's value behind a = takes it", () =>
    expect(
      taken("plan", ["dev"], {
        npm_config_config_file: "../x.yaml",
        npm_config_fail_on: "weaker",
        npm_config_against: "main",
      }),
    ).toEqual(["dev", "--config-file=../x.yaml", "--against=main", "--fail-on=weaker"]));

  it("with two values apart is refused: nobody knows whose is whose", () =>
    expect(() =>
      taken("plan", ["dev", "x", "main"], { npm_config_config_file: "true", npm_config_against: "true" }),
    ).toThrow("npm took --config-file for an option of its own"));

  it("with its arguments behind -- is left alone, and so are npm's own options", () => {
    const args = ["dev", "--config-file", "x"];
    expect(taken("plan", args, {})).toBe(args);
    expect(taken("plan", ["dev"], { npm_config_json: "true", npm_config_loglevel: "verbose" })).toEqual(["dev"]);
    expect(taken("start", [], { npm_config_yes: "true", npm_config_force: "" })).toEqual([]);
  });
});

it("a command that changes something is never guessed at", () => {
  expect(() => taken("restore", ["prod"], { npm_config_to: "live" })).toThrow("npm took --to");
  expect(takenByNpm(command("restore"), ["prod"], { npm_config_to: "live" })).toEqual(["prod"]);
});

describe("where the user stands", () => {
  it("is where npm was called, and else the current directory", () => {
    expect(standingPlace("plan", { npm_lifecycle_event: "plan", INIT_CWD: "/clone/sub" }, "/clone")).toBe("/clone/sub");
    expect(standingPlace("plan", { npm_lifecycle_event: "deploy", INIT_CWD: "/clone/sub" }, "/clone")).toBe("/clone");
    expect(standingPlace(undefined, {}, "/clone")).toBe("/clone");
  });
});
