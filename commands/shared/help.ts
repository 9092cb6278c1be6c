import type { Command } from "./command";
import type { Option, Syntax } from "./options";
import { flow, wrap } from "./output";

const HELP: readonly [string, string] = ["-h, --help", "shows this help"];

const USAGE_INDENT = " ".repeat("usage: ".length);

/** The list of all commands. @param width in columns */
export function overview(commands: readonly Command[], width: number): string {
  return page(
    [
      "usage: npx rampart <command> [<stack>] [options]",
      "",
      "Commands:",
      ...table(
        commands.map(({ name, summary }) => [name, summary] as const),
        width,
      ),
      "",
      "Options:",
      ...table(
        [
          ["-h, --help", "shows this help; `npx rampart help <command>` shows a command's"],
          ["--version", "shows Rampart's version"],
        ],
        width,
      ),
      "",
      "Exit codes: 0 done; 1 the command failed, or a rule does; 2 the command line is wrong.",
      "Environment: NO_COLOR=1 prints no colours, FORCE_COLOR=1 prints them into a pipe too. " +
        "RAMPART_DEBUG=1 prints the stack trace of an internal fault.",
    ].map((line) => wrap(line, width)),
  );
}

/** The help of one command. @param width in columns */
export function helpOf(command: Command, width: number): string {
  const { about, options, rest } = command;
  const rows = [...Object.entries(options).map(([name, option]) => row(name, option)), HELP];
  return page([
    flow(["usage:", ...usageOf(command)], width - USAGE_INDENT.length, USAGE_INDENT),
    "",
    wrap(about, width),
    "",
    "Options:",
    ...table(rest === undefined ? rows : [...rows, [`-- ${rest.value}`, rest.summary]], width),
  ]);
}

/** `npx rampart psql <stack> [--role ROLE] …` */
function usageOf({ name, stack, options, rest, passesOn }: Command): string[] {
  return [
    `npx rampart ${name}`,
    ...(passesOn === undefined ? [] : [passesOn]),
    ...positional({ stack }),
    ...Object.entries(options).map(([option, each]) => `[${label(option, each)}]`),
    ...(rest === undefined ? [] : [`[-- ${rest.value}]`]),
  ];
}

function positional({ stack }: Pick<Syntax, "stack">): string[] {
  switch (stack) {
    case "required":
      return ["<stack>"];
    case "optional":
      return ["[<stack>]"];
    case "none":
      return [];
    default: {
      const unknown: never = stack;
      throw new Error(`not a use of a stack: ${JSON.stringify(unknown)}`);
    }
  }
}

const label = (name: string, option: Option): string => `--${name}${"value" in option ? ` ${option.value}` : ""}`;

function row(name: string, option: Option): readonly [string, string] {
  const short = option.short === undefined ? "" : `-${option.short}, `;
  const fallback = "default" in option && typeof option.default === "string" ? ` (default: ${option.default})` : "";
  return [`${short}${label(name, option)}`, `${option.summary}${fallback}`];
}

/** Two columns, the second of which is wrapped within itself. */
function table(rows: readonly (readonly [string, string])[], width: number): string[] {
  const first = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `  ${name.padEnd(first)}${wrap(text, width - first - 2, " ".repeat(first + 2))}`);
}

const page = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
