import { basename, dirname, relative, resolve } from "node:path";
import { convert } from "../../config/compose/convert";
import { openFaults } from "../../config/compose/open";
import { writeStackFile, type KeptSecrets } from "../../config/compose/write";
import { readDotenv } from "../../config/compose/dotenv";
import { tree, type Tree } from "../../hardening/tree";
import { list, texts } from "../../config/compose/tree";
import type { Context } from "../shared/command";
import { UserError } from "../shared/errors";
import type { Written } from "./answers";
import { commands } from "./commands";
import { composeFiles, composeModel, disk, readText } from "./files";
import { imageFacts } from "./images";
import { reportText } from "./report";
import { header } from "./write";
import { interpolate } from "../../config/compose/interpolate";
import { Hidden, isMarked } from "../../config/compose/hidden";

export interface FromArgs extends Written {
  /** As the user wrote it. */
  readonly from: string;
  readonly profiles: readonly string[];
  readonly offline: boolean;
  readonly envFile?: string;
  readonly kept?: KeptSecrets;
}

export interface FromResult {
  readonly text: string;
  readonly report: string;
}

/**
 * Makes a stack's file, and the report, from a compose file.
 * @throws UserError where the compose file cannot be read
 */
export async function fromCompose({ env, print, cwd }: Context, args: FromArgs): Promise<FromResult> {
  const { stack, environment, target } = args;
  const files = composeFiles(args.from, cwd);
  const directory = dirname(files[0] ?? "");
  const variables = variablesOf(
    args.envFile === undefined ? `${directory}/.env` : resolve(cwd, args.envFile),
    args.envFile,
    env,
  );
  const model = await composeModel(files, env, print);
  if (Object.keys(tree(model["services"])).length === 0) throw new UserError(`${args.from} has no services.`);
  const images = args.offline ? new Map() : await imageFacts(imagesOf(model, variables), print);
  const conversion = convert({
    model,
    environment,
    images,
    lookUp: (name) => variables.get(name),
    files: disk,
    profiles: args.profiles,
    project: slug(
      typeof model["name"] === "string" && !model["name"].includes("$") ? model["name"] : basename(directory),
    ),
  });
  const { values, comments, secrets } = conversion;
  const names = files
    .map((file) => relative(cwd, file) || file)
    .map((file) => (file.startsWith("..") ? basename(file) : file));
  const text = writeStackFile({
    header: [
      ...header(`Written by \`npx rampart init\` from ${names.join(", ")}.`),
      "Each place that begins with FILL IN is for a person: `npx rampart plan` refuses it until the value is there.",
    ],
    values,
    comments,
    ...(args.kept === undefined ? {} : { kept: args.kept }),
  });
  const report = reportText({
    title: `Wrote ${target.shown} from ${names.join(", ")}: stack ${stack}, environment ${environment}.`,
    conversion,
    open: openFaults({ stack, values, secretKeys: secrets.map(({ key }) => key) }),
    commands: commands({
      stack,
      environment,
      target,
      secrets,
      copies: conversion.copies.map((line) => fromHere(line, directory, cwd)),
    }),
    directory,
  });
  return { text, report };
}

/** A path in a command, from the current directory. */
const fromHere = (line: string, directory: string, cwd: string): string => {
  const near = relative(cwd, directory);
  return line.replaceAll(`${directory}/`, near.startsWith("..") ? `${directory}/` : near === "" ? "./" : `./${near}/`);
};

/**
 * The shell's variables, and before them those of the env file, as Compose has it.
 * @param given how the user named the file; undefined for the one that need not be there
 * @throws UserError where a named file is not there
 */
function variablesOf(path: string, given: string | undefined, env: NodeJS.ProcessEnv): ReadonlyMap<string, string> {
  const source = readText(path);
  if (source === undefined && given !== undefined) throw new UserError(`There is no file ${given}.`);
  const variables = new Map<string, string>();
  const lookUp = (name: string): string => env[name] ?? variables.get(name) ?? "";
  for (const { name, value, literal } of source === undefined ? [] : readDotenv(source)) {
    // A value may name the variables above it. What is secret in it is hidden where it is used.
    const whole = literal
      ? value
      : value.replace(/\$(?:\{(\w+)\}|([A-Za-z_]\w*))/g, (_all, braced?: string, bare?: string) =>
          lookUp(braced ?? bare ?? ""),
        );
    variables.set(name, whole);
  }
  for (const [name, value] of Object.entries(env)) if (value !== undefined) variables.set(name, value);
  return variables;
}

/** The images that the engine may know, their variables replaced. */
function imagesOf(model: Tree, variables: ReadonlyMap<string, string>): string[] {
  const hidden = new Hidden();
  const images = Object.values(tree(model["services"])).flatMap((service) => texts(list(tree(service)["image"])));
  const resolved = images.map((image) => interpolate(image, (name) => variables.get(name), hidden));
  return [...new Set(resolved)].filter(
    (image) => !isMarked(image) && /^[\w./:@-]+$/.test(image) && !image.startsWith("-"),
  );
}

const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40) || "app";
