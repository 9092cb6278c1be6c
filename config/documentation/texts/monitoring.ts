import type { KeyTexts } from "../key-text";

export const MONITORING: KeyTexts = {
  monitoring: {
    allowed: "`true`: alerts are only shown; or an object with the keys below: [monitoring](monitoring.md)",
    example: "{ webhook: { config: alertUrl } }",
  },
  "monitoring.webhook": {
    default: "none",
    allowed: "a URL that takes Alertmanager's JSON, as `{ config: <key> }`",
    example: "{ config: alertUrl }",
  },
  "monitoring.webhook.config": {
    allowed: "the flat key that holds the URL, encrypted; https, in dev http as well",
    example: "alertUrl",
  },
  "monitoring.ntfy": { default: "none", allowed: "a topic of ntfy", example: "{ url: { config: ntfyUrl } }" },
  "monitoring.ntfy.url": { allowed: "the topic's URL, as `{ config: <key> }`", example: "{ config: ntfyUrl }" },
  "monitoring.ntfy.url.config": { allowed: "the flat key that holds the URL, encrypted", example: "ntfyUrl" },
  "monitoring.ntfy.token": {
    default: "none: the topic is open",
    allowed: "an access token, as `{ config: <key> }`",
    example: "{ config: ntfyToken }",
  },
  "monitoring.ntfy.token.config": { allowed: "the flat key that holds the token, encrypted", example: "ntfyToken" },
  "monitoring.email": {
    default: "none",
    allowed: "who is written to, by which server",
    example: "{ to: [ops@acme.com], from: alerts@acme.com, server: 'smtp.acme.com:587' }",
  },
  "monitoring.email.to": { allowed: "e-mail addresses, at least one", example: "[ops@your-company.com]" },
  "monitoring.email.from": { allowed: "an e-mail address", example: "alerts@your-company.com" },
  "monitoring.email.server": {
    allowed: "`host:port` of a server that takes mail over TLS; port 25, 465, 587 or 2525",
    example: '"smtp.your-company.com:587"',
  },
  "monitoring.email.username": {
    default: "none: no login",
    allowed: "the user that may send; then `password`, too",
    example: "alerts",
  },
  "monitoring.email.password": {
    default: "none: no login",
    allowed: "the user's password, as `{ config: <key> }`",
    example: "{ config: smtpPassword }",
  },
  "monitoring.email.password.config": {
    allowed: "the flat key that holds the password, encrypted",
    example: "smtpPassword",
  },
  "monitoring.retentionDays": { allowed: "{range}: for how long metrics are kept, 1 GiB at most", example: "30" },
  "monitoring.resources": {
    default: "160 MiB, 0.5 cores, 96 pids",
    allowed: "limits of Prometheus, as `resources.*`; at least 96 MiB and 32 pids",
    example: "{ memoryMiB: 256 }",
  },
};
