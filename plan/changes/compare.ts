import type { LoadedConfig, RouteConfig } from "../../config";
import { canonicalJson } from "../../hardening/canonical-json";
import type { PostureEntry, Status } from "../../hardening/rules";
import { routeName } from "../summary/routes";
import type { Direction } from "./direction";
import { judgeLeaf } from "./judges";
import { leavesOf, routeLeaves, type Leaf, type RouteAlias } from "./leaves";

/** One difference between two stacks. */
export interface Change {
  readonly direction: Direction;
  /** As a person finds it in the stack's file. */
  readonly path: string;
  /** What was there; absent where there was nothing. Never a secret's value. */
  readonly before?: string;
  /** What is there now; absent where there is nothing any more. */
  readonly after?: string;
}

/** A control that stands otherwise than before. */
export interface ControlChange {
  readonly direction: Direction;
  readonly id: string;
  readonly resource: string;
  readonly before: Status;
  readonly after: Status;
}

const ORDER: readonly Direction[] = ["weaker", "stronger", "other"];

/**
 * What changed from one configuration to another, what weakens it first. Two configurations that differ in more than
 * the order of a list always give a change.
 */
export function compareConfigs(before: LoadedConfig, after: LoadedConfig): Change[] {
  const moves = movedRoutes(before, after);
  const lost = lostRoutes(before, after);
  const alias: RouteAlias = (service, route) =>
    moves.find((move) => move.service === service && move.from === route)?.to ?? route;
  const [old, now] = [byPath(leavesOf(before, alias)), byPath(leavesOf(after))];
  const changes = [...new Set([...old.keys(), ...now.keys()])]
    .sort()
    .flatMap((path) => changeOf(old.get(path), now.get(path), { old, now }))
    .map((change) => withDirection(change, lost))
    // What a move says already.
    .filter(({ path }) => !moves.some(({ service, to }) => placeOf(service, to).includes(path)));
  const moved = moves.map(({ service, from, to }): Change => ({
    // Whatever was reached there is reached elsewhere now, where nothing led to it.
    direction: "weaker",
    path: `services.${service}.routes`,
    before: from,
    after: to,
  }));
  return inOrder([...moved, ...changes]);
}

const inOrder = <T extends { readonly direction: Direction }>(changes: readonly T[]): T[] =>
  ORDER.flatMap((direction) => changes.filter((change) => change.direction === direction));

/** Two things of one path (a list that names something twice) are both kept. */
function byPath(leaves: readonly Leaf[]): ReadonlyMap<string, Leaf> {
  const map = new Map<string, Leaf>();
  for (const leaf of leaves) {
    let { path } = leaf;
    for (let number = 2; map.has(path); number += 1) path = `${leaf.path} (${number})`;
    map.set(path, { ...leaf, path });
  }
  return map;
}

interface Sides {
  readonly old: ReadonlyMap<string, Leaf>;
  readonly now: ReadonlyMap<string, Leaf>;
}

function changeOf(before: Leaf | undefined, after: Leaf | undefined, sides: Sides): Change[] {
  const leaf = after ?? before;
  if (leaf === undefined || (before !== undefined && after !== undefined && same(before, after))) return [];
  const direction = judgeLeaf(leaf, before?.value, after?.value);
  // The whole thing came or went, and says so itself. What weakens the stack is told all the same.
  const { group } = leaf;
  if (group !== "" && sides.old.has(group) !== sides.now.has(group) && (direction !== "weaker" || after === undefined))
    return [];
  return [
    {
      direction,
      path: leaf.path,
      ...(before === undefined ? {} : { before: before.text }),
      ...(after === undefined ? {} : { after: after.text }),
    },
  ];
}

const same = (a: Leaf, b: Leaf): boolean => canonicalJson(a.value) === canonicalJson(b.value);

interface Move {
  readonly service: string;
  readonly from: string;
  readonly to: string;
}

/** A service that lost one route and gained one has moved it. */
function movedRoutes(before: LoadedConfig, after: LoadedConfig): Move[] {
  return Object.entries(after.services).flatMap(([service, { routes }]) => {
    const old = (before.services[service]?.routes ?? []).map(routeName);
    const now = routes.map(routeName);
    const [from, ...moreLost] = old.filter((name) => !now.includes(name));
    const [to, ...moreGained] = now.filter((name) => !old.includes(name));
    return from === undefined || to === undefined || moreLost.length + moreGained.length > 0
      ? []
      : [{ service, from, to }];
  });
}

const placeOf = (service: string, route: string): string[] =>
  ["host", "pathPrefix"].map((field) => `services.${service}.routes[${route}].${field}`);

/** The directions of routes that are gone, by their paths. */
function lostRoutes(before: LoadedConfig, after: LoadedConfig): ReadonlyMap<string, Direction> {
  const all = Object.values(after.services).flatMap(({ routes }) => routes);
  return new Map(
    Object.entries(before.services).flatMap(([service, { routes }]) =>
      routes
        .filter((route) => !all.some((other) => routeName(other) === routeName(route)))
        .map((route): [string, Direction] => [
          `services.${service}.routes[${routeName(route)}]`,
          judgeLostRoute(route, all),
        ]),
    ),
  );
}

const withDirection = (change: Change, directions: ReadonlyMap<string, Direction>): Change => {
  const direction = directions.get(change.path);
  return direction === undefined || change.after !== undefined ? change : { ...change, direction };
};

/** Where a route goes, its requests reach the next wider route of the host, and what that one allows. */
function judgeLostRoute(route: RouteConfig, left: readonly RouteConfig[]): Direction {
  const [wider] = left
    .filter(({ host, pathPrefix }) => host === route.host && covers(pathPrefix, route.pathPrefix))
    .sort((a, b) => b.pathPrefix.length - a.pathPrefix.length);
  if (wider === undefined) return "stronger";
  const now = new Map(routeLeaves(wider).map((leaf) => [leaf.path, leaf]));
  const weaker = routeLeaves(route).some((leaf) => judgeLeaf(leaf, leaf.value, now.get(leaf.path)?.value) === "weaker");
  return weaker ? "weaker" : "other";
}

const covers = (prefix: string, path: string): boolean =>
  prefix === "/" || path === prefix || path.startsWith(`${prefix}/`);

/** From the best to the worst. */
const STANDING: readonly Status[] = ["pass", "skip", "open", "accepted", "fail"];

/** Controls of things that both plans have, and that stand otherwise now; what got worse first. */
export function compareControls(before: readonly PostureEntry[], after: readonly PostureEntry[]): ControlChange[] {
  const [old, now] = [worst(before), worst(after)];
  return inOrder(
    [...now].flatMap(([key, entry]): ControlChange[] => {
      const was = old.get(key);
      if (was === undefined || was.status === entry.status) return [];
      const { id, resource } = entry;
      const worse = STANDING.indexOf(entry.status) > STANDING.indexOf(was.status);
      return [{ direction: worse ? "weaker" : "stronger", id, resource, before: was.status, after: entry.status }];
    }),
  );
}

/** The worst entry of each rule and resource. */
function worst(posture: readonly PostureEntry[]): ReadonlyMap<string, PostureEntry> {
  const entries = new Map<string, PostureEntry>();
  for (const entry of posture) {
    const key = `${entry.id}\n${entry.resource}`;
    const known = entries.get(key);
    if (known === undefined || STANDING.indexOf(entry.status) > STANDING.indexOf(known.status)) entries.set(key, entry);
  }
  return entries;
}
