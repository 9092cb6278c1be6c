/**
 * Finds every fault of a configuration in one go. zod stops at faults of shape before it looks at what the values mean
 * together; so each faulty value is reported, taken out of a draft, and the rest judged again until nothing is wrong
 * with it. What is left is what the cross-checks can judge.
 */
import type { z } from "zod";
import { keyPath, type Fault } from "./faults";
import { issueToFaults } from "./issues";
import { slipsOf, withoutConsequences, type Slip } from "./slips";
import { placesIn } from "./places";
import type { StackConfig, stackSchema } from "./schema";
import { NO_PERMISSION } from "./schema/docker-api";
import { withRoutePresets } from "./schema/route-presets";

export interface Judgement {
  readonly faults: readonly Fault[];
  /** Whether a fault found later is only the consequence of what was taken out. */
  readonly isConsequence: (fault: Fault) => boolean;
  /** The configuration without its faulty parts; undefined where nothing of it could be kept. */
  readonly config: StackConfig | undefined;
  /** From a path in `config` to the path that the user wrote. */
  readonly origin: (path: readonly PropertyKey[]) => readonly PropertyKey[];
}

type Path = readonly PropertyKey[];
type Container = Record<PropertyKey, unknown> | unknown[];

/** Each round takes out what the round before could not see yet: shape, then a value's checks, then an object's. */
const MAX_ROUNDS = 12;
const COMMAND_LINES: readonly PropertyKey[] = ["command", "entrypoint"];
const STAND_IN_WORD = "$STAND_IN";
const STAND_IN_IMAGE = `stand-in:1@sha256:${"5a".repeat(32)}`;

/** What takes the place of a value that cannot be left out, so that its surroundings are judged all the same. */
const STAND_INS: Readonly<Record<string, (faulty: unknown, count: number) => unknown>> = {
  image: () => STAND_IN_IMAGE,
  port: () => 65_535,
  // The default would claim the whole host, which may be another route's.
  pathPrefix: (_faulty, count) => `/stand-in-${count}`,
  healthCheck: () => ({ command: ["true"] }),
  // What else the service says may rest on its having one.
  cache: () => true,
  certificates: (faulty) => (typeof faulty === "object" ? { directory: "https://acme.invalid/directory" } : undefined),
};

export function judge(schema: ReturnType<typeof stackSchema>, values: Readonly<Record<string, unknown>>): Judgement {
  const draft = new Draft(withRoutePresets(structuredClone(values)));
  const faults: Fault[] = [];
  const removed = new Set<string>();
  const misspelt = new Set<string>();
  const origin = (path: Path): Path => draft.origin(path);
  const isConsequence = ({ path }: Fault): boolean => around(path).some((one) => removed.has(one));
  const places = placesIn(values);
  faults.push(
    ...places.map(({ path, what }) => ({
      path: keyPath(path),
      given: "a place to fill in",
      allowed: what,
      fix: "write it in place of the text that begins with FILL IN",
    })),
  );
  // The text itself is no second fault, nor what it makes of the part that it stands in.
  for (const { path } of places) removed.add(keyPath(withinPart(path)));
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const parsed = schema.safeParse(draft.value);
    if (parsed.success) return { faults: withoutMeant(faults), isConsequence, config: parsed.data, origin };
    const slips = slipsOf(parsed.error.issues, { schema, at: (path) => draft.at(path) });
    const issues = withoutConsequences(parsed.error.issues, slips);
    const told = (issue: z.core.$ZodIssue): void => {
      if (!draft.hasLost(issue.path))
        faults.push(
          ...issueToFaults(issue, { root: values, schema, origin }).filter(
            // Of a misspelt key its spelling is told, and what is wrong within its value.
            (fault) => !isConsequence(fault) && !misspelt.has(fault.path),
          ),
        );
    };
    issues.forEach(told);
    for (const { path, key } of slips) {
      told({ code: "unrecognized_keys", keys: [key], path: [...path], message: "" });
      misspelt.add(keyPath(origin([...path, key])));
    }
    const targets = distinct(issues.flatMap((issue) => targetsOf(issue)));
    for (const { path, rename } of targets) if (!rename) removed.add(keyPath(origin(path)));
    draft.remove(targets);
    for (const slip of slips) draft.correct(slip);
  }
  return { faults: withoutMeant(faults), isConsequence, config: undefined, origin };
}

/** What holds programs by name. */
const HOLDERS = ["services", "jobs"];

/** Parts of a service that a place within them leaves without sense as a whole. */
const PARTS = ["healthCheck", "cache", "dockerApi"];

function withinPart(path: Path): Path {
  const at = path.findIndex((part) => PARTS.includes(String(part)));
  return at < 0 ? path : path.slice(0, at + 1);
}

/** A path, and those of all that it stands in. */
const around = (path: string): string[] => [
  path,
  ...[...path.matchAll(/[.[]/g)].map(({ index }) => path.slice(0, index)),
];

/**
 * One mistake, one fault: what is missing because a misspelt key beside it is told to be meant,
 * or something in it is wrong.
 */
function withoutMeant(faults: readonly Fault[]): Fault[] {
  const meant = new Set(
    faults.flatMap(({ path, fix }) => {
      const key = /^write it as (\w+)$/.exec(fix)?.[1];
      return key === undefined ? [] : [`${path.slice(0, path.lastIndexOf("."))}.${key}`];
    }),
  );
  const isEmpty = ({ path, given }: Fault): boolean =>
    given === NO_PERMISSION && faults.some((other) => other.path.startsWith(`${path}.`));
  return faults.filter((fault) => !isEmpty(fault) && (fault.given !== "nothing" || !meant.has(fault.path)));
}

const distinct = (targets: readonly Target[]): Target[] => [
  ...new Map(targets.map((target) => [JSON.stringify(target.path.map(String)), target])).values(),
];

interface Target {
  readonly path: Path;
  /** Whether only the key is at fault: what stands under it is judged all the same. */
  readonly rename: boolean;
}

/** What has to go for an issue to vanish. */
function targetsOf(issue: z.core.$ZodIssue): Target[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path: wholeSecret([...issue.path, key]), rename: false }));
  return [
    {
      path: wholeSecret(issue.path),
      rename: issue.code === "invalid_key" && issue.path.length === 2 && HOLDERS.includes(String(issue.path[0])),
    },
  ];
}

/** Half of a secret's source says nothing: the secret goes as a whole. */
const wholeSecret = (path: Path): Path => {
  const at = path.findIndex((part, index) => part === "from" && index < path.length - 1);
  return at < 0 ? path : path.slice(0, at);
};

/** A copy of the configuration that loses its faulty parts, and remembers where the rest stood. */
class Draft {
  /** The original keys of arrays that lost elements, and of objects whose keys were renamed. */
  private readonly keys = new WeakMap<object, Map<PropertyKey, PropertyKey>>();
  private readonly replaced = new Set<string>();
  /** Objects that lost a key. */
  private readonly poorer = new WeakSet<object>();
  private renamed = 0;

  constructor(readonly value: Record<string, unknown>) {}

  origin(path: Path): Path {
    let at: unknown = this.value;
    return path.map((part) => {
      const original = isContainer(at) ? (this.keys.get(at)?.get(part) ?? part) : part;
      at = isContainer(at) ? (at as Record<PropertyKey, unknown>)[part] : undefined;
      return original;
    });
  }

  /**
   * Whether an object, a list, or a list right inside an object, has less than the user wrote: then that may be why
   * something is missing.
   */
  hasLost(path: Path): boolean {
    const value = this.at(path);
    if (isContainer(value) && this.poorer.has(value)) return true;
    return (
      isContainer(value) && [value, ...Object.values(value)].some((list) => Array.isArray(list) && this.keys.has(list))
    );
  }

  remove(targets: readonly Target[]): void {
    // Later elements first, and what is inside before what holds it: so no path is moved by an earlier removal.
    for (const { path, rename } of [...targets].sort((a, b) => insideOut(a.path, b.path))) this.removeOne(path, rename);
  }

  private removeOne(path: Path, rename = false): void {
    const parent = this.at(path.slice(0, -1));
    const key = path.at(-1);
    if (key === undefined) return;
    if (!isContainer(parent)) return path.length > 1 ? this.removeOne(path.slice(0, -1)) : undefined;
    // The words of a command line stand in an order: what follows one that is gone would be another's value.
    if (Array.isArray(parent) && path.some((part) => COMMAND_LINES.includes(part))) parent[Number(key)] = STAND_IN_WORD;
    else if (Array.isArray(parent)) this.removeElement(parent, Number(key));
    if (Array.isArray(parent)) return;
    const id = JSON.stringify(path.map(String));
    const standIn =
      this.replaced.has(id) || !Object.hasOwn(STAND_INS, String(key))
        ? undefined
        : STAND_INS[String(key)]?.(parent[key], this.replaced.size);
    this.replaced.add(id);
    if (standIn !== undefined) parent[key] = standIn;
    else if (rename) this.rename(parent, String(key), `renamed-${(this.renamed += 1)}`);
    else if (Object.hasOwn(parent, key)) {
      delete parent[key];
      this.poorer.add(parent);
    } else this.removeOne(path.slice(0, -1));
  }

  private removeElement(array: unknown[], index: number): void {
    const originals = array.map((_, position) => this.keys.get(array)?.get(position) ?? position);
    array.splice(index, 1);
    originals.splice(index, 1);
    this.keys.set(array, new Map(originals.map((original, position) => [position, original])));
  }

  /** Gives a misspelt key the name that was meant, so that its value is judged, and nothing is missing. */
  correct({ path, key, meant }: Slip): void {
    const parent = this.at(path);
    if (isContainer(parent) && !Array.isArray(parent) && Object.hasOwn(parent, key)) this.rename(parent, key, meant);
  }

  private rename(parent: Record<PropertyKey, unknown>, key: string, name: string): void {
    parent[name] = parent[key];
    delete parent[key];
    this.keys.set(parent, new Map([...(this.keys.get(parent) ?? []), [name, key]]));
  }

  at(path: Path): unknown {
    return path.reduce<unknown>(
      (value, part) =>
        isContainer(value) && Object.hasOwn(value, part) ? (value as Record<PropertyKey, unknown>)[part] : undefined,
      this.value,
    );
  }
}

const isContainer = (value: unknown): value is Container => typeof value === "object" && value !== null;

function insideOut(a: Path, b: Path): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [x, y] = [a[index], b[index]];
    if (x === y) continue;
    return typeof x === "number" && typeof y === "number" ? y - x : String(x) < String(y) ? -1 : 1;
  }
  return b.length - a.length;
}
