import type { KeyTexts } from "../key-text";
import { ROUTE } from "./route";

const CA = {
  default: "the public CAs",
  allowed: "the roots of the receiver's own certificate, in PEM",
  example: '"-----BEGIN CERTIFICATE-----…"',
};

const REASON = {
  default: "none",
  allowed: "why lines are sent in clear: required where they are; part of the posture",
  example: '"the receiver is on this host"',
};

const tcp = (kind: string, what: string, port: number): KeyTexts => ({
  [`logging.sink.${kind}`]: {
    default: "none",
    allowed: what,
    example: `{ server: "logs.acme.com:${port}" }`,
  },
  [`logging.sink.${kind}.server`]: {
    allowed: "`host:port`; a host name, where there is TLS",
    example: `"logs.acme.com:${port}"`,
  },
  [`logging.sink.${kind}.tls`]: { allowed: "`false` needs a `reason`", example: "true" },
  [`logging.sink.${kind}.ca`]: CA,
  [`logging.sink.${kind}.reason`]: REASON,
});

const http = (kind: string, what: string, path: string): KeyTexts => ({
  [`logging.sink.${kind}`]: {
    default: "none",
    allowed: what,
    example: `{ url: "https://logs.acme.com${path}" }`,
  },
  [`logging.sink.${kind}.url`]: {
    allowed: "the URL in full, without a user or a query; http needs a `reason`",
    example: `"https://logs.acme.com${path}"`,
  },
  [`logging.sink.${kind}.headers`]: {
    default: "none",
    allowed: "headers by name, each as `{ config: <key> }`",
    example: "{ Authorization: { config: logToken } }",
  },
  [`logging.sink.${kind}.headers.config`]: {
    allowed: "the flat key that holds the value, encrypted, such as `Bearer <token>`",
    example: "logToken",
  },
  [`logging.sink.${kind}.ca`]: CA,
  [`logging.sink.${kind}.reason`]: REASON,
});

/** As a route has it. */
const ACCESS: KeyTexts = Object.fromEntries(
  Object.entries(ROUTE).flatMap(([key, text]) =>
    key.startsWith("routes.access.") ? [[`logging.sink.builtin.surface.${key.slice("routes.".length)}`, text]] : [],
  ),
);

export const LOGGING: KeyTexts = {
  "logging.maxSizeMiB": { allowed: "{range}: the size of one log file of a container", example: "20" },
  "logging.maxFiles": { allowed: "{range}: how many log files are kept for a container", example: "5" },
  "logging.retentionDays": {
    default: "30",
    allowed: "{range}: for how long the stack's own sink keeps lines; only with `sink: builtin`",
    example: "90",
  },
  "logging.sink": {
    allowed: "`none`, `builtin`, or an object with one of the keys below: [logging](logging.md)",
    example: "builtin",
  },
  "logging.sink.builtin": {
    default: "none",
    allowed: "VictoriaLogs on this host",
    example: "{ maxDiskMiB: 4096 }",
  },
  "logging.sink.builtin.maxDiskMiB": {
    allowed: "{range}: what lines may take on the disk; the oldest day goes first",
    example: "4096",
  },
  "logging.sink.builtin.resources": {
    default: "128 MiB, 0.5 cores, 96 pids",
    allowed: "limits of VictoriaLogs, as `resources.*`; at least 64 MiB and 32 pids",
    example: "{ memoryMiB: 256 }",
  },
  "logging.sink.builtin.protect": {
    default: "`true`; `false` in dev",
    allowed: "`false` lets `pulumi destroy` delete the lines",
    example: "false",
  },
  "logging.sink.builtin.surface": {
    default: "none: nobody reaches it",
    allowed: "VictoriaLogs' pages as a [management surface](edge.md#management-surfaces), below `/select`",
    example: "{ host: logs.your-company.com, access: { sources: [10.8.0.0/24], basicAuth: { users: [alice] } } }",
  },
  "logging.sink.builtin.surface.host": { allowed: "a host of its own", example: "logs.your-company.com" },
  "logging.sink.builtin.surface.access": {
    allowed: "who may come, as `services.<name>.routes.access`",
    example: "{ sources: [10.8.0.0/24], basicAuth: { users: [alice] } }",
  },
  ...ACCESS,
  ...tcp("fluentd", "a receiver of Fluentd's forward protocol", 24_224),
  ...http("loki", "Loki's push API", "/loki/api/v1/push"),
  ...http("otlp", "a receiver of OTLP over HTTP", "/v1/logs"),
  ...tcp("syslog", "a receiver of syslog (RFC 5424) over TCP", 6514),
};
