/** Which response headers protect a page less than those that the edge sends by itself (headers.ts). */
import { SECURITY_HEADERS } from "./headers";

const YEAR = 31_536_000;

/** Sources with which a policy stops no injected script. */
const ANY_SCRIPT = /^(?:\*|'unsafe-eval'|https?:|data:|blob:|filesystem:|https?:\/\/\*|\*\.[a-z]+)$/i;

type Directives = ReadonlyMap<string, readonly string[]>;

/** Of a directive that stands twice, browsers take the first. */
function directives(policy: string): Directives {
  const found = new Map<string, readonly string[]>();
  for (const part of policy.split(";")) {
    const [name = "", ...sources] = part.split(" ").filter((word) => word !== "");
    const key = name.toLowerCase();
    if (key !== "" && !found.has(key)) found.set(key, sources);
  }
  return found;
}

/** `'unsafe-inline'` is ignored where the policy has a nonce or a hash (CSP 3). */
function looseSource(sources: readonly string[]): string | undefined {
  const trusted = sources.some((source) => /^'(?:nonce|sha(?:256|384|512))-/i.test(source));
  return sources.find((source) => ANY_SCRIPT.test(source) || (!trusted && source.toLowerCase() === "'unsafe-inline'"));
}

/** Why a Content-Security-Policy stops no injected script or frame; undefined where it does. */
function policyWeakness(policy: string): string | undefined {
  const found = directives(policy);
  if (found.size === 0) return "there is no policy";
  const scripts = found.get("script-src") ?? found.get("default-src");
  if (scripts === undefined) return "it has neither default-src nor script-src";
  const loose = looseSource(scripts);
  if (loose !== undefined) return `scripts may come from ${loose}`;
  const objects = found.get("object-src") ?? found.get("default-src") ?? [];
  if (objects.includes("*")) return "plugins may come from *";
  return found.get("frame-ancestors")?.includes("*") === true ? "any page may frame it" : undefined;
}

function transportWeakness(value: string): string | undefined {
  const parts = value.split(";").map((part) => part.trim().toLowerCase());
  const age = parts.map((part) => /^max-age="?(\d{1,12})"?$/.exec(part)?.[1]).find((seconds) => seconds !== undefined);
  if (age === undefined) return "it has no max-age";
  if (Number(age) < YEAR) return `browsers forget it after ${Number(age)} s, less than a year`;
  return undefined;
}

const oneOf =
  (...allowed: readonly string[]) =>
  (value: string): string | undefined =>
    allowed.includes(value.trim().toLowerCase()) ? undefined : `it is weaker than ${allowed[0] ?? ""}`;

const banner = (value: string): string | undefined => (value === "" ? undefined : "it names the software");

/** By lower-case name. Some values protect as well as the default. */
const WEAKNESS: Readonly<Record<string, (value: string) => string | undefined>> = {
  "content-security-policy": policyWeakness,
  "cross-origin-embedder-policy": oneOf("require-corp", "credentialless"),
  "cross-origin-opener-policy": oneOf("same-origin", "same-origin-allow-popups"),
  "cross-origin-resource-policy": oneOf("same-origin", "same-site"),
  "permissions-policy": (value) =>
    value.trim() === "" ? "every feature is on" : value.includes("=*") ? "it gives a feature to every page" : undefined,
  "referrer-policy": oneOf("no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"),
  server: banner,
  "strict-transport-security": transportWeakness,
  "x-content-type-options": oneOf("nosniff"),
  "x-frame-options": oneOf("deny", "sameorigin"),
  "x-permitted-cross-domain-policies": oneOf("none"),
  "x-powered-by": banner,
  "x-xss-protection": () => undefined,
};

/**
 * Why a header of the default set protects less with this value; undefined where it does not, or is none of the set.
 * @param value Empty where the route removes the header.
 */
export function headerWeakness(name: string, value: string): string | undefined {
  const key = name.toLowerCase();
  const known = SECURITY_HEADERS.find((header) => header.name.toLowerCase() === key);
  if (known === undefined || known.value === value) return undefined;
  if (value === "") return `${known.why} no more: it is removed`;
  return Object.hasOwn(WEAKNESS, key) ? WEAKNESS[key]?.(value) : undefined;
}

/** What a route's own headers do. */
export interface RouteHeaders {
  readonly contentSecurityPolicy?: string | undefined;
  readonly response: Readonly<Record<string, string>>;
}

export interface WeakHeader {
  /** As in the default set. */
  readonly name: string;
  readonly why: string;
  /** Where it stands below `headers`. */
  readonly path: readonly string[];
}

interface OwnHeader {
  readonly name: string;
  readonly value: string;
  readonly path: readonly string[];
}

/**
 * What a route sends in place of headers of the default set, in the order of its keys.
 * A header of `response` wins over the policy.
 */
function ownHeaders({ contentSecurityPolicy, response }: RouteHeaders): OwnHeader[] {
  const own = Object.entries(response).map(([name, value]) => ({ name, value, path: ["response", name] }));
  const replaced = own.some(({ name }) => name.toLowerCase() === "content-security-policy");
  const policy =
    contentSecurityPolicy === undefined || replaced
      ? []
      : [{ name: "Content-Security-Policy", value: contentSecurityPolicy, path: ["contentSecurityPolicy"] }];
  return [...policy, ...own].flatMap((header) => {
    const known = SECURITY_HEADERS.find(({ name }) => name.toLowerCase() === header.name.toLowerCase());
    return known === undefined || known.value === header.value ? [] : [{ ...header, name: known.name }];
  });
}

/** Headers of the default set that a route weakens. */
export const weakHeaders = (headers: RouteHeaders): WeakHeader[] =>
  ownHeaders(headers).flatMap(({ name, value, path }) => {
    const why = headerWeakness(name, value);
    return why === undefined ? [] : [{ name, why, path }];
  });

/** Names of the headers of the default set in whose place a route sends its own, as good ones or weaker ones. */
export const changedHeaders = (headers: RouteHeaders): string[] => ownHeaders(headers).map(({ name }) => name);
