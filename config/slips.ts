/** Misspelt keys of which it is plain what was meant, and the issues that another one explains. */
import type { z } from "zod";
import { isTree } from "../hardening/tree";
import { keyHint } from "./key-hints";
import type { stackSchema } from "./schema";
import { keysAt } from "./schema-keys";

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

export interface Slip {
  /** Of the object that has the key. */
  readonly path: Path;
  readonly key: string;
  /** The key that was meant, which the object does not have. */
  readonly meant: string;
}

interface Surroundings {
  readonly schema: ReturnType<typeof stackSchema>;
  /** What stands at a path. */
  readonly at: (path: Path) => unknown;
}

/** The slips that issues tell of, those within the forms of a union included; one for a key that was meant. */
export function slipsOf(issues: readonly Issue[], surroundings: Surroundings): Slip[] {
  const slips = issues.flatMap((issue) => slipsIn(issue, [], surroundings));
  const id = ({ path, meant }: Slip): string => JSON.stringify([...path.map(String), meant]);
  // The first of two keys that mean the same.
  return [...new Map(slips.toReversed().map((slip) => [id(slip), slip])).values()].toReversed();
}

function slipsIn(issue: Issue, around: Path, surroundings: Surroundings): Slip[] {
  const path = [...around, ...issue.path];
  if (issue.code === "invalid_union")
    return issue.errors.flatMap((branch) => branch.flatMap((inner) => slipsIn(inner, path, surroundings)));
  if (issue.code !== "unrecognized_keys") return [];
  const { schema, at } = surroundings;
  const value = at(path);
  if (!isTree(value)) return [];
  const known = keysAt(schema, path);
  return issue.keys.flatMap((key): Slip[] => {
    // A key of another form of the union is no slip.
    const meant = known.includes(key) ? undefined : /^write it as `?(\w+)`?$/.exec(keyHint(key, path, schema))?.[1];
    if (meant === undefined || !known.includes(meant) || Object.hasOwn(value, meant)) return [];
    return [{ path, key, meant }];
  });
}

/** The largest whole number that JavaScript counts to, which is the limit of a key that names none. */
const isOwnLimit = (issue: Issue): boolean =>
  issue.code === "too_big" && Number(issue.maximum) >= Number.MAX_SAFE_INTEGER;

/**
 * The issues of a round without those that another one of them explains: of a key that a misspelt one stands for, of a
 * whole whose part is at fault (the next round judges the whole without the part), and what slips leave of others.
 */
export function withoutConsequences(issues: readonly Issue[], slips: readonly Slip[]): Issue[] {
  const isIn = (inner: Path, outer: Path): boolean =>
    outer.every((part, index) => String(part) === String(inner[index]));
  const explained = (issue: Issue): boolean => {
    if (slips.some(({ path, meant }) => samePath(issue.path, [...path, meant]))) return true;
    if (issue.code === "invalid_union") return slips.some(({ path }) => isIn(path, issue.path));
    if (issue.code !== "custom") return false;
    if (slips.some(({ path }) => isIn(path, issue.path))) return true;
    return issues.some((other) => other.path.length > issue.path.length && isIn(other.path, issue.path));
  };
  return issues
    .filter(
      (issue) => !isOwnLimit(issue) || !issues.some((other) => other !== issue && samePath(other.path, issue.path)),
    )
    .filter((issue) => !explained(issue))
    .flatMap((issue): Issue[] => {
      if (issue.code !== "unrecognized_keys") return [issue];
      const keys = issue.keys.filter(
        (key) => !slips.some((slip) => slip.key === key && samePath(slip.path, issue.path)),
      );
      return keys.length === 0 ? [] : [{ ...issue, keys }];
    });
}

const samePath = (a: Path, b: Path): boolean =>
  a.length === b.length && a.every((part, index) => String(part) === String(b[index]));
