/**
 * Compose files as one model, by the compose specification: several files, `include`, `extends`, anchors and merge
 * keys. It serves where `docker compose config --no-interpolate` cannot, and gives the same:
 * variables stay as they are.
 */
import { dirname, isAbsolute, join } from "node:path";
import { parseDocument } from "yaml";
import { isTree, tree, type Tree } from "../../hardening/tree";
import { list, pairs, text, texts } from "./tree";

/** The content of a file; undefined where there is none. */
export type ReadFile = (path: string) => string | undefined;

/** A compose file that cannot be read. The message never repeats what the file holds. */
export class ComposeError extends Error {}

/** Deeper than any file includes or extends another. */
const MAX_DEPTH = 16;

/** @param files absolute paths; later files override earlier ones. @throws ComposeError */
export function loadFiles(files: readonly string[], read: ReadFile): Tree {
  const models = files.map((file) => loadFile(file, read, 0));
  return models.reduce((all, one) => merge(all, one));
}

function loadFile(file: string, read: ReadFile, depth: number): Tree {
  if (depth > MAX_DEPTH) throw new ComposeError(`${file}: it includes or extends itself`);
  const { services, include, ...rest } = parseFile(file, read);
  if (services !== undefined && services !== null && !isTree(services))
    throw new ComposeError(`${file}: services is not a mapping`);
  const resolved = Object.fromEntries(
    Object.keys(tree(services)).map((name) => [
      name,
      loadService({ services: tree(services), name, file, read, depth }),
    ]),
  );
  const own: Tree = { ...rebaseTop(rest, dirname(file)), services: resolved };
  const included = list(include).flatMap((one) => {
    const paths = isTree(one) ? texts(one["path"]) : texts(one);
    return paths.map((path) => loadFile(rebase(path, dirname(file)), read, depth + 1));
  });
  return [...included, own].reduce((all, one) => merge(all, one));
}

function parseFile(file: string, read: ReadFile): Tree {
  const source = read(file);
  if (source === undefined) throw new ComposeError(`${file}: there is no such file`);
  const reset = { tag: "!reset", resolve: () => null };
  const document = parseDocument(source, { merge: true, uniqueKeys: false, logLevel: "silent", customTags: [reset] });
  const [error] = document.errors;
  if (error !== undefined) throw new ComposeError(`${file}: not YAML at ${position(error)}`);
  let model: unknown;
  try {
    model = document.toJS({ maxAliasCount: 10_000 });
  } catch {
    throw new ComposeError(`${file}: its aliases cannot be resolved`);
  }
  if (!isTree(model)) throw new ComposeError(`${file}: not a mapping with the key services`);
  // Compose's first form has the services at the top.
  const old =
    !("services" in model) &&
    !("include" in model) &&
    Object.values(model).some((one) => isTree(one) && ("image" in one || "build" in one));
  return old ? { services: model } : model;
}

/** A parser's own message repeats the line, which may hold a secret. */
function position({
  linePos,
}: {
  readonly linePos?: readonly { readonly line: number; readonly col: number }[];
}): string {
  const first = linePos?.[0];
  return first === undefined ? "an unknown place" : `line ${first.line}, column ${first.col}`;
}

interface ServiceArgs {
  readonly services: Tree;
  readonly name: string;
  readonly file: string;
  readonly read: ReadFile;
  readonly depth: number;
}

function loadService({ services, name, file, read, depth }: ServiceArgs): Tree {
  if (depth > MAX_DEPTH) throw new ComposeError(`${file}: ${name} extends itself`);
  const { extends: base, ...own } = tree(services[name]);
  const service = rebaseService(own, dirname(file));
  if (base === undefined || base === null) return service;
  const from = isTree(base) ? text(base["service"]) : text(base);
  const path = isTree(base) ? text(base["file"]) : undefined;
  const other = path === undefined ? file : rebase(path, dirname(file));
  const siblings = path === undefined ? services : tree(parseFile(other, read)["services"]);
  if (from === undefined || !(from in siblings))
    throw new ComposeError(`${file}: ${name} extends a service that ${other} does not have`);
  return mergeService(loadService({ services: siblings, name: from, file: other, read, depth: depth + 1 }), service);
}

const rebase = (path: string, directory: string): string =>
  isAbsolute(path) || path.startsWith("~") || path.startsWith("$") ? path : join(directory, path);

const isRelative = (source: string): boolean => /^\.\.?(?:\/|$)/.test(source);

/** Paths in a file are relative to that file, also where another one extends it. */
function rebaseService(service: Tree, directory: string): Tree {
  const { env_file: envFile, volumes, build, ...rest } = service;
  const context = isTree(build) ? (text(build["context"]) ?? ".") : text(build);
  return {
    ...rest,
    ...(envFile === undefined
      ? {}
      : {
          env_file: list(envFile).map((one) =>
            isTree(one)
              ? { ...one, path: rebase(text(one["path"]) ?? "", directory) }
              : rebase(text(one) ?? "", directory),
          ),
        }),
    ...(volumes === undefined ? {} : { volumes: list(volumes).map((one) => rebaseVolume(one, directory)) }),
    ...(context === undefined
      ? {}
      : { build: { ...tree(build), context: /:\/\/|^git@/.test(context) ? context : rebase(context, directory) } }),
  };
}

function rebaseVolume(volume: unknown, directory: string): unknown {
  if (isTree(volume)) {
    const source = text(volume["source"]);
    return source !== undefined && isRelative(source) ? { ...volume, source: rebase(source, directory) } : volume;
  }
  const short = text(volume) ?? "";
  const [source = "", ...rest] = short.split(":");
  return isRelative(source) && rest.length > 0 ? [rebase(source, directory), ...rest].join(":") : short;
}

function rebaseTop(model: Tree, directory: string): Tree {
  const files = (block: unknown): Tree =>
    Object.fromEntries(
      Object.entries(tree(block)).map(([name, one]) => {
        const file = text(tree(one)["file"]);
        return [name, file === undefined ? one : { ...tree(one), file: rebase(file, directory) }];
      }),
    );
  return {
    ...model,
    ...("secrets" in model ? { secrets: files(model["secrets"]) } : {}),
    ...("configs" in model ? { configs: files(model["configs"]) } : {}),
  };
}

function merge(base: Tree, over: Tree): Tree {
  const names = new Set([...Object.keys(tree(base["services"])), ...Object.keys(tree(over["services"]))]);
  const services = Object.fromEntries(
    [...names].map((name) => [
      name,
      mergeService(tree(tree(base["services"])[name]), tree(tree(over["services"])[name])),
    ]),
  );
  return { ...mergeValues(base, over), services };
}

/** Lists of `NAME=value` that a later file changes by the name. */
const BY_NAME = ["environment", "labels", "annotations", "sysctls"];
const REPLACED = ["command", "entrypoint"];

export function mergeService(base: Tree, over: Tree): Tree {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = base[key];
    if (before === undefined || REPLACED.includes(key)) merged[key] = value;
    else if (value === null) delete merged[key];
    else if (BY_NAME.includes(key))
      merged[key] = Object.fromEntries([...pairs(before), ...pairs(value)].map(([name, one]) => [name, one ?? null]));
    else if (key === "depends_on") merged[key] = { ...dependencies(before), ...dependencies(value) };
    else if (key === "volumes") merged[key] = byTarget([...list(before), ...list(value)]);
    else if (key === "healthcheck") merged[key] = { ...tree(before), ...tree(value) };
    else merged[key] = mergeValues(before, value);
  }
  return merged;
}

const dependencies = (value: unknown): Tree =>
  isTree(value) ? value : Object.fromEntries(texts(value).map((name) => [name, { condition: "service_started" }]));

/** The last of the mounts of one path. */
function byTarget(volumes: readonly unknown[]): unknown[] {
  const target = (volume: unknown): string =>
    isTree(volume) ? (text(volume["target"]) ?? "") : ((text(volume) ?? "").split(":").slice(0, 2).at(-1) ?? "");
  return [...new Map(volumes.map((volume) => [target(volume), volume])).values()];
}

function mergeValues(base: unknown, over: unknown): Tree;
function mergeValues(base: unknown, over: unknown): unknown {
  if (isTree(base) && isTree(over)) {
    const merged: Record<string, unknown> = { ...base };
    for (const [key, value] of Object.entries(over)) merged[key] = key in base ? mergeValues(base[key], value) : value;
    return merged;
  }
  if (!Array.isArray(base) || !Array.isArray(over)) return over;
  const all = [...(base as unknown[]), ...(over as unknown[])];
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}
