/** Which requests an nginx, or a Caddy, passes on, and where to. */

interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly block: readonly Directive[];
}

/** One way through a proxy. */
export interface ProxyRoute {
  /** Without a value: any host. */
  readonly host: string | undefined;
  readonly path: string;
  /** The host name of the target. */
  readonly target: string;
  readonly port: number | undefined;
  readonly maxBodyMiB: number | undefined;
  /** Whether the target sees the path without the prefix. */
  readonly strips: boolean;
}

/** The proxied locations of an nginx configuration; regular expressions in locations are left out. */
export function nginxRoutes(config: string): ProxyRoute[] {
  const directives = parse(tokens(config));
  const upstreams = new Map(
    find(directives, "upstream").map(({ args, block }) => [
      args[0] ?? "",
      block.find(({ name }) => name === "server")?.args[0] ?? "",
    ]),
  );
  return find(directives, "server").flatMap((server) => {
    if (server.block.length === 0) return [];
    const hosts = (server.block.find(({ name }) => name === "server_name")?.args ?? []).filter(isHost);
    return find(server.block, "location").flatMap((location) => {
      const path = locationPath(location.args);
      const pass = find(location.block, "proxy_pass")[0]?.args[0];
      if (path === undefined || pass === undefined) return [];
      const variables = new Map(
        find([...server.block, ...location.block], "set").map(({ args }) => [args[0] ?? "", args[1] ?? ""]),
      );
      const url = pass.replace(/\$\w+/g, (name) => variables.get(name) ?? name);
      const target = readTarget(url, upstreams);
      if (target === undefined) return [];
      const body = size([
        ...location.block,
        ...server.block,
        ...directives,
        ...find(directives, "http").flatMap(({ block }) => block),
      ]);
      return (hosts.length === 0 ? [undefined] : hosts).map((host) => ({
        host,
        path,
        ...target,
        maxBodyMiB: body,
        strips: path !== "/" && /:\/\/[^/]+\/$/.test(url),
      }));
    });
  });
}

/** Sites of a Caddyfile that have a `reverse_proxy`. */
export function caddyRoutes(config: string): ProxyRoute[] {
  const routes: ProxyRoute[] = [];
  let hosts: (string | undefined)[] = [undefined];
  let depth = 0;
  let path = "/";
  for (const raw of config.split("\n")) {
    const line = raw.replace(/(?:^|\s)#.*$/, "").trim();
    const opens = line.endsWith("{");
    if (opens && depth === 0) {
      const names = line
        .slice(0, -1)
        .split(/[\s,]+/)
        .map((site) => site.replace(/^https?:\/\//, "").replace(/:\d+$/, ""))
        .filter(isHost);
      hosts = names.length === 0 ? [undefined] : names;
    }
    if (opens && depth > 0) path = /^(?:handle|handle_path|route)\s+(\/[^\s*]*)/.exec(line)?.[1] ?? path;
    const words = line.split(/\s+/);
    if (words[0] === "reverse_proxy") {
      const matcher = words[1]?.startsWith("/") ? words[1].replace(/\*$/, "") : path;
      const target = readTarget(words.slice(1).find((word) => !/^[/*@{]/.test(word)) ?? "", new Map());
      if (target !== undefined)
        routes.push(...hosts.map((host) => ({ host, path: matcher, ...target, maxBodyMiB: undefined, strips: false })));
    }
    if (opens) depth += 1;
    if (line.startsWith("}")) {
      depth -= 1;
      if (depth <= 1) path = "/";
    }
  }
  return routes;
}

const isHost = (name: string): boolean => /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(name) && !/^[\d.]+$/.test(name);

function locationPath(args: readonly string[]): string | undefined {
  const [first = "", second] = args;
  if (second === undefined) return first.startsWith("/") ? first : undefined;
  return first === "=" || first === "^~" ? second : undefined;
}

function readTarget(
  url: string,
  upstreams: ReadonlyMap<string, string>,
): { readonly target: string; readonly port: number | undefined } | undefined {
  const authority = url.replace(/^[a-z]+:\/\//, "").split("/")[0] ?? "";
  const [host = "", port] = (upstreams.get(authority) ?? authority).split(":");
  if (!/^[A-Za-z0-9_.-]+$/.test(host) || host === "localhost" || host === "127.0.0.1") return undefined;
  return { target: host, port: port === undefined ? undefined : Number(port) || undefined };
}

function size(directives: readonly Directive[]): number | undefined {
  const given = directives.find(({ name }) => name === "client_max_body_size")?.args[0];
  const match = /^(\d+)([kmg]?)$/i.exec(given ?? "");
  if (match === null) return undefined;
  const unit = { "": 1 / 1024 ** 2, k: 1 / 1024, m: 1, g: 1024 }[(match[2] ?? "").toLowerCase()] ?? 1;
  const mebibytes = Math.ceil(Number(match[1]) * unit);
  return mebibytes === 0 ? 1024 : Math.min(mebibytes, 1024);
}

const find = (directives: readonly Directive[], name: string): Directive[] =>
  directives.flatMap((one) => [...(one.name === name ? [one] : []), ...find(one.block, name)]);

/** Words, `{`, `}` and `;`. */
const tokens = (config: string): string[] =>
  [...config.matchAll(/#[^\n]*|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([{};])|((?:\$\{\w+\}|[^\s;{}"'])+)/g)].flatMap(
    ([whole, double, single, mark, word]) => (whole.startsWith("#") ? [] : [double ?? single ?? mark ?? word ?? ""]),
  );

function parse(all: readonly string[]): Directive[] {
  const stack: Directive[][] = [[]];
  let words: string[] = [];
  for (const token of all) {
    const [name = "", ...args] = words;
    if (token === ";" || token === "{") {
      const block: Directive[] = [];
      if (name !== "") stack.at(-1)?.push({ name, args, block });
      if (token === "{") stack.push(block);
      words = [];
    } else if (token === "}") {
      if (stack.length > 1) stack.pop();
      words = [];
    } else words.push(token);
  }
  return stack[0] ?? [];
}
