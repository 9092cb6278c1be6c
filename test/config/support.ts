/** A happy-path configuration of a production stack; a test breaks one field of it and expects the exact fault. */
import { ConfigError, loadConfig, type Fault, type LoadedConfig, type RawConfig } from "../../config";

export const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
export const image = (name: string): string => `registry.example.com/${name}:1.4.2@${DIGEST}`;
/** As `openssl rand -base64 48` makes them. */
export const GOOD_SECRET = "q7Zk3v9QmX7Lr2Wp8Tn5Yc1Hb6Dj4Fs0GaKqPzUeVtRw";

export type Tree = Record<string, unknown>;

export function happyValues(): Tree {
  return {
    certificates: "letsencrypt",
    acmeEmail: "ops@acme-shop.com",
    services: {
      api: {
        image: image("api"),
        port: 3000,
        routes: [{ host: "app.acme-shop.com", pathPrefix: "/api" }],
        data: "read-write",
        cache: true,
        secrets: { JWT_SECRET: { config: "jwtSecret" }, SESSION_SECRET: "generated" },
        environment: { ALLOWED_ORIGINS: "https://app.acme-shop.com", NODE_ENV: "production" },
        volumes: [{ name: "uploads", path: "/data/uploads" }],
      },
      frontend: {
        image: image("frontend"),
        port: 8080,
        routes: [{ host: "app.acme-shop.com" }],
        confinement: { seccomp: "frontend" },
      },
      worker: {
        image: image("worker"),
        healthCheck: { command: ["worker", "healthy"] },
        dockerApi: { allow: ["GET /version"] },
        cache: true,
      },
    },
    migration: { image: image("api"), command: ["npm", "run", "migrate"] },
    jwtSecret: GOOD_SECRET,
  };
}

/** Sets `services.api.routes.0.host` and the like; `undefined` removes the key. */
export function change(tree: Tree, path: string, value: unknown): void {
  const parts = path.split(".");
  const last = parts.pop() ?? "";
  let at: Tree = tree;
  for (const part of parts) {
    if (typeof at[part] !== "object" || at[part] === null) at[part] = {};
    at = at[part] as Tree;
  }
  if (value === undefined) delete at[last];
  else at[last] = value;
}

export interface Options {
  readonly stack?: string;
  readonly secretKeys?: readonly string[];
  /** Keys of other namespaces. */
  readonly others?: Tree;
  /** Whether it is a stack's own file. */
  readonly whole?: boolean;
}

/** The flat form in which the engine hands the configuration over. */
export function rawConfig(values: Tree, options: Options = {}): RawConfig {
  return {
    stack: options.stack ?? "prod",
    values: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
    secretKeys: options.secretKeys ?? ["jwtSecret"],
    ...(options.others === undefined ? {} : { others: options.others }),
  };
}

export function changed(changes: Tree): Tree {
  const values = happyValues();
  for (const [path, value] of Object.entries(changes)) change(values, path, value);
  return values;
}

export const load = (changes: Tree = {}, options: Options = {}): LoadedConfig =>
  loadConfig(rawConfig(changed(changes), options));

/** The faults of the happy path with some fields changed; any error but a ConfigError is a bug. */
export function faultsOf(changes: Tree, options: Options = {}): readonly Fault[] {
  return faultsOfRaw(rawConfig(changed(changes), options), options);
}

export function faultsOfRaw(raw: RawConfig, { whole = false }: Pick<Options, "whole"> = {}): readonly Fault[] {
  try {
    loadConfig(raw, { whole });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

export const pathsOf = (faults: readonly Fault[]): string[] =>
  faults.map(({ path }) => path.replace(/^rampart:/, "")).sort();
