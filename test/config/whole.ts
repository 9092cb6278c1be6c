/** A stack with a value at most keys of the schema: tests change one of them, whichever it is. */
import { stackSchema } from "../../config";
import { keysAt } from "../../config/schema-keys";
import { change, DIGEST, faultsOf, happyValues, image, type Tree } from "./support";

const why = "the program cannot do without it";

/** What the happy path does not have. */
const WHOLE: Tree = {
  certificates: {
    acme: "letsencrypt",
    challenge: "dns-01",
    dns: { provider: "cloudflare", credentials: { CF_DNS_API_TOKEN: { config: "jwtSecret" } } },
  },
  "database.databases": { reports: {} },
  "database.backups": {
    repository: "s3:https://s3.eu-central-1.amazonaws.com/acme-backups",
    credentials: { AWS_ACCESS_KEY_ID: { config: "jwtSecret" }, AWS_SECRET_ACCESS_KEY: { config: "jwtSecret" } },
    password: { config: "jwtSecret" },
  },
  "rotation.redis": { api: "2026-11-24" },
  registries: { "registry.example.com": { username: "robot", password: { config: "jwtSecret" } } },
  images: { traefik: `traefik:v3.7.13@${DIGEST}` },
  logging: {
    retentionDays: 30,
    sink: {
      builtin: {
        surface: {
          host: "logs.acme-shop.com",
          access: { sources: ["10.8.0.0/24"], basicAuth: { users: ["anna"] } },
        },
      },
    },
  },
  monitoring: {
    ntfy: { url: { config: "ntfyUrl" } },
    email: {
      to: ["ops@acme-shop.com"],
      from: "alerts@acme-shop.com",
      server: "smtp.acme-shop.com:587",
      username: "alerts",
      password: { config: "jwtSecret" },
    },
  },
  exceptions: [{ rule: "rampart-egress", scope: "api", reason: why, until: "2027-03-31" }],
  "services.api.database": "reports",
  "services.api.canary": { image: image("canary"), weight: 10 },
  "services.api.secretsInEnvironment": { names: ["JWT_SECRET"], reason: why },
  "services.worker.confinement": { seccomp: { unconfined: why }, appArmor: { unconfined: why } },
  "services.worker.user": { root: why },
  "edge.connections": { perClient: 100, total: 1000 },
  disk: { minFreeGiB: 5 },
  ntfyUrl: "https://ntfy.acme-shop.com/ops",
};

export const schema = stackSchema({ environment: "prod" });

/** Each key of the schema that the stack has, with its holder's path. */
export function named(value: unknown, path: readonly PropertyKey[] = []): (readonly PropertyKey[])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    const own = !Array.isArray(value) && keysAt(schema, path).includes(key) ? [at] : [];
    return [...own, ...named(child, at)];
  });
}

export function whole(): Tree {
  const values = happyValues();
  for (const [path, value] of Object.entries(WHOLE)) change(values, path, structuredClone(value));
  return values;
}

export const faultsOfTree = (values: Tree): ReturnType<typeof faultsOf> =>
  // `undefined` removes what the happy path has and the tree has not.
  faultsOf(
    { ...Object.fromEntries(Object.keys(happyValues()).map((key) => [key, undefined])), ...values },
    { secretKeys: ["jwtSecret", "ntfyUrl"] },
  );
