/** Routes that labels and variables declare for a proxy: Traefik's, nginx-proxy's, caddy-docker-proxy's. */

export interface DeclaredRoute {
  /** May hold marks. */
  readonly host: string;
  readonly path: string;
  readonly port: number | undefined;
  /** Whether a middleware takes the prefix away. */
  readonly strips: boolean;
}

/** Routes of a service by its labels. */
export function labelRoutes(labels: ReadonlyMap<string, string>): DeclaredRoute[] {
  const all = [...labels].map(([name, value]) => [name.toLowerCase(), value] as const);
  if (all.some(([name, value]) => /^traefik\.(?:[\w-]+\.)?enable$/.test(name) && value === "false")) return [];
  const portLabel = all.find(([name]) =>
    /^traefik\.(?:http\.services\..+\.loadbalancer\.server\.port|(?:[\w-]+\.)?port)$/.test(name),
  )?.[1];
  const port = Number(portLabel ?? 0) || undefined;
  const strips =
    all.some(([name]) => /\.stripprefix(?:regex)?\./.test(name)) ||
    all.some(([, value]) => value.includes("PathPrefixStrip"));
  const traefik = all.flatMap(([name, value]) => {
    if (/^traefik\.http\.routers\..+\.rule$/.test(name)) return ruleRoutes(value);
    return /^traefik\.(?:[\w-]+\.)?frontend\.rule$/.test(name) ? oldRuleRoutes(value) : [];
  });
  const caddy = all.flatMap(([name, value]) =>
    /^caddy(?:_\d+)?$/.test(name)
      ? value.split(/[\s,]+/).map((host) => ({ host: host.replace(/^https?:\/\//, ""), path: "/" }))
      : [],
  );
  const caddyPort = /\{\{upstreams\s+(?:https?\s+)?(\d+)\}\}/.exec(
    all.find(([name]) => /^caddy(?:_\d+)?\.reverse_proxy$/.test(name))?.[1] ?? "",
  )?.[1];
  const found = [...traefik, ...caddy].map((route) => ({
    ...route,
    port: port ?? (caddyPort === undefined ? undefined : Number(caddyPort)),
    strips: strips && route.path !== "/",
  }));
  return [...new Map(found.map((route) => [`${route.host}${route.path}`, route])).values()];
}

/** `Host(`a.example.com`) && PathPrefix(`/api`)`; each part of a top-level `||` is a rule of its own. */
function ruleRoutes(rule: string): { host: string; path: string }[] {
  return splitTop(rule).flatMap((part) => {
    const hosts = [...part.matchAll(/\bHost\(([^)]*)\)/gi)].flatMap(([, names = ""]) => quoted(names));
    const paths = [...part.matchAll(/(?<!!)\b(?:PathPrefix|Path)\(([^)]*)\)/gi)].flatMap(([, names = ""]) =>
      quoted(names),
    );
    const named = hosts.length === 0 ? [""] : hosts;
    return hosts.length === 0 && paths.length === 0
      ? []
      : named.flatMap((host) => (paths.length === 0 ? ["/"] : paths).map((path) => ({ host, path: plainPath(path) })));
  });
}

/** Traefik 1: `Host:a.example.com,b.example.com;PathPrefix:/api`. */
function oldRuleRoutes(rule: string): { host: string; path: string }[] {
  const parts = rule.split(";").map((part) => part.trim());
  const values = (name: RegExp): string[] =>
    parts.flatMap((part) =>
      name.test(part)
        ? part
            .replace(name, "")
            .split(",")
            .map((one) => one.trim())
        : [],
    );
  const hosts = values(/^Host:/i);
  const paths = values(/^(?:PathPrefixStrip|PathPrefix|Path):/i);
  return hosts.flatMap((host) => (paths.length === 0 ? ["/"] : paths).map((path) => ({ host, path: plainPath(path) })));
}

const quoted = (names: string): string[] => [...names.matchAll(/[`'"]([^`'"]+)[`'"]/g)].map(([, name = ""]) => name);

/** `/api/` and `/api{anything:.*}` to `/api`. */
const plainPath = (path: string): string => path.replace(/\{.*$/, "").replace(/\/+$/, "") || "/";

function splitTop(rule: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < rule.length; at += 1) {
    if (rule[at] === "(") depth += 1;
    if (rule[at] === ")") depth -= 1;
    if (depth === 0 && rule.startsWith("||", at)) {
      parts.push(rule.slice(start, at));
      start = at + 2;
    }
  }
  return [...parts, rule.slice(start)];
}

/** nginx-proxy's: `VIRTUAL_HOST`, `VIRTUAL_PORT`, `VIRTUAL_PATH`. */
export function variableRoutes(environment: ReadonlyMap<string, string>): DeclaredRoute[] {
  const hosts =
    environment
      .get("VIRTUAL_HOST")
      ?.split(",")
      .map((host) => host.trim()) ?? [];
  const port = Number(environment.get("VIRTUAL_PORT") ?? 0) || undefined;
  const path = plainPath(environment.get("VIRTUAL_PATH") ?? "/");
  return hosts.filter((host) => host !== "").map((host) => ({ host, path, port, strips: false }));
}

/** Variables that only a proxy reads. */
export const PROXY_VARIABLES = [
  "VIRTUAL_HOST",
  "VIRTUAL_PORT",
  "VIRTUAL_PATH",
  "VIRTUAL_PROTO",
  "VIRTUAL_DEST",
  "LETSENCRYPT_HOST",
  "LETSENCRYPT_EMAIL",
];
