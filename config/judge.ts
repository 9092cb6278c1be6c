/**
 * Finds every fault of a configuration in one go. zod stops at faults of shape before it looks at what the values mean
 * together; so each faulty value is reported, taken out of a draft, and the rest judged again until nothing is wrong
 * with it. What is left is what the cross-checks can judge.
 */
import { issueToFaults, type Fault } from "./faults";
import type { StackConfig, stackSchema } from "./schema";

export interface Judgement {
  readonly faults: readonly Fault[];
  /** The configuration without its faulty parts; undefined where nothing of it could be kept. */
  readonly config: StackConfig | undefined;
  /** From a path in `config` to the path that the user wrote. */
  readonly origin: (path: readonly PropertyKey[]) => readonly PropertyKey[];
}

type Path = readonly PropertyKey[];
type Container = Record<PropertyKey, unknown> | unknown[];

/** Each round takes out what the round before could not see yet: shape, then a value's checks, then an object's. */
const MAX_ROUNDS = 12;
const STAND_IN_IMAGE = `stand-in:1@sha256:${"5".repeat(64)}`;

/** What takes the place of a value that cannot be left out, so that its surroundings are judged all the same. */
const STAND_INS: Readonly<Record<string, (faulty: unknown) => unknown>> = {
  image: () => STAND_IN_IMAGE,
  port: () => 65_535,
  healthCheck: () => ({ command: ["true"] }),
  certificates: (faulty) => (typeof faulty === "object" ? { directory: "https://acme.invalid/directory" } : undefined),
};

export function judge(schema: ReturnType<typeof stackSchema>, values: Readonly<Record<string, unknown>>): Judgement {
  const draft = new Draft(structuredClone(values));
  const faults: Fault[] = [];
  const origin = (path: Path): Path => draft.origin(path);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const parsed = schema.safeParse(draft.value);
    if (parsed.success) return { faults, config: parsed.data, origin };
    const found = parsed.error.issues.flatMap((issue) => issueToFaults(issue, values, origin));
    faults.push(...(round === 0 ? found : found.filter((fault) => !isCovered(fault, faults))));
    draft.remove(parsed.error.issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path])));
  }
  return { faults, config: undefined, origin };
}

/** Whether a fault is only the consequence of one that is known: it lies where something was taken out. */
export const isCovered = (fault: Fault, known: readonly Fault[]): boolean =>
  known.some(({ path }) => fault.path === path || fault.path.startsWith(`${path}.`) || fault.path.startsWith(`${path}[`));

/** A copy of the configuration that loses its faulty parts, and remembers where the rest stood. */
class Draft {
  /** The original keys of arrays that lost elements, and of objects whose keys were renamed. */
  private readonly keys = new WeakMap<object, Map<PropertyKey, PropertyKey>>();
  private readonly replaced = new Set<string>();
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

  remove(paths: readonly Path[]): void {
    // Later elements first, and what is inside before what holds it: so no path is moved by an earlier removal.
    for (const path of [...paths].sort(insideOut)) this.removeOne(path);
  }

  private removeOne(path: Path): void {
    const parent = this.at(path.slice(0, -1));
    const key = path.at(-1);
    if (key === undefined) return;
    if (!isContainer(parent)) return path.length > 1 ? this.removeOne(path.slice(0, -1)) : undefined;
    if (Array.isArray(parent)) return this.removeElement(parent, Number(key));
    const id = JSON.stringify(path.map(String));
    const standIn = this.replaced.has(id) || !Object.hasOwn(STAND_INS, String(key)) ? undefined : STAND_INS[String(key)]?.(parent[key]);
    this.replaced.add(id);
    if (standIn !== undefined) parent[key] = standIn;
    else if (path.length === 2 && path[0] === "services" && !/^[a-z][a-z0-9-]*$/.test(String(key))) this.rename(parent, String(key));
    else if (Object.hasOwn(parent, key)) delete parent[key];
    else this.removeOne(path.slice(0, -1));
  }

  private removeElement(array: unknown[], index: number): void {
    const originals = array.map((_, position) => this.keys.get(array)?.get(position) ?? position);
    array.splice(index, 1);
    originals.splice(index, 1);
    this.keys.set(array, new Map(originals.map((original, position) => [position, original])));
  }

  private rename(parent: Record<PropertyKey, unknown>, key: string): void {
    const name = `renamed-${(this.renamed += 1)}`;
    parent[name] = parent[key];
    delete parent[key];
    this.keys.set(parent, new Map([...(this.keys.get(parent) ?? []), [name, key]]));
  }

  private at(path: Path): unknown {
    return path.reduce<unknown>((value, part) => (isContainer(value) && Object.hasOwn(value, part) ? (value as Record<PropertyKey, unknown>)[part] : undefined), this.value);
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
