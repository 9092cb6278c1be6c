import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { run, type RunResult } from "../e2e/lib/process";
import { MAIN, type Images } from "../e2e/lib/stacks";

export const COMPOSE = { project: "rampart-bench-compose", httpPort: 31_380, httpsPort: 31_743 } as const;

const health = (port: number): object => ({
  test: ["CMD", "/usr/local/bin/app", "healthcheck", `http://127.0.0.1:${port}/healthz`],
  interval: "1s",
  timeout: "3s",
  retries: 3,
  start_period: "5s",
});
const common = {
  read_only: true,
  cap_drop: ["ALL"],
  security_opt: ["no-new-privileges:true"],
  mem_limit: "256m",
  cpus: 0.5,
  pids_limit: 128,
  tmpfs: ["/tmp:size=64m,noexec,nosuid"],
};

/** The same application as the end-to-end tests' main stack, as a careful team writes it by hand for Compose. */
export class ComposePeer {
  readonly directory: string;

  constructor(
    work: string,
    private readonly images: Images,
  ) {
    this.directory = join(work, "compose");
  }

  write(app: string): void {
    mkdirSync(join(this.directory, "traefik", "dynamic"), { recursive: true });
    writeFileSync(join(this.directory, "traefik", "traefik.yml"), stringify(STATIC));
    writeFileSync(join(this.directory, "traefik", "dynamic", "routes.yml"), stringify(DYNAMIC));
    writeFileSync(join(this.directory, "password"), "composebench0000000000000000000");
    writeFileSync(
      join(this.directory, "database_url"),
      "postgresql://postgres:composebench0000000000000000000@postgres:5432/app?sslmode=disable",
    );
    writeFileSync(join(this.directory, "redis_url"), "redis://redis:6379/0");
    writeFileSync(join(this.directory, "compose.yaml"), stringify(this.file(app)));
  }

  private file(app: string): object {
    const { traefik, postgres, redis } = this.images;
    const service = (command: string, port: number, more: object = {}): object => ({
      ...common,
      image: app,
      command: [command],
      user: "1000:1000",
      healthcheck: health(port),
      networks: ["proxy", "internal"],
      secrets: ["database_url", "redis_url"],
      environment: { DATABASE_URL_FILE: "/run/secrets/database_url", REDIS_URL_FILE: "/run/secrets/redis_url" },
      depends_on: {
        migration: { condition: "service_completed_successfully" },
        redis: { condition: "service_healthy" },
      },
      ...more,
    });
    return {
      name: COMPOSE.project,
      services: {
        edge: {
          ...common,
          image: traefik,
          command: ["traefik"],
          user: "65532:65532",
          ports: [`127.0.0.1:${COMPOSE.httpPort}:8080`, `127.0.0.1:${COMPOSE.httpsPort}:8443`],
          volumes: ["./traefik:/etc/traefik:ro"],
          healthcheck: {
            test: ["CMD", "traefik", "healthcheck"],
            interval: "2s",
            timeout: "3s",
            retries: 5,
            start_period: "20s",
          },
          networks: ["public", "proxy"],
        },
        postgres: {
          ...common,
          image: postgres,
          user: "70:70",
          mem_limit: "512m",
          tmpfs: ["/tmp", "/var/run/postgresql:uid=70,gid=70"],
          environment: { POSTGRES_DB: "app", POSTGRES_PASSWORD_FILE: "/run/secrets/password" },
          secrets: ["password"],
          volumes: ["postgres:/var/lib/postgresql/data"],
          healthcheck: {
            test: ["CMD", "pg_isready", "--host=127.0.0.1"],
            interval: "2s",
            timeout: "3s",
            retries: 5,
            start_period: "60s",
          },
          networks: ["internal"],
        },
        redis: {
          ...common,
          image: redis,
          user: "999:1000",
          volumes: ["redis:/data"],
          healthcheck: {
            test: ["CMD", "redis-cli", "ping"],
            interval: "2s",
            timeout: "3s",
            retries: 5,
            start_period: "30s",
          },
          networks: ["internal"],
        },
        migration: {
          ...common,
          image: this.images.app,
          command: ["migrate"],
          user: "1000:1000",
          networks: ["internal"],
          secrets: ["database_url"],
          environment: { DATABASE_URL_FILE: "/run/secrets/database_url" },
          depends_on: { postgres: { condition: "service_healthy" } },
        },
        web: service("frontend", 8080),
        api: service("api", 3000),
        reports: service("api", 3000),
        worker: service("worker", 3001),
      },
      networks: { public: {}, proxy: { internal: true }, internal: { internal: true } },
      volumes: { postgres: {}, redis: {} },
      secrets: {
        password: { file: "./password" },
        database_url: { file: "./database_url" },
        redis_url: { file: "./redis_url" },
      },
    };
  }

  up(): Promise<RunResult> {
    return run("docker", ["compose", "up", "--detach", "--wait"], { cwd: this.directory, timeoutSeconds: 300 });
  }

  down(): Promise<RunResult> {
    return run("docker", ["compose", "down", "--volumes", "--timeout", "5"], {
      cwd: this.directory,
      timeoutSeconds: 120,
    });
  }
}

/** Traefik's configuration as a careful team writes it: an access log, a redirect, timeouts. */
const STATIC = {
  accessLog: { format: "json", fields: { headers: { defaultMode: "drop" } } },
  entryPoints: {
    ping: { address: "127.0.0.1:8082" },
    web: {
      address: ":8080",
      http: { redirections: { entryPoint: { to: `:${COMPOSE.httpsPort}`, scheme: "https" } } },
    },
    websecure: {
      address: ":8443",
      transport: { respondingTimeouts: { readTimeout: "60s", idleTimeout: "180s" } },
    },
  },
  global: { checkNewVersion: false, sendAnonymousUsage: false },
  ping: { entryPoint: "ping" },
  providers: { file: { directory: "/etc/traefik/dynamic" } },
};

/**
 * The routes of the end-to-end tests' main stack, to Compose's own service names, with a limit and security headers.
 */
const DYNAMIC = {
  http: {
    middlewares: {
      headers: {
        headers: { contentTypeNosniff: true, frameDeny: true, referrerPolicy: "no-referrer", stsSeconds: 63_072_000 },
      },
      rate: { rateLimit: { average: 20_000, burst: 20_000 } },
    },
    routers: Object.fromEntries(
      [
        ["web", `Host(\`${MAIN.host}\`)`],
        ["api", `Host(\`${MAIN.host}\`) && PathPrefix(\`/api\`)`],
      ].map(([service = "", rule]) => [
        service,
        { entryPoints: ["websecure"], middlewares: ["headers", "rate"], rule, service, tls: {} },
      ]),
    ),
    services: Object.fromEntries(
      [
        ["web", "http://web:8080"],
        ["api", "http://api:3000"],
      ].map(([service = "", url]) => [service, { loadBalancer: { servers: [{ url }] } }]),
    ),
  },
};
