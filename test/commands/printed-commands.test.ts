/**
 * Every command that a message prints in backticks is one that runs: those of Rampart's by its own parser, those of
 * Pulumi's by the commands and options that its CLI has, also as a stack of `npm start` has to write them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as ts from "typescript";
import { pulumiCommandLine, withPulumiForm } from "../../config/commands";
import { COMMANDS } from "../../commands/rampart";
import { splitPulumiArguments } from "../../commands/pulumi/options";
import { messageOf } from "../../commands/shared/errors";
import { parse } from "../../commands/shared/options";

const ROOT = join(__dirname, "../..");
const DIRECTORIES = [
  "commands",
  "components",
  "config",
  "engine",
  "hardening",
  "plan",
  "policy",
  "resources",
  "verify",
];

/** What stands in the place of a value that is known only when the message is made. */
const HOLE = "HOLE";

/** The text of a literal, a template or their sum, with a hole for each value; undefined for anything else. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return (
      node.head.text + node.templateSpans.map(({ expression, literal }) => holeOf(expression) + literal.text).join("")
    );
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [textOf(node.left), textOf(node.right)];
    if (left !== undefined || right !== undefined) return (left ?? HOLE) + (right ?? HOLE);
  }
  return undefined;
}

/** A value within a template: the command of `pulumiCommand(…, "destroy")` is known. */
function holeOf(expression: ts.Expression): string {
  if (!ts.isCallExpression(expression)) return HOLE;
  const called = expression.expression.getText();
  if (called !== "pulumiCommand" && !called.endsWith("pulumi.command")) return HOLE;
  const command = expression.arguments.at(-1);
  return `npx rampart pulumi ${(command === undefined ? undefined : textOf(command)) ?? HOLE} --stack ${HOLE}`;
}

/** Every whole text of a file, comments left out. */
function textsOf(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const text = textOf(node);
    if (text !== undefined) found.push(text);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

interface Printed {
  readonly file: string;
  readonly words: readonly string[];
}

const PROGRAMS = ["npx", "npm", "pulumi", "rampart"];
const files = DIRECTORIES.flatMap((directory) =>
  readdirSync(join(ROOT, directory), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => join(directory, path)),
);
/** Words as a shell has them, with `<key>` and `…` as values. */
const wordsOf = (command: string): string[] =>
  (command.replace(/ < .*/, "").match(/'[^']*'|<[^>]*>|\S+/g) ?? []).map((word) =>
    /^<.*>$/.test(word) || word === "…" ? HOLE : word.replaceAll("'", ""),
  );
const printed: readonly Printed[] = files.flatMap((file) =>
  textsOf(join(ROOT, file))
    .flatMap((text) => [...text.matchAll(/`([^`\n]+)`/g)].map(([, command = ""]) => wordsOf(command)))
    .filter(([program = "", ...rest]) => PROGRAMS.includes(program) && rest.length > 0)
    .map((words) => ({ file, words })),
);
const of = (...start: readonly string[]): readonly Printed[] =>
  printed.filter(({ words }) => start.every((word, index) => words[index] === word));

/** What Pulumi's CLI has of what messages name, with the options that it takes there; with `=`, one takes a value. */
const PULUMI: Readonly<Record<string, readonly string[]>> = {
  cancel: ["--stack="],
  "config rm": ["--stack=", "--config-file="],
  "config set": ["--secret", "--stack=", "--config-file="],
  destroy: ["--stack=", "--config-file="],
  login: [],
  preview: ["--stack=", "--config-file="],
  refresh: ["--stack=", "--config-file=", "--clear-pending-creates"],
  "stack export": ["--stack=", "--show-secrets"],
  "stack history": ["--stack=", "--json"],
  "stack ls": [],
  "stack output": ["--stack=", "--json", "--show-secrets"],
  up: ["--stack=", "--config-file=", "--refresh", "--replace="],
  version: [],
};

/** Why Pulumi would not run it, as far as this table knows. */
function pulumiFault(args: readonly string[]): string | undefined {
  const name = [args.slice(0, 2).join(" "), args[0] ?? ""].find((key) => Object.hasOwn(PULUMI, key));
  if (name === undefined) return `no command of Pulumi's: ${args.join(" ")}`;
  const options = PULUMI[name] ?? [];
  const wrong = args
    .slice(name.split(" ").length)
    .filter((arg) => arg.startsWith("--"))
    .find((arg) => !options.includes(arg) && !options.includes(`${arg}=`));
  return wrong === undefined ? undefined : `pulumi ${name} takes no ${wrong}`;
}

/** Why `rampart pulumi` would refuse it. */
function startedFault(args: readonly string[]): string | undefined {
  const { rest } = splitPulumiArguments(args);
  if (rest[0] === "config" && rest[1] === "set" && !rest.includes("--secret"))
    return "a plain value belongs in the stack's file: `rampart pulumi` refuses `config set` without --secret";
  return pulumiFault(rest);
}

function rampartFault([first = "", second = "", ...more]: readonly string[]): string | undefined {
  const both = COMMANDS.find(({ name }) => name === `${first} ${second}`);
  const command = both ?? COMMANDS.find(({ name }) => name === first);
  const args = both === undefined ? [second, ...more].filter((word) => word !== "") : more;
  // A message of every command: its own name stands there.
  if (first === HOLE || first.startsWith("--") || first === "help") return undefined;
  if (command === undefined) return `no command of Rampart's: ${first}`;
  // A command's name in a sentence: `rampart clean`.
  if (args.length === 0 || args.includes("--help")) return undefined;
  try {
    if (command.passesOn === undefined) parse(command, args);
    else return startedFault(args);
  } catch (error) {
    return messageOf(error);
  }
  return undefined;
}

const faultsOf = (found: readonly Printed[], judge: (args: readonly string[]) => string | undefined, skip: number) =>
  found.flatMap(({ file, words }) => {
    const fault = judge(words.slice(skip));
    return fault === undefined ? [] : [`${file}: ${words.join(" ")}: ${fault}`];
  });

test("messages name commands", () => {
  expect(of("npx", "rampart").length).toBeGreaterThan(10);
  expect(of("pulumi").length).toBeGreaterThan(20);
});

test("each `npx rampart …` is a command line that Rampart takes", () =>
  expect([...faultsOf(of("npx", "rampart"), rampartFault, 2), ...faultsOf(of("rampart"), rampartFault, 1)]).toEqual(
    [],
  ));

test("each `pulumi …` is one that Pulumi has, and that a stack of `npm start` takes, too", () => {
  expect(faultsOf(of("pulumi"), pulumiFault, 1)).toEqual([]);
  const known = of("pulumi").filter(({ words }) => !["login", "version"].includes(words[1] ?? ""));
  expect(faultsOf(known, startedFault, 1)).toEqual([]);
});

test("each `npm …` is a script of the package", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const named = of("npm").map(({ words }) => (words[1] === "run" ? words[2] : words[1]) ?? "");
  expect(named.filter((name) => !Object.hasOwn(scripts, name) && !["audit", "ci", "install"].includes(name))).toEqual(
    [],
  );
});

describe("a command of Pulumi's in a message", () => {
  const started = { program: "npx rampart pulumi", stack: "team", configFile: "apps/my app.yaml" } as const;

  test("gets the stack and the file of a stack of `npm start`", () => {
    expect(
      withPulumiForm("fix: `pulumi config set --secret rampart:tlsKey < key.pem`, then `pulumi up`", started),
    ).toBe(
      "fix: `npx rampart pulumi config set --secret rampart:tlsKey --stack team --config-file 'apps/my app.yaml' " +
        "< key.pem`, then `npx rampart pulumi up --stack team --config-file 'apps/my app.yaml'`",
    );
  });

  test("gets the stack elsewhere, and the file where the command takes one", () => {
    const form = { program: "pulumi", stack: "prod", configFile: "x.yaml" } as const;
    expect(withPulumiForm("`pulumi up --replace 'urn:a::b'` or `pulumi stack output access`", form)).toBe(
      "`pulumi up --replace 'urn:a::b' --stack prod --config-file x.yaml` or `pulumi stack output access --stack prod`",
    );
    expect(pulumiCommandLine(form, "cancel --stack prod")).toBe("pulumi cancel --stack prod");
  });

  test("is left alone where it has both, or is no command on a stack", () => {
    for (const text of ["`npx rampart pulumi up --stack a`", "`pulumi login`", "pulumi up", "`pulumi`"])
      expect(withPulumiForm(text, started)).toBe(text);
  });
});
