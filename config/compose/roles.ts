/**
 * What a compose service is to Rampart: a part that Rampart brings itself, one that it makes needless,
 * or the application's.
 */
import { isMarked, readable } from "./hidden";
import type { ComposeService } from "./service";

export type Role =
  | { readonly kind: "postgres" }
  | { readonly kind: "redis" }
  /** What stands between the internet and the services. */
  | { readonly kind: "edge" }
  /** With what Rampart does instead. */
  | { readonly kind: "needless"; readonly instead: string }
  | { readonly kind: "application" };

/** `ghcr.io/immich-app/postgres:14@sha256:…` to `ghcr.io/immich-app/postgres`. */
export const repositoryOf = (image: string): string => readable(image.split("@")[0] ?? "").replace(/:[^:/]*$/, "");

/** The tag; undefined where the reference has none, or a variable decides it. */
export function tagOf(image: string): string | undefined {
  const tag = /:([^:/]+)$/.exec(image.split("@")[0] ?? "")?.[1];
  return tag === undefined || isMarked(tag) ? undefined : tag;
}

const POSTGRES = new RegExp(
  [
    "(?:^|/)(?:postgres|postgresql|postgresql-repmgr|postgis|pgvector|pgvecto-rs|timescaledb",
    String.raw`timescaledb-ha|pgautoupgrade|postgres-ssl|spilo-\d+|cloudnative-pg)$`,
  ].join("|"),
);
const REDIS = /(?:^|\/)(?:redis|redis-stack|redis-stack-server|valkey|keydb|dragonfly|redict)$/;
const EDGE = new RegExp(
  [
    "(?:^|/)(?:traefik|caddy|caddy-docker-proxy|nginx-proxy|nginx-proxy-manager|docker-gen",
    "acme-companion|letsencrypt-nginx-proxy-companion|docker-letsencrypt-nginx-proxy-companion",
    "nginx-certbot|swag|certbot|https-portal|lego|envoy|haproxy|cloudflared|ngrok|kong)$",
  ].join("|"),
);

const NEEDLESS: readonly (readonly [RegExp, string])[] = [
  [
    /(?:^|\/)(?:watchtower|ouroboros|diun|whatsupdocker|wud)$/,
    "images are pinned by digest: write the new tag and digest in the stack's file (docs/upgrades.md)",
  ],
  [
    /(?:^|\/)(?:docker-autoheal|autoheal)$/,
    "an unhealthy version never replaces a healthy one, and `up` starts what stopped",
  ],
  [
    /(?:^|\/)(?:pgadmin4?|adminer|pgweb|cloudbeaver|phppgadmin)$/,
    "`npx rampart psql <stack>`, with --tunnel for a graphical client (docs/host-access.md)",
  ],
  [
    new RegExp(
      [
        "(?:^|/)(?:postgres-backup-local|postgres-backup-s3|postgres-backup|db-backup|docker-db-backup",
        "pg-backup|pgbackrest|docker-postgres-backup)$",
      ].join("|"),
    ),
    "Rampart takes encrypted backups every day and restores them as a drill (docs/backups.md)",
  ],
  [
    /(?:^|\/)(?:pgbouncer|pgpool|pgcat|supavisor)$/,
    "services connect to Postgres directly, each within its role's limit of connections",
  ],
  [
    /(?:^|\/)(?:docker-socket-proxy|socket-proxy)$/,
    "a service with `dockerApi` gets a socket proxy of its own, which judges bodies too (docs/docker-api.md)",
  ],
  [
    /(?:^|\/)(?:portainer|portainer-ce|portainer-ee|dockge|yacht)$/,
    "containers are changed by `pulumi up` only, so that the file says what runs",
  ],
  [/(?:^|\/)(?:dozzle|redis-commander|redisinsight)$/, "`docker logs` and `docker exec` on the host"],
  [
    /(?:^|\/)(?:wait-for-it|docker-compose-wait|dockerize|wait|wait-for-dependencies|docker-wait-for-dependencies)$/,
    "services start once Postgres and Redis are healthy and the migration has ended",
  ],
];

/** @param frontsOthers Whether an nginx passes requests on to other services rather than serving files. */
export function roleOf(service: ComposeService, frontsOthers: boolean): Role {
  const repository = service.image === undefined ? "" : repositoryOf(service.image);
  const serves = isServer(service);
  if (serves && (POSTGRES.test(repository) || isBuiltPostgres(service))) return { kind: "postgres" };
  if (serves && REDIS.test(repository))
    return /sentinel/.test(service.name)
      ? { kind: "needless", instead: "one Redis, without failover" }
      : { kind: "redis" };
  if (EDGE.test(repository) || frontsOthers) return { kind: "edge" };
  const needless = NEEDLESS.find(([pattern]) => pattern.test(repository));
  return needless === undefined ? { kind: "application" } : { kind: "needless", instead: needless[1] };
}

/** A server's image also runs its clients: a dump on a schedule, a script with psql. */
function isServer({ entrypoint, command }: ComposeService): boolean {
  const [first, ...rest] = [...(entrypoint ?? []), ...(command ?? [])];
  if (first === undefined || first.startsWith("-")) return true;
  if (!/(?:^|\/)(?:ba|da|a)?sh$/.test(first)) return SERVES.test(first);
  return rest.some(
    (word) =>
      SERVES.test(word.split(/\s/)[0] ?? "") ||
      /(?:^|[\s;&])(?:exec\s+)?(?:redis-server|valkey-server|postgres|docker-entrypoint\.sh)\s/.test(`${word} `),
  );
}

const SERVES = new RegExp(
  [
    String.raw`(?:^|/)(?:postgres|redis-server|valkey-server|keydb-server|dragonfly|[\w.-]*entrypoint[\w.-]*`,
    String.raw`run\.sh|[\w.-]+\.conf)$`,
  ].join("|"),
);

/** A Postgres with something added to it, which the compose file builds. */
function isBuiltPostgres({ build, environment, mounts, ports, exposed }: ComposeService): boolean {
  if (
    build === undefined ||
    !["POSTGRES_PASSWORD", "POSTGRES_DB", "POSTGRES_USER"].some((name) => environment.has(name))
  )
    return false;
  const data = mounts.some(({ target }) => /^\/var\/lib\/postgres/.test(target));
  return data || ports.some(({ target }) => target === 5432) || exposed.includes(5432);
}

export const isNginx = ({ image }: ComposeService): boolean =>
  image !== undefined &&
  /(?:^|\/)(?:nginx|nginx-unprivileged|openresty|nginx-brotli|docker-nginx|httpd|apache)$/.test(repositoryOf(image));

/** What is known of common images where neither the compose file nor the engine says it. */
export interface KnownImage {
  readonly user?: string;
  readonly port?: number;
  /** The edge has no use for its port. */
  readonly internalOnly?: boolean;
  readonly health?: readonly string[];
  readonly healthPath?: string;
  readonly tmpfs?: readonly string[];
  readonly memoryMiB?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether it reads `<NAME>_FILE` for the secrets that it knows. */
  readonly readsFiles?: boolean;
}

const sh = (line: string): readonly string[] => ["/bin/sh", "-c", line];

const MYSQL: KnownImage = {
  user: "999:999",
  port: 3306,
  internalOnly: true,
  health: sh("mariadb-admin ping -h 127.0.0.1 || mysqladmin ping -h 127.0.0.1"),
  tmpfs: ["/run/mysqld"],
  memoryMiB: 1024,
  readsFiles: true,
};

const KNOWN: readonly (readonly [RegExp, KnownImage])[] = [
  [/(?:^|\/)(?:mysql|mysql-server|mariadb|percona|percona-server)$/, MYSQL],
  [
    /(?:^|\/)(?:mongo|mongodb-community-server)$/,
    {
      user: "999:999",
      port: 27_017,
      internalOnly: true,
      health: ["mongosh", "--quiet", "--eval", "db.adminCommand('ping').ok || quit(1)"],
      memoryMiB: 1024,
      readsFiles: true,
    },
  ],
  [
    /(?:^|\/)rabbitmq$/,
    { user: "999:999", port: 5672, internalOnly: true, health: ["rabbitmq-diagnostics", "-q", "ping"], memoryMiB: 512 },
  ],
  [
    /(?:^|\/)memcached$/,
    { user: "11211:11211", port: 11_211, internalOnly: true, health: sh("echo version | nc -w 1 127.0.0.1 11211") },
  ],
  [
    /(?:^|\/)(?:elasticsearch|opensearch)$/,
    {
      user: "1000:1000",
      port: 9200,
      internalOnly: true,
      health: sh("curl -s http://127.0.0.1:9200/_cluster/health | grep -Eq 'green|yellow'"),
      memoryMiB: 2048,
    },
  ],
  [
    /(?:^|\/)clickhouse-server$/,
    { user: "101:101", port: 8123, internalOnly: true, healthPath: "/ping", memoryMiB: 2048 },
  ],
  [/(?:^|\/)minio$/, { port: 9000, health: ["mc", "ready", "local"], memoryMiB: 512, readsFiles: true }],
  [/(?:^|\/)meilisearch$/, { port: 7700, healthPath: "/health", memoryMiB: 1024 }],
  [/(?:^|\/)n8n$/, { user: "1000:1000", port: 5678, healthPath: "/healthz", memoryMiB: 512, readsFiles: true }],
  [/(?:^|\/)ghost$/, { user: "1000:1000", port: 2368, memoryMiB: 512 }],
  [/(?:^|\/)(?:grafana|grafana-oss|grafana-enterprise)$/, { user: "472:472", port: 3000, healthPath: "/api/health" }],
  [/(?:^|\/)prometheus$/, { user: "65534:65534", port: 9090, healthPath: "/-/healthy", memoryMiB: 512 }],
  [
    /(?:^|\/)vaultwarden\/server$/,
    { port: 8080, health: ["/healthcheck.sh"], environment: { ROCKET_PORT: "8080" }, readsFiles: true },
  ],
  [/(?:^|\/)nginx-unprivileged$/, { user: "101:101", port: 8080 }],
];

export const knownImage = (image: string | undefined): KnownImage => {
  const repository = image === undefined ? "" : repositoryOf(image);
  return KNOWN.find(([pattern]) => pattern.test(repository))?.[1] ?? {};
};
