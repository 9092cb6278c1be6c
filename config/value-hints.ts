/** What to write instead of a value of the wrong type, with an example. */

import { keyName } from "./faults";

/** Values as docs/configuration.md shows them, by the last part of their path. */
const EXAMPLES: Readonly<Record<string, string>> = {
  clientCertificates: "{ admin.your-company.com: { ca: … } }",
  dns: "{ provider: cloudflare, credentials: { CF_DNS_API_TOKEN: { config: dnsToken } } }",
  domains: '[{ main: your-company.com, sans: ["*.your-company.com"] }]',
  eab: "{ kid: kid-1, hmac: { config: eabHmac } }",
  hmac: "{ config: eabHmac }",
  own: "[{ certificate: …, key: { config: tlsKey } }]",
  provider: "cloudflare",
  acmeEmail: "ops@your-company.com",
  add: "CAP_CHOWN",
  allow: '["GET /containers/json"]',
  allowedHeaders: "[Content-Type]",
  allowedMethods: "[GET, POST]",
  allowedOrigins: "[https://app.your-company.com]",
  backups: '{ at: "03:00" }',
  cache: "true",
  capabilities: "[{ add: CAP_CHOWN, reason: … }]",
  certificates: "letsencrypt",
  command: "[node, server.js]",
  confinement: "{ seccomp: worker }",
  connectionLimits: "{ app_rw: 80 }",
  cors: "{ allowedOrigins: [https://app.your-company.com] }",
  database: "{ name: shop }",
  databases: "{ analytics: {} }",
  dockerApi: '{ allow: ["GET /containers/json"] }',
  edge: "{ httpsPort: 443 }",
  elevations: '[{ who: anna, role: app_rw, until: "2026-11-24T18:00:00Z", reason: … }]',
  entrypoint: "[/bin/api]",
  environment: "{ NODE_ENV: production }",
  exec: "{ reason: … }",
  extensions: "[citext, pgcrypto]",
  fromApplication: "[Content-Security-Policy]",
  headers: "{ response: { X-Robots-Tag: noindex } }",
  healthCheck: "{ http: /healthz }",
  host: "app.your-company.com",
  drillEveryDays: "7",
  httpPort: "80",
  httpsPort: "443",
  image: "ghcr.io/you/api:1.4.2@sha256:<digest>",
  images: '{ redis: "redis:7.4.11-alpine@sha256:<digest>" }',
  inFlight: "{ perClient: 20 }",
  jobs: '{ sweep: { image: …, schedule: "0 3 * * *" } }',
  keep: "{ daily: 14 }",
  keyPrefixes: '["bull:"]',
  logging: "{ maxSizeMiB: 20 }",
  migration: "{ image: …, command: [npm, run, migrate] }",
  names: "[DATABASE_URL]",
  network: "{ pool: 10.201.0.0/16 }",
  password: "{ config: <key> }",
  presets: "[CONTAINERS, POST]",
  previousMajors: "[16]",
  rateLimit: "{ average: 20, burst: 40 }",
  redis: "{ tls: true }",
  registries: "{ ghcr.io: { username: acme-deploy, password: { config: ghcrToken } } }",
  resources: "{ memoryMiB: 512, cpus: 1 }",
  response: "{ X-Robots-Tag: noindex }",
  once: "true",
  rotation: '{ everything: "2026-11-24" }',
  routes: "[{ host: app.your-company.com }]",
  schedule: '"0 3 * * *"',
  schemas: "[audit]",
  seccomp: "worker",
  secrets: "{ JWT_SECRET: generated }",
  secretsInEnvironment: "{ names: [DATABASE_URL], reason: … }",
  services: "{ web: { image: …, port: 3000 } }",
  sharedTables: "[app.countries]",
  tenancy: "{ variable: app.tenant_id, column: tenant_id, type: uuid }",
  tmpfs: "[{ path: /tmp, sizeMiB: 256 }]",
  trustedProxies: "[10.0.0.0/24]",
  user: '"101:101"',
  volumes: "[{ name: uploads, path: /data }]",
  writableRoot: "{ reason: … }",
};

/** The last part of a path that is a name. */
const lastName = (path: readonly PropertyKey[]): string =>
  String(path.findLast((part) => typeof part === "string") ?? "");

/**
 * An example of what may stand at a path, `key: value`, or the list that it is an element of;
 * undefined where there is none.
 */
export function exampleAt(path: readonly PropertyKey[]): string | undefined {
  const name = lastName(path);
  // There a key's name stands for its password's or certificate's turn.
  if (path[0] === "rotation" && path.length > 1) return undefined;
  const example = Object.hasOwn(EXAMPLES, name) ? EXAMPLES[name] : undefined;
  if (example === undefined || (typeof path.at(-1) === "number" && !/[{]/.test(example))) return undefined;
  return `${name}: ${example}`;
}

const FORMS: Readonly<Record<string, (name: string) => string>> = {
  array: () => "write a list, such as [one, two]",
  boolean: (name) => `write ${name}: true or ${name}: false, without quotes`,
  int: (name) => `write a whole number without quotes and unit, such as ${name}: 16`,
  number: (name) => `write a number without quotes and unit, such as ${name}: 16`,
  object: () => "write keys and values, such as { key: value }",
  record: () => "write keys and values, such as { name: value }",
  string: (name) => `write text, in quotes where it looks like something else: ${name}: "text"`,
};

/** What to do about a value of the wrong type. @param secret Whether the value must not be repeated */
export function typeFix(expected: string, value: unknown, path: readonly PropertyKey[], secret: boolean): string {
  const name = lastName(path);
  const key = keyName(name) === name ? name : "key";
  const number = typeof value === "string" && /^-?\d{1,9}(?:\.\d{1,4})?$/.test(value) ? value : undefined;
  if ((expected === "number" || expected === "int") && number !== undefined && !secret)
    return `write ${key}: ${number}, without quotes`;
  if (expected === "boolean" && typeof value === "string" && !secret) {
    const meant = /^(?:true|yes|on|y|1)$/i.test(value)
      ? "true"
      : /^(?:false|no|off|n|0)$/i.test(value)
        ? "false"
        : undefined;
    if (meant !== undefined) return `write ${key}: ${meant}, without quotes`;
  }
  const example = exampleAt(path);
  if (example !== undefined && expected !== "number" && expected !== "int" && expected !== "boolean")
    return `write it as ${example}`;
  return Object.hasOwn(FORMS, expected)
    ? (FORMS[expected]?.(key) ?? "change the value's type")
    : "change the value's type";
}
