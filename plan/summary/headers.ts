import type { RouteConfig } from "../../config";
import { defined } from "../../hardening/defined";
import { responseHeaders, SECURITY_HEADERS } from "../../hardening/edge/headers";
import { setGainIsWeaker, type Direction } from "../changes/direction";
import { visible } from "./show";

/** What a route's response headers are. */
export type HeaderState =
  | { readonly kind: "set"; readonly value: string }
  | { readonly kind: "removed" }
  /** The edge leaves it to the application. */
  | { readonly kind: "application" };

const SET_BY_DEFAULT: readonly string[] = SECURITY_HEADERS.map(({ name }) => name);

/** Every response header that a route or Rampart's default decides, by its name as Rampart writes it. */
export function headerStates(headers: RouteConfig["headers"]): Readonly<Record<string, HeaderState>> {
  const { contentSecurityPolicy, response, fromApplication } = headers;
  const sent = responseHeaders({ extra: response, fromApplication, ...defined({ contentSecurityPolicy }) });
  const left = SET_BY_DEFAULT.filter((name) => !Object.hasOwn(sent, name));
  return Object.fromEntries([
    ...Object.entries(sent).map(([name, value]): [string, HeaderState] => [
      name,
      value === "" ? { kind: "removed" } : { kind: "set", value },
    ]),
    ...left.map((name): [string, HeaderState] => [name, { kind: "application" }]),
  ]);
}

const NO_OVERRIDES: RouteConfig["headers"] = { response: {}, fromApplication: [] };
/** The headers of a route that says nothing of them. */
export const DEFAULT_HEADERS = headerStates(NO_OVERRIDES);

export function headerText(state: HeaderState): string {
  switch (state.kind) {
    case "set":
      return visible(state.value);
    case "removed":
      return "removed";
    case "application":
      return "as the application sends it, else the default";
    default: {
      const unknown: never = state;
      throw new Error(`not a state of a header: ${JSON.stringify(unknown)}`);
    }
  }
}

export const sameHeader = (a: HeaderState | undefined, b: HeaderState | undefined): boolean =>
  a?.kind === b?.kind && (a?.kind !== "set" || b?.kind !== "set" || a.value === b.value);

const CSP = "Content-Security-Policy";

/** Directives that fall back to another one where a policy does not have them. The others allow everything then. */
const FETCHES =
  /^(?:child|connect|fenced-frame|font|frame|img|manifest|media|object|script|style|worker)-src(?:-attr|-elem)?$/;

type Policy = ReadonlyMap<string, readonly string[]>;

function parsePolicy(text: string): Policy {
  const policy = new Map<string, readonly string[]>();
  for (const part of text.split(";")) {
    const [name = "", ...sources] = part.trim().split(/\s+/);
    // A repeated directive does not count, and so does the browser have it.
    if (name !== "" && !policy.has(name.toLowerCase())) policy.set(name.toLowerCase(), sources);
  }
  return policy;
}

/** What a directive allows; `*` where the policy says nothing of it. */
function allowed(policy: Policy, directive: string): readonly string[] {
  const sources = policy.get(directive) ?? (FETCHES.test(directive) ? policy.get("default-src") : undefined);
  return sources === undefined ? ["*"] : sources.filter((source) => source !== "'none'");
}

/** Directives that forbid by being there. */
const SWITCHES = ["block-all-mixed-content", "require-trusted-types-for", "sandbox", "upgrade-insecure-requests"];

/** Compares two Content-Security-Policies by what they let a page load. A source more is weaker. */
export function comparePolicies(before: string, after: string): Direction {
  const [from, to] = [parsePolicy(before), parsePolicy(after)];
  const names = [...new Set([...from.keys(), ...to.keys(), "default-src"])];
  const directions = names.map((name): Direction => {
    if (name.startsWith("report-")) return "other";
    if (SWITCHES.includes(name)) {
      if (from.has(name) === to.has(name)) return "other";
      return to.has(name) ? "stronger" : "weaker";
    }
    const [old, now] = [allowed(from, name), allowed(to, name)];
    // Whatever is listed is no more than everything.
    if (old.includes("*") !== now.includes("*") && !old.concat(now).some((source) => source.startsWith("'unsafe")))
      return now.includes("*") ? "weaker" : "stronger";
    return setGainIsWeaker(old, now);
  });
  if (directions.includes("weaker")) return "weaker";
  return directions.includes("stronger") ? "stronger" : "other";
}

/** Judges a change of one response header; undefined is a header that nobody decides. */
export function judgeHeader(name: string, before: HeaderState | undefined, after: HeaderState | undefined): Direction {
  const byDefault = DEFAULT_HEADERS[name];
  // A header that Rampart does not set: what it does is the application's matter.
  if (byDefault === undefined) return "other";
  if (name === CSP && before?.kind === "set" && after?.kind === "set")
    return comparePolicies(before.value, after.value);
  if (sameHeader(after, byDefault)) return sameHeader(before, byDefault) ? "other" : "stronger";
  if (sameHeader(before, byDefault) || before === undefined) return "weaker";
  return after?.kind === "removed" ? "weaker" : "other";
}
