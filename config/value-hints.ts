/** What to write instead of a value of the wrong type, with an example. */

import { keyName } from "./faults";

/** Values as docs/configuration.md shows them, by the last part of their path. */
const EXAMPLES: Readonly<Record<string, string>> = {
  access: "{ sources: [10.8.0.0/24], basicAuth: { users: [anna] } }",
  acmeEmail: "ops@your-company.com",
  add: "CAP_CHOWN",
  allow: '["GET /containers/json"]',
  allowedHeaders: "[Content-Type]",
  allowedMethods: "[GET, POST]",
  allowedOrigins: "[https://app.your-company.com]",
  appArmor: "default",
  backups: '{ at: "03:00" }',
  basicAuth: "{ users: [anna] }",
  builtin: "{ maxDiskMiB: 4096 }",
  ca: '"-----BEGIN CERTIFICATE----- …"',
  cache: "true",
  canary: "{ image: …, weight: 10 }",
  capabilities: "[{ add: CAP_CHOWN, reason: … }]",
  certificates: "letsencrypt",
  clientCertificates: "{ admin.your-company.com: { ca: … } }",
  column: "tenant_id",
  command: "[node, server.js]",
  config: "jwtSecret",
  confinement: "{ seccomp: worker }",
  connectionLimits: "{ app_rw: 80 }",
  connections: "{ perClient: 100 }",
  containers: "{ memoryMiB: 512 }",
  contentSecurityPolicy: `"default-src 'self'"`,
  contentTypes: "[application/json]",
  cors: "{ allowedOrigins: [https://app.your-company.com] }",
  credentials: "{ CF_DNS_API_TOKEN: { config: dnsToken } }",
  database: "{ name: shop }",
  databases: "{ analytics: {} }",
  disk: "{ minFreeGiB: 5 }",
  dns: "{ provider: cloudflare, credentials: { CF_DNS_API_TOKEN: { config: dnsToken } } }",
  dockerApi: '{ allow: ["GET /containers/json"] }',
  domains: '[{ main: your-company.com, sans: ["*.your-company.com"] }]',
  drillEveryDays: "7",
  eab: "{ kid: kid-1, hmac: { config: eabHmac } }",
  edge: "{ httpsPort: 443 }",
  elevations: '[{ who: anna, role: app_rw, until: "2026-11-24T18:00:00Z", reason: … }]',
  email: '{ to: [ops@your-company.com], from: alerts@your-company.com, server: "smtp.your-company.com:587" }',
  entrypoint: "[/bin/api]",
  environment: "{ NODE_ENV: production }",
  exceptions: '[{ rule: rampart-egress, scope: api, reason: …, until: "2027-03-31" }]',
  exec: "{ reason: … }",
  extensions: "[citext, pgcrypto]",
  forwardAuth: "{ service: auth, path: /oauth2/auth }",
  from: "alerts@your-company.com",
  fromApplication: "[Content-Security-Policy]",
  gateway: "{ memoryMiB: 256 }",
  generated: "48",
  headers: "{ response: { X-Robots-Tag: noindex } }",
  healthCheck: "{ http: /healthz }",
  hmac: "{ config: eabHmac }",
  host: "app.your-company.com",
  httpPort: "80",
  httpsPort: "443",
  image: "ghcr.io/you/api:1.4.2@sha256:<digest>",
  images: '{ redis: "redis:7.4.11-alpine@sha256:<digest>" }',
  inFlight: "{ perClient: 20 }",
  jobs: '{ sweep: { image: …, schedule: "0 3 * * *" } }',
  keep: "{ daily: 14 }",
  keyPrefixes: '["bull:"]',
  kid: "kid-1",
  logging: "{ maxSizeMiB: 20 }",
  main: "your-company.com",
  maintenance: '{ app.your-company.com: "We are back at noon." }',
  methods: "[GET, POST]",
  migration: "{ image: …, command: [npm, run, migrate] }",
  monitoring: "true",
  names: "[DATABASE_URL]",
  network: "{ pool: 10.201.0.0/16 }",
  ntfy: "{ url: { config: ntfyUrl } }",
  object: "app.totals",
  once: "true",
  own: "[{ certificate: …, key: { config: tlsKey } }]",
  password: "{ config: <key> }",
  path: "/data",
  presets: "[CONTAINERS, POST]",
  previousMajors: "[16]",
  propagation: "{ delaySeconds: 30 }",
  provider: "cloudflare",
  rateLimit: "{ average: 20, burst: 40 }",
  reason: '"why this is needed"',
  redis: "{ tls: true }",
  registries: "{ ghcr.io: { username: acme-deploy, password: { config: ghcrToken } } }",
  resolvers: '["9.9.9.9:53"]',
  resources: "{ memoryMiB: 512, cpus: 1 }",
  response: "{ X-Robots-Tag: noindex }",
  retentionDays: "30",
  role: "app_ro",
  root: '"why it has to be root"',
  rotation: '{ everything: "2026-11-24" }',
  routes: "[{ host: app.your-company.com }]",
  rule: "rampart-egress",
  sans: '["*.your-company.com"]',
  schedule: '"0 3 * * *"',
  schemas: "[audit]",
  scope: "api",
  seccomp: "worker",
  secrets: "{ JWT_SECRET: generated }",
  secretsInEnvironment: "{ names: [DATABASE_URL], reason: … }",
  server: '"logs.your-company.com:6514"',
  services: "{ web: { image: …, port: 3000 } }",
  sessions: '["api:sess:"]',
  settings: "{ CF_TTL: 120 }",
  sharedTables: "[app.countries]",
  sink: "builtin",
  sizeMiB: "64",
  sources: "[10.8.0.0/24]",
  surface: "{ host: logs.your-company.com, access: … }",
  tenancy: "{ variable: app.tenant_id, column: tenant_id, type: uuid }",
  timeouts: "{ responseSeconds: 120 }",
  tmpfs: "[{ path: /tmp, sizeMiB: 256 }]",
  to: "[ops@your-company.com]",
  token: "{ config: ntfyToken }",
  trustedProxies: "[10.0.0.0/24]",
  unconfined: '"why no profile holds"',
  until: '"2027-03-31"',
  user: '"101:101"',
  users: "[anna]",
  variable: "app.tenant_id",
  volumes: "[{ name: uploads, path: /data }]",
  webhook: "{ config: alertWebhook }",
  weight: "10",
  who: "anna",
  writableRoot: "{ reason: … }",
};

/** Where the same name is another thing. */
const EXAMPLES_WITHIN: Readonly<Record<string, string>> = {
  "email.server": '"smtp.your-company.com:587"',
  "forwardAuth.service": "auth",
  "loki.url": "https://logs.your-company.com/loki/api/v1/push",
  "ntfy.url": "{ config: ntfyUrl }",
  "otlp.url": "https://logs.your-company.com/v1/logs",
  "tenancy.exceptions": "[{ object: app.totals, reason: … }]",
  "volumes.name": "uploads",
};

/** An entry of what holds names of the user's own. */
const ENTRIES: Readonly<Record<string, string>> = {
  clientCertificates: '{ ca: "-----BEGIN CERTIFICATE----- …" }',
  credentials: "{ config: <key> }",
  environment: '"text"',
  maintenance: '"We are back at noon."',
  registries: "{ username: acme-deploy, password: { config: ghcrToken } }",
  secrets: "generated",
  settings: '"text"',
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
  const holder = String(path.at(-2));
  const entry = typeof path.at(-1) === "string" && Object.hasOwn(ENTRIES, holder) ? ENTRIES[holder] : undefined;
  if (entry !== undefined) return `${keyName(name)}: ${entry}`;
  const [within = ""] = path.filter((part) => typeof part === "string").slice(-2);
  const inside = `${within}.${name}`;
  const example = Object.hasOwn(EXAMPLES_WITHIN, inside)
    ? EXAMPLES_WITHIN[inside]
    : Object.hasOwn(EXAMPLES, name)
      ? EXAMPLES[name]
      : undefined;
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
