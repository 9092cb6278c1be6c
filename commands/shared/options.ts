import { parseArgs } from "node:util";
import { isStackName } from "../../config/stack-name";
import { defined } from "../../hardening/defined";
import { usageError, wrongOption, type UserError } from "./errors";
import { nearest } from "../../config/nearest";

interface Described {
  /** For help: one sentence without its full stop. */
  readonly summary: string;
  /** One letter. `h` is taken. */
  readonly short?: string;
}

/** An option without a value. */
export type Switch = Described;

/** An option with a value. */
export interface ValueOption<T> extends Described {
  /** What stands for the value in help: `FILE`. */
  readonly value: string;
  /**
   * Turns what was given into the value.
   * @throws the error that `refusal` makes of what is allowed and of what to do
   */
  readonly read: (given: string, refusal: (allowed: string, fix?: string) => UserError) => T;
  /** @default undefined */
  readonly default?: NoInfer<T>;
}

export type Option = Switch | ValueOption<unknown>;
/** By their names, without the two hyphens. */
export type Options = Readonly<Record<string, Option>>;
/** Whether a stack is named, as the first argument. */
export type StackUse = "required" | "optional" | "none";

/** What a command takes: the part of its definition that the parser and help share. */
export interface Syntax<O extends Options = Options, S extends StackUse = StackUse> {
  readonly name: string;
  readonly stack: S;
  readonly options: O;
  /** What may follow `--`. @default nothing: what follows `--` is taken for arguments */
  readonly rest?: { readonly value: string; readonly summary: string };
}

type ValueOf<O> =
  O extends ValueOption<infer T> ? (O extends { readonly default: unknown } ? T : T | undefined) : boolean;
type StackOf<S extends StackUse> = S extends "required"
  ? string
  : S extends "optional"
    ? string | undefined
    : undefined;

/** A command line, read. */
export interface Input<O extends Options = Options, S extends StackUse = StackUse> {
  readonly stack: StackOf<S>;
  readonly options: { readonly [K in keyof O]: ValueOf<O[K]> };
  /** What follows `--`. */
  readonly rest: readonly string[];
}

const isValue = (option: Option): option is ValueOption<unknown> => "value" in option;

/** Reads a command line. @throws UserError for anything that the syntax does not have */
export function parse<const O extends Options, const S extends StackUse>(
  syntax: Syntax<O, S>,
  args: readonly string[],
): Input<O, S>;
export function parse(syntax: Syntax, args: readonly string[]): Input {
  const end = syntax.rest === undefined ? -1 : args.indexOf("--");
  const [own, rest] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const { given, positionals } = tokens(syntax, own);
  const options = Object.fromEntries(
    Object.entries(syntax.options).map(([name, option]) => [name, read(name, option, given.get(name))]),
  );
  return { stack: stackOf(syntax, positionals), options, rest };
}

interface Tokens {
  /** By name; an empty text for a switch. */
  readonly given: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
}

function tokens({ name: command, options }: Syntax, args: readonly string[]): Tokens {
  const given = new Map<string, string>();
  const positionals: string[] = [];
  const parsed = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(options).map(([name, option]) => [
        name,
        {
          type: isValue(option) ? ("string" as const) : ("boolean" as const),
          ...defined({ short: option.short }),
        },
      ]),
    ),
  });
  for (const token of parsed.tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) throw unknownOption(command, rawName, Object.keys(options));
    if (given.has(name)) throw usageError(`--${name}: given more than once; allowed: once`);
    if (isValue(option)) {
      // What begins with a hyphen is the next option far more often than a value, which can be written with `=`.
      if (value === undefined || (inlineValue !== true && /^-./.test(value)))
        throw wrongOption({
          option: `--${name}`,
          allowed: `--${name} ${option.value}`,
          fix: `Add the value. A value that begins with a hyphen is written --${name}=VALUE.`,
        });
    } else if (value !== undefined)
      throw wrongOption({ option: `--${name}`, given: value, allowed: "no value", fix: `Write --${name} only.` });
    given.set(name, value ?? "");
  }
  return { given, positionals };
}

function unknownOption(command: string, given: string, names: readonly string[]): UserError {
  const candidates = [...names, "help"];
  const close = nearest(given.replace(/^-+/, ""), candidates);
  return usageError(
    `Unknown option '${given}' of rampart ${command}${close === undefined ? "" : `; did you mean --${close}?`}`,
  );
}

function read(name: string, option: Option, given: string | undefined): unknown {
  if (!isValue(option)) return given !== undefined;
  if (given === undefined) return option.default;
  return option.read(given, (allowed, fix) =>
    wrongOption({ option: `--${name}`, given, allowed, ...defined({ fix }) }),
  );
}

function stackOf({ name, stack: use, rest }: Syntax, positionals: readonly string[]): string | undefined {
  const [stack, ...more] = positionals;
  const [extra] = use === "none" ? positionals : more;
  if (extra !== undefined)
    throw usageError(
      `Unexpected argument '${extra}' of rampart ${name}; allowed: ${use === "none" ? "options only" : "one stack"}`,
      rest === undefined ? undefined : `${rest.value} follow \`--\`.`,
    );
  if (stack === undefined && use === "required")
    throw wrongOption({
      option: "<stack>",
      allowed: "the name of one stack",
      fix: `Name the stack: \`npx rampart ${name} prod\`.`,
    });
  return stack === undefined ? undefined : stackName("<stack>", stack);
}

/** @throws UserError where the text is no stack's name */
export function stackName(option: string, given: string): string {
  if (isStackName(given)) return given;
  throw wrongOption({ option, given, allowed: "letters, digits, hyphens, underscores and periods" });
}

/** Any text but an empty one. */
export const anyText: ValueOption<string>["read"] = (given, refusal) => {
  if (given === "") throw refusal("a text that is not empty");
  return given;
};
