import type { KeyTexts } from "../key-text";

export const SERVICE: KeyTexts = {
  replicas: {
    allowed: "{range} containers of the service on this host; each has the limits of `resources`",
    example: "2",
  },
  "canary.image": {
    default: "required in `canary`",
    allowed: "`repo:tag@sha256:…` of a second version, which runs beside this one: [canary](edge.md#canary)",
    example: '"me/api:1.5.0@sha256:…"',
  },
  "canary.weight": {
    default: "required in `canary`",
    allowed: "0 to 100: percent of the requests that the canary gets; at 0 the canary runs and gets none",
    example: "10",
  },
  "canary.environment": {
    allowed: "variables of the canary beside those of the service, or in their place",
    example: "{ NEW_SEARCH: true }",
  },
  "canary.replicas": { allowed: "{range} containers of the canary", example: "2" },
  "canary.healthPath": {
    default: "`healthCheck.http`; with `healthCheck.command` the gateway sees only whether the port takes connections",
    allowed: "a path that answers 2xx or 3xx; the gateway asks for it each second",
    example: "/healthz",
  },
  port: { default: "none; required with routes", allowed: "1024 to 65535; never published", example: "3000" },
  routes: {
    allowed: "host names and paths that the edge serves: `routes.*`",
    example: "[{ host: app.your-company.com }]",
  },
  "healthCheck.http": {
    default: "`/` where there is a port",
    allowed: "a path that answers 2xx; the health check asks with the `wget` of the image",
    example: "/healthz",
  },
  "healthCheck.command": {
    default: "none; required without a port",
    allowed: "a command that exits 0; not together with `http`",
    example: "[worker, healthy]",
  },
  "healthCheck.intervalSeconds": { allowed: "{range}, less than `startTimeoutSeconds`", example: "10" },
  "healthCheck.timeoutSeconds": { allowed: "{range}", example: "5" },
  "healthCheck.retries": { allowed: "{range}", example: "5" },
  "healthCheck.startPeriodSeconds": { allowed: "{range}", example: "30" },
  data: {
    allowed: "`none`, `read-only` (role `app_ro`), `read-write` (role `app_rw`); the service gets `DATABASE_URL`",
    example: "read-write",
  },
  database: { default: "`database.name`", allowed: "one of the stack's databases", example: "analytics" },
  cache: {
    allowed: "`true` (key prefix `<service>:`) or `{ keyPrefixes }`; the service gets `REDIS_URL`",
    example: "true",
  },
  "cache.keyPrefixes": {
    allowed: "letters, digits and `_ : . { } -`; no prefix may be the beginning of another service's prefix",
    example: '["bull:", "api:"]',
  },
  "cache.sessions": {
    default: "none: nobody knows which keys are sessions",
    allowed:
      "beginnings of the keys that hold sessions, each within one of `keyPrefixes`; [`rampart " +
      "respond`](incident.md) deletes these keys",
    example: '["api:sess:"]',
  },
  internal: {
    allowed:
      "`true`: a service with a route is also on the network `internal`, where it reaches the services without a route",
    example: "true",
  },
  egress: {
    allowed:
      "`true`: the service may open connections to the internet; or a list of names with their ports, to which it " +
      "may " +
      "connect over TLS: [egress](egress.md)",
    example: '[api.stripe.com, "smtp.your-company.com:465"]',
  },
  "dockerApi.allow": {
    allowed: "exact `METHOD /path` entries: [Docker API](docker-api.md)",
    example: '["GET /containers/json"]',
  },
  "dockerApi.presets": { allowed: "Tecnativa's names", example: "[CONTAINERS, POST]" },
  "dockerApi.scope": {
    allowed:
      "`own`: it lists, names and changes only containers that it created; `engine`: every container of the engine",
    example: "engine",
  },
  "dockerApi.images": {
    default: "none may be pulled",
    allowed: "repositories that it may pull, as its client names them, with `*` for any end",
    example: '["ghcr.io/acme/*"]',
  },
  "dockerApi.containers.memoryMiB": {
    allowed: "{range}: the most that a container may have that it creates, and what one gets that asks for nothing",
    example: "1024",
  },
  "dockerApi.containers.cpus": { allowed: "{range}, at most two decimals; the same", example: "2" },
  "dockerApi.containers.pids": { allowed: "{range} processes and threads; the same", example: "512" },
  "dockerApi.reason": {
    default: "none; required where a permission reaches other containers",
    allowed: "10 to 500 characters on one line: why the service needs to run, stop or read containers",
    example: "the worker runs each build in a container",
  },
  startTimeoutSeconds: {
    allowed: "{range}, more than `healthCheck.intervalSeconds`: within which a version has to become healthy",
    example: "120",
  },
};
