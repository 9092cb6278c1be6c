/** What facts.sh and the engine say of a host, as they say it: nothing is judged here. */
import { defined } from "../defined";
import { fileText } from "../files";
import { isTree, leaf, tree, type Tree } from "../tree";

/** Runs on the host, by `sh -s -- SOCKET ROOT`. */
export const FACTS_SCRIPT = fileText(__dirname, "facts.sh");

/** One line of facts.sh. */
export interface Fact {
  readonly kind: string;
  readonly key: string;
  readonly value: string;
}

/** What the Docker CLI says of the engine; each undefined where it did not answer. */
export interface EngineFacts {
  /** `docker info` */
  readonly info?: Tree;
  /** `docker version` */
  readonly version?: Tree;
  /** `docker network inspect bridge`, its first element */
  readonly bridge?: Tree;
  /** What runs: names, and what is published, as `docker ps` writes them: `0.0.0.0:80->80/tcp, :::80->80/tcp` */
  readonly published?: readonly { readonly name: string; readonly ports: string }[];
  /** Why the engine did not answer. */
  readonly silent?: string;
}

/** A host and its engine, for the judges. */
export class HostFacts {
  constructor(
    private readonly facts: readonly Fact[],
    readonly engine: EngineFacts,
    /** Why there are no facts of the host. @default there are */
    readonly unseen?: string,
  ) {}

  all(kind: string, key?: string): readonly Fact[] {
    return this.facts.filter((fact) => fact.kind === kind && (key === undefined || fact.key === key));
  }

  values(kind: string, key?: string): readonly string[] {
    return this.all(kind, key).map(({ value }) => value);
  }

  value(kind: string, key: string): string | undefined {
    return this.values(kind, key)[0];
  }

  /** Why a fact is not known; undefined where nothing kept it hidden. */
  hidden(key: string): string | undefined {
    return this.value("hidden", key);
  }

  get isRoot(): boolean {
    return this.value("system", "uid") === "0";
  }

  get info(): Tree {
    return this.engine.info ?? {};
  }

  /** Such as `name=seccomp,profile=builtin`. */
  get securityOptions(): readonly string[] {
    const options = this.info["SecurityOptions"];
    return Array.isArray(options) ? options.map(leaf) : [];
  }

  has(securityOption: string): boolean {
    return this.securityOptions.some((option) => option.split(",")[0] === `name=${securityOption}`);
  }

  get warnings(): readonly string[] {
    const warnings = this.info["Warnings"];
    return Array.isArray(warnings) ? warnings.map(leaf) : [];
  }

  /** A key of /etc/os-release without its quotes; an empty text where there is none. */
  os(key: string): string {
    return (this.value("os", key) ?? "").replace(/^(["'])(.*)\1$/, "$2");
  }
}

const HEAD = "rampart-host-facts\t1\t";

/**
 * Reads what facts.sh wrote. What a login shell says before it is left out.
 * @throws Error where it is not whole
 */
export function parseFacts(text: string): readonly Fact[] {
  const lines = text.split(/\r?\n/);
  const [start, end] = [lines.indexOf(HEAD), lines.indexOf("end\t\t")];
  if (start < 0 || end < start) throw new Error("the host did not answer with facts, or not with all of them");
  return lines.slice(start + 1, end).map((line) => {
    const [kind = "", key = "", ...rest] = line.split("\t");
    return { kind, key, value: rest.join("\t") };
  });
}

/** Why the script's facts are not those of the engine's host; undefined where they are. */
export function unseenHost(facts: readonly Fact[], info: Tree | undefined): string | undefined {
  const one = (kind: string, key: string): string | undefined =>
    facts.find((fact) => fact.kind === kind && fact.key === key)?.value;
  const system = leaf(tree(info)["OperatingSystem"]);
  if (/^Docker Desktop/.test(system)) return "the engine runs in the virtual machine of Docker Desktop";
  const os = one("system", "os");
  if (os !== "Linux") return `this machine runs ${os ?? "no known system"}: the engine's host is another one`;
  const inside = one("system", "inside");
  const engines = facts.some(({ kind }) => kind === "engine");
  if (inside !== undefined && !engines) return `this is a container (${inside}): the engine's host is not seen from it`;
  return undefined;
}

/** Elements of a list of structures; an empty list for anything else. */
export const trees = (value: unknown): readonly Tree[] => (Array.isArray(value) ? value.filter(isTree) : []);

/** What facts.sh heard from the engine, where it was told to ask; undefined where the engine did not answer it. */
export function saidFacts(facts: readonly Fact[]): EngineFacts | undefined {
  const said = (key: string): readonly string[] =>
    facts.filter((fact) => fact.kind === "said" && fact.key === key).map(({ value }) => value);
  const json = (key: string): Tree | undefined => {
    const value = jsonTree(said(key)[0] ?? "");
    return value === undefined || Object.keys(value).length === 0 ? undefined : value;
  };
  const info = json("info");
  if (info === undefined) return undefined;
  return defined({
    info,
    version: json("version"),
    bridge: json("bridge"),
    published: said("published").map((line) => {
      const [name = "", ports = ""] = line.split("\t");
      return { name, ports };
    }),
  });
}

/** The structure of a JSON text; undefined where the text is not one. */
export function jsonTree(text: string): Tree | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isTree(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
