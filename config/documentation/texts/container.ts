import type { KeyTexts } from "../key-text";

export const CONTAINER: KeyTexts = {
  image: {
    allowed: "`repo:tag@sha256:<64 hex digits>`, a tag other than latest",
    example: "ghcr.io/you/api:1.4.2@sha256:<digest>",
  },
  entrypoint: { default: "the image's", allowed: "words without credentials", example: "[/bin/api]" },
  command: { default: "the image's", allowed: "words without credentials", example: "[serve, --verbose]" },
  user: { allowed: "`uid:gid`; neither may be 0", example: '"101:101"' },
  "user.root": {
    allowed: "a reason; the container then runs as root without capabilities",
    example: "the vendor's image needs it",
  },
  "resources.memoryMiB": { allowed: "{range}; the container gets no swap beyond it", example: "512" },
  "resources.cpus": { allowed: "{range}, at most two decimals", example: "1.5" },
  "resources.pids": { allowed: "{range} processes and threads", example: "256" },
  secrets: {
    allowed:
      "by variable name: `generated`, `{ generated: <length> }`, `{ config: <key> }` or `{ from: … }`; " +
      "the secret arrives as a file, and `<NAME>_FILE` holds the path",
    example: "{ JWT_SECRET: { config: jwtSecret } }",
  },
  "secrets.generated": {
    default: "48",
    allowed: "{range} letters and digits; at least 32 for a secret that signs (JWT, session, cookie …)",
    example: "64",
  },
  "secrets.config": {
    allowed:
      "a flat key set with `pulumi config set --secret`; at least 8 characters, 32 for a secret that signs; " +
      "no placeholder",
    example: "jwtSecret",
  },
  "secrets.from": {
    default: "none",
    allowed:
      "where another program keeps the secret: one of the next keys; read at each preview and deployment, " +
      "see [secrets](secrets.md)",
    example: "{ sops: secrets/prod.enc.yaml, key: stripe.key }",
  },
  "secrets.from.sops": {
    default: "none",
    allowed: "a file that SOPS has encrypted, by its path from the project's directory; no `..`",
    example: "secrets/prod.enc.yaml",
  },
  "secrets.from.key": {
    default: "required with `sops`",
    allowed: "the value's place in the file: keys with dots between them, and numbers for places in a list",
    example: "stripe.key",
  },
  "secrets.from.vault": {
    default: "none",
    allowed: "`<mount>/<path>` of a secret in a key-value engine of Vault",
    example: "secret/shop",
  },
  "secrets.from.field": {
    default: "required with `vault`",
    allowed: "a field of the secret in Vault",
    example: "stripe_key",
  },
  "secrets.from.infisical": { default: "none", allowed: "a secret's name in Infisical", example: "STRIPE_KEY" },
  "secrets.from.environment": {
    default: "required with `infisical`",
    allowed: "the environment's slug in Infisical",
    example: "prod",
  },
  "secrets.from.path": { allowed: "the secret's folder in Infisical", example: "/api" },
  "secrets.from.project": {
    default: "the project of `.infisical.json` or of the login",
    allowed: "the project's id in Infisical",
  },
  "secrets.from.op": {
    default: "none",
    allowed: "a secret reference of 1Password; no one-time password",
    example: "op://prod/stripe/key",
  },
  "secrets.from.command": {
    default: "none",
    allowed:
      "a program and its arguments, which prints the secret; no shell, no `..`, and no secret among the arguments",
    example: "[pass, show, shop/stripe]",
  },
  "secretsInEnvironment.names": {
    default: "none",
    allowed:
      "secrets, `DATABASE_URL` or `REDIS_URL` that the program cannot read from a file; `docker inspect` shows them",
    example: "[DATABASE_URL]",
  },
  "secretsInEnvironment.reason": { allowed: "10 to 500 characters on one line", example: "Prisma reads no file" },
  environment: {
    allowed:
      "text, numbers, booleans; no secrets, no wildcard origin, in prod no http origin, " +
      "no DOCKER_HOST past the socket proxy",
    example: "{ NODE_ENV: production }",
  },
  volumes: { allowed: "named volumes, or directories of the host", example: "[{ name: uploads, path: /data }]" },
  "volumes.name": {
    default: "required without `hostPath`",
    allowed: "a name; services that give the same name share the volume",
    example: "uploads",
  },
  "volumes.hostPath": {
    default: "none",
    allowed:
      "a directory such as /srv/<application>; not /, /etc, /root, /home, /Users, /var/run, /var/lib/rancher, " +
      "/opt/cni, a socket …; the host's logs only with `readOnly`",
    example: "/srv/shop",
  },
  "volumes.path": { allowed: "an absolute path in the container", example: "/data" },
  "volumes.readOnly": {
    default: "false; true for `hostPath`",
    allowed: "`true`: the container cannot write to the mount",
    example: "true",
  },
  "volumes.reason": {
    default: "required with `hostPath`",
    allowed: "10 to 500 characters on one line",
    example: "the photographs live there",
  },
  tmpfs: { default: "`/tmp` of 64 MiB", allowed: "directories in memory", example: "[{ path: /tmp, sizeMiB: 256 }]" },
  "tmpfs.path": { allowed: "an absolute path in the container", example: "/tmp" },
  "tmpfs.sizeMiB": { allowed: "{range}, at most `resources.memoryMiB`", example: "256" },
  "tmpfs.exec": {
    default: "none: noexec",
    allowed: "`{ reason }`: programs in this directory may be run",
    example: '{ reason: "builds run what they make" }',
  },
  "tmpfs.exec.reason": { allowed: "10 to 500 characters on one line" },
  "confinement.seccomp": { allowed: "{values}, or one of the next three keys", example: "worker" },
  "confinement.seccomp.profile": { allowed: "{values}", example: "api" },
  "confinement.seccomp.complain": { allowed: "`true`: denials are logged, not enforced", example: "true" },
  "confinement.seccomp.unconfined": { default: "none", allowed: "a reason; the container then has no seccomp profile" },
  "confinement.appArmor": { allowed: "`default`, or a profile that the host has loaded", example: "rampart-api" },
  "confinement.appArmor.unconfined": {
    default: "none",
    allowed: "a reason; the container then has no AppArmor profile",
  },
  "confinement.capabilities": {
    allowed: "capabilities to add, each with a reason",
    example: '[{ add: CAP_CHOWN, reason: "…" }]',
  },
  "confinement.capabilities.add": {
    allowed: "CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL, CAP_NET_BIND_SERVICE, CAP_SETGID, CAP_SETUID",
    example: "CAP_CHOWN",
  },
  "confinement.capabilities.reason": { allowed: "10 to 500 characters on one line" },
  "confinement.writableRoot": {
    default: "none: read-only",
    allowed: "`{ reason }`: the container can write to its root file system",
  },
  "confinement.writableRoot.reason": { allowed: "10 to 500 characters on one line" },
  stopGraceSeconds: { allowed: "{range}, between the stop signal and SIGKILL", example: "30" },
  reversible: {
    default: "not said: `rampart rollback` refuses to go back across it",
    allowed:
      "for `migration` only: `true` says that the version before works with the database as this migration " +
      "leaves it; see [roll back](operations.md#roll-back)",
    example: "true",
  },
  timeoutSeconds: {
    allowed: "{range}, for `migration` only: after this time the migration is stopped and has failed",
    example: "1800",
  },
};
