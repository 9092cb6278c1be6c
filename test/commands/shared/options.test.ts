import { UserError } from "../../../commands/shared/errors";
import { anyText, parse, type ValueOption } from "../../../commands/shared/options";

const PORT: ValueOption<number> = {
  value: "PORT",
  short: "p",
  summary: "",
  read: (given, refusal) => {
    if (!/^\d+$/.test(given)) throw refusal("a port", "Name a number.");
    return Number(given);
  },
};
const SYNTAX = {
  name: "try",
  stack: "required",
  options: {
    "config-file": { value: "FILE", summary: "", read: anyText },
    port: PORT,
    role: { value: "ROLE", summary: "", default: "app_ro", read: anyText },
    json: { summary: "", short: "j" },
  },
} as const;
const read = (...args: string[]) => parse(SYNTAX, args);
const refusal = (...args: string[]): readonly [string, string | undefined, number] => {
  try {
    return [JSON.stringify(read(...args)), undefined, 0];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [error.message, error.hint, error.exitCode];
  }
};

describe("a command line", () => {
  it("has its values typed, and its defaults", () => {
    const { stack, options, rest } = read("prod");
    const port: number | undefined = options.port;
    const role: string = options.role;
    const json: boolean = options.json;
    expect([stack, port, role, json, options["config-file"], rest]).toEqual([
      "prod",
      undefined,
      "app_ro",
      false,
      undefined,
      [],
    ]);
  });

  it.each([
    ["apart", ["prod", "--port", "5432", "--json"]],
    ["joined", ["prod", "--port=5432", "--json"]],
    ["short", ["-p", "5432", "-j", "prod"]],
    ["short and joined", ["-p5432", "-j", "prod"]],
    ["in any order", ["--json", "--port", "5432", "prod"]],
    ["before --", ["--json", "--port", "5432", "--", "prod"]],
  ])("may have its options %s", (_how, args) =>
    expect(read(...args)).toMatchObject({ stack: "prod", options: { port: 5432, json: true } }),
  );

  it("keeps an equals sign in a value", () =>
    expect(read("prod", "--config-file=a=b.yaml").options["config-file"]).toBe("a=b.yaml"));

  it("takes a value that begins with a hyphen after an equals sign", () =>
    expect(read("prod", "--config-file=-x").options["config-file"]).toBe("-x"));

  it("hands on what follows -- where a command has a use for it", () =>
    expect(
      parse({ ...SYNTAX, rest: { value: "<more>", summary: "" } }, ["prod", "--", "--json", "-p", "--", "x"]),
    ).toMatchObject({ stack: "prod", options: { json: false }, rest: ["--json", "-p", "--", "x"] }));
});

describe("a wrong command line", () => {
  it("is refused for a value that is missing", () => {
    const missing = [
      "--port: given nothing; allowed: --port PORT",
      "Add the value. A value that begins with a hyphen is written --port=VALUE.",
      2,
    ];
    expect(refusal("prod", "--port")).toEqual(missing);
    expect(refusal("prod", "--port", "--json")).toEqual(missing);
    expect(refusal("prod", "-p", "-j")).toEqual(missing);
  });

  it("is refused for a value that is empty, or not allowed, with what to do", () => {
    expect(refusal("prod", "--config-file=")).toEqual([
      "--config-file: given ''; allowed: a text that is not empty",
      undefined,
      2,
    ]);
    expect(refusal("prod", "--port", "x")).toEqual(["--port: given 'x'; allowed: a port", "Name a number.", 2]);
  });

  it("is refused for a value where none belongs", () =>
    expect(refusal("prod", "--json=yes")).toEqual(["--json: given 'yes'; allowed: no value", "Write --json only.", 2]));

  it("is refused for an option that is given twice, alike or not", () => {
    expect(refusal("prod", "--port", "1", "-p", "1")).toEqual([
      "--port: given more than once; allowed: once",
      undefined,
      2,
    ]);
    expect(refusal("prod", "-j", "-j")).toEqual(["--json: given more than once; allowed: once", undefined, 2]);
  });

  it("is refused for an unknown option, with the nearest one", () => {
    expect(refusal("prod", "--jsn")[0]).toBe("Unknown option '--jsn' of rampart try; did you mean --json?");
    expect(refusal("prod", "--config_file=x")[0]).toBe(
      "Unknown option '--config_file' of rampart try; did you mean --config-file?",
    );
    expect(refusal("prod", "--yaml")[0]).toBe("Unknown option '--yaml' of rampart try");
    expect(refusal("prod", "-x")[0]).toBe("Unknown option '-x' of rampart try");
    expect(refusal("prod", "--toString")[0]).toBe("Unknown option '--toString' of rampart try");
  });

  it("is refused without its stack, with two, and with what is no stack's name", () => {
    expect(refusal()).toEqual([
      "<stack>: given nothing; allowed: the name of one stack",
      "Name the stack: `npx rampart try prod`.",
      2,
    ]);
    expect(refusal("prod", "dev")[0]).toBe("Unexpected argument 'dev' of rampart try; allowed: one stack");
    expect(refusal("a b")[0]).toBe("<stack>: given 'a b'; allowed: letters, digits, hyphens, underscores and periods");
    expect(refusal("")[0]).toBe("<stack>: given ''; allowed: letters, digits, hyphens, underscores and periods");
  });
});
