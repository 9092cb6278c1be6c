import { converted, corpus, CORPUS_FILES, openWhenFilled, serviceOf, usesProfiles } from "./support";

describe.each(CORPUS_FILES)("%s", (name) => {
  it.each(["dev", "prod"] as const)("in %s: every fault is a place to fill in, and no secret shows", (environment) => {
    for (const profiles of usesProfiles(name) ? [[], ["*"]] : [[]]) {
      const result = corpus(name, environment, { profiles });
      expect(result.open.filter(({ given }) => given !== "a place to fill in")).toEqual([]);
      expect(openWhenFilled(result, environment)).toEqual([]);
      expect(/.{0,40}zq7.{0,20}/i.exec(result.everything)?.[0]).toBeUndefined();
      expect(/[\ue000\ue001]/.test(result.everything)).toBe(false);
    }
  });

  it("is the same in every run", () => expect(corpus(name).everything).toBe(corpus(name).everything));
});

const about = (notes: readonly { readonly services: readonly string[]; readonly about: string }[]): string[] =>
  notes.flatMap(({ services, about: what }) => services.map((service) => `${service}: ${what}`));

describe("what became what", () => {
  it("a Postgres with split variables: a shell takes the login out of the URL", () => {
    const result = corpus("gitea");
    const server = serviceOf(result, "server");
    expect(server["environment"]).toMatchObject({
      GITEA__database__HOST: "postgres:5432",
      GITEA__database__NAME: "gitea",
      PGSSLMODE: "verify-full",
    });
    expect(server["command"]).toEqual([
      [
        'database="$(cat "$DATABASE_URL_FILE")"',
        'login="${database#*://}" login="${login%%@*}"',
        'database_user="${login%%:*}" database_word="${login#*:}"',
        'export "GITEA__database__USER"="$database_user"',
        'export "GITEA__database__PASSWD"="$database_word"',
        "exec FILL IN: the image's entrypoint and command, as `docker image inspect` shows them",
        "",
      ].join("\n"),
    ]);
    expect(result.written["database"]).toEqual({ name: "gitea" });
    expect(server["routes"]).toEqual([{ host: "server.localhost" }]);
    expect(about(result.instead)).toEqual(expect.arrayContaining(["server: ports 222", "server: /etc/localtime"]));
    expect(result.secrets).toEqual([]);
  });

  it("a Postgres with DATABASE_URL", () => {
    const result = corpus("umami", "prod");
    expect(serviceOf(result, "umami")).toEqual({
      image: expect.stringContaining(
        "FILL IN: ghcr.io/umami-software/umami:postgresql-v2.19.0@sha256:<digest>",
      ) as string,
      port: 3000,
      routes: [{ host: "FILL IN: the host name of umami, such as umami.example.com" }],
      healthCheck: {
        command: ["/bin/sh", "-c", "curl http://localhost:3000/api/heartbeat"],
        timeoutSeconds: 5,
        retries: 5,
      },
      data: "read-write",
      secrets: { APP_SECRET: { config: "appSecret" } },
      secretsInEnvironment: {
        names: ["APP_SECRET", "DATABASE_URL"],
        reason: "the compose file gave them in the environment",
      },
    });
    expect(result.secrets).toEqual([
      { key: "appSecret", uses: ["umami: APP_SECRET"], weakness: "a placeholder of 35 characters (hidden)" },
    ]);
  });

  it("another scheme, another database, a JDBC URL, a migration", () => {
    const result = corpus("spring");
    expect(result.written["database"]).toEqual({ name: "analytics_db", databases: { shop: {} } });
    expect(serviceOf(result, "reports")["command"]).toEqual([
      expect.stringContaining('export "DB_URI"="postgresql+asyncpg://${database#*://}"'),
    ]);
    expect(serviceOf(result, "backend")["environment"]).toMatchObject({
      SPRING_DATASOURCE_URL:
        "jdbc:postgresql://postgres:5432/shop?sslmode=verify-full&sslrootcert=/run/secrets/database_ca",
      SPRING_DATA_REDIS_HOST: "redis",
    });
    expect(serviceOf(result, "backend")["command"]).toEqual([
      expect.stringMatching(/^cd \/srv\/app\n[\s\S]*\nexec java -jar app\.jar\n$/),
    ]);
    expect(result.taken).toContainEqual({ service: "flyway (flyway/flyway:10)", what: "the migration" });
    expect(result.taken).toContainEqual({ service: "pgadmin (dpage/pgadmin4)", what: "nothing" });
  });

  it("Traefik's labels: hosts, prefixes, ports, both of its generations", () => {
    const result = corpus("traefik-labels", "prod");
    expect(serviceOf(result, "api")).toMatchObject({
      port: 8000,
      routes: [
        { host: "acme.com", pathPrefix: "/api" },
        { host: "www.acme.com", pathPrefix: "/api" },
      ],
    });
    expect(serviceOf(result, "web")["routes"]).toEqual([{ host: "acme.com" }, { host: "www.acme.com" }]);
    expect(serviceOf(result, "legacy")).toMatchObject({
      port: 5000,
      routes: [{ host: "old.acme.com", pathPrefix: "/v1" }],
    });
    expect(serviceOf(result, "tenant")["routes"]).toEqual([
      {
        host:
          "FILL IN: the host name of tenant, such as tenant.example.com (in the compose file $TENANT_HOST, " +
          "which is not set)",
      },
    ]);
    expect(serviceOf(result, "whoami")["routes"]).toBeUndefined();
    expect(result.written["acmeEmail"]).toBe("ops@acme.com");
    expect(about(result.check)).toContain("api: path /api");
  });

  it("an nginx before services is the edge, with its locations and its limit", () => {
    const result = corpus("node-react-nginx", "prod");
    expect(serviceOf(result, "api")["routes"]).toEqual([{ host: "shop.acme.com", pathPrefix: "/api", maxBodyMiB: 20 }]);
    expect(serviceOf(result, "web")["routes"]).toEqual([{ host: "shop.acme.com", maxBodyMiB: 20 }]);
    expect(result.taken).toContainEqual({ service: "nginx (nginx:1.27-alpine)", what: "the stack's edge (Traefik)" });
    // The routed API has no data of the stack's own, and has to reach mongo.
    expect(serviceOf(result, "api")["internal"]).toBe(true);
    expect(serviceOf(result, "mongo")["healthCheck"]).toBeDefined();
    expect(result.secrets.map(({ key, uses }) => `${key}: ${uses.join(", ")}`)).toContain(
      "mongoUrl: api: MONGO_URL, the whole of mongodb://root:***@mongo:27017/app?authSource=admin",
    );
  });

  it("nginx-proxy's variables, and a Caddyfile", () => {
    expect(serviceOf(corpus("nginx-proxy", "prod"), "app")).toMatchObject({
      port: 8080,
      routes: [{ host: "app.acme.com" }],
    });
    expect(serviceOf(corpus("vaultwarden", "prod"), "vaultwarden")).toMatchObject({
      port: 8080,
      routes: [{ host: "vault.acme.com" }],
      environment: { ROCKET_PORT: "8080" },
    });
  });

  it("the stack's own secrets keep their place, and Postgres' password leaves", () => {
    const result = corpus("secrets");
    const app = serviceOf(result, "app");
    expect(app["secrets"]).toEqual({ API_TOKEN: { config: "apiToken" }, JWT_SECRET: { config: "jwtSecret" } });
    expect(app["command"]).toEqual([
      expect.stringContaining('(umask 077 && printf %s "$database_word" > /tmp/db_password_file)'),
    ]);
    expect(app["healthCheck"]).toEqual({ http: "/healthz", intervalSeconds: 10 });
    expect(app["volumes"]).toEqual([
      { hostPath: "/srv/app/app.toml", path: "/etc/app/app.toml", reason: expect.any(String) as string },
    ]);
    expect(result.copies).toEqual(["sudo install -D -m 0644 /app/app.toml /srv/app/app.toml"]);
  });

  it("a migration and its profile; a Dockerfile's words", () => {
    const result = corpus("rails", "dev", { profiles: ["*"] });
    expect(result.written["migration"]).toMatchObject({ command: ["bin/rails", "db:migrate"] });
    expect(serviceOf(result, "web")).toMatchObject({
      port: 8000,
      replicas: 3,
      resources: { memoryMiB: 512, cpus: 0.75 },
      stopGraceSeconds: 3,
      startTimeoutSeconds: 135,
    });
    expect(about(corpus("rails").instead)).toContain("web: profiles web");
  });

  it("replicas are replicas, and a link that is its own key is none in a command", () => {
    expect(serviceOf(corpus("twenty"), "server")["replicas"]).toBe(2);
    const cron = converted({
      source:
        "services:\n  cron:\n    image: alpine:3.22\n" +
        "    command: wget -qO- http://app:8080/cron?token=Zq7Zq7Zq7Zq7\n",
    });
    expect(cron.everything).not.toContain("Zq7");
  });

  it("the one service that is served has the host that its own variables give as its address", () => {
    const source = (more = ""): string =>
      'services:\n  app:\n    image: acme/app:1.2\n    ports: ["80:8080"]\n' +
      `    environment: { APP_URL: "https://money.acme.com/", ALLOWED: "https://other.acme.com" }\n${more}`;
    const hosts = (text: string, environment: "dev" | "prod" = "prod"): unknown =>
      serviceOf(converted({ source: text, environment }), "app")["routes"];
    expect(hosts(source())).toEqual([{ host: "money.acme.com" }]);
    expect(hosts(source(), "dev")).toEqual([{ host: "app.localhost" }]);
    // Of two, nobody knows whose it is; and two addresses are none.
    const open = [{ host: expect.stringMatching(/^FILL IN: the host name of app/) as string }];
    expect(hosts(source('  web:\n    image: acme/web:1.2\n    ports: ["81:8080"]\n'))).toEqual(open);
    expect(hosts(source().replace("ALLOWED", "SITE_URL"))).toEqual(open);
    expect(hosts(source().replace("money.acme.com", "app.example.com"))).toEqual(open);
  });

  it("what no container is given is named", () => {
    const result = corpus("hostile");
    const names = about(result.instead).map((line) => line.replace(/^Weird[^:]*: /, ""));
    expect(names).toEqual(
      expect.arrayContaining([
        "privileged",
        "network_mode host",
        "pid",
        "ipc",
        "devices",
        "cap_add SYS_ADMIN",
        "security_opt",
        "sysctls",
        "the Docker socket",
        "/proc",
        "replicas 50",
        "logging",
        "variable dotted.name",
      ]),
    );
    const service = serviceOf(result, "weird-name-with-everything-and");
    expect(service["confinement"]).toEqual({
      capabilities: ["CAP_NET_BIND_SERVICE", "CAP_CHOWN"].map((add) => ({ add, reason: expect.any(String) as string })),
    });
    expect(service["user"]).toEqual({ root: expect.any(String) as string });
    expect(service["resources"]).toEqual({ memoryMiB: 16, cpus: 0.05, pids: 4 });
    expect(service["replicas"]).toBe(16);
    expect(service["stopGraceSeconds"]).toBe(600);
    expect(Object.keys(result.written["services"] as object).sort()).toEqual([
      "app-edge",
      "app-redis",
      "postgres-exporter",
      "weird-name-with-everything-and",
    ]);
  });

  it("a client in a server's image is a service", () => {
    const client = converted({
      source: `services:
  db: { image: "postgres:16", environment: { POSTGRES_DB: shop } }
  dump:
    image: "postgres:16"
    entrypoint: [sh, -c]
    command: ["while :; do pg_dump; sleep 1d; done"]
    environment: { PGHOST: db, PGUSER: postgres, PGPASSWORD: "dumpZq7", PGDATABASE: shop }
  cache: { image: "redis:7", command: sh -c "redis-server --requirepass $$X" }
  cli: { image: "redis:7", command: redis-cli monitor, depends_on: [cache] }
`,
    });
    expect(client.taken.map(({ what }) => what)).toEqual([
      "the stack's Redis, a user of its own for each service",
      "service cli, uses Redis",
      "the stack's PostgreSQL, database shop",
      "service dump, uses PostgreSQL",
    ]);
    expect(serviceOf(client, "dump")["command"]).toEqual([
      expect.stringMatching(
        /export "PGPASSWORD"="\$database_word"\nexec sh -c 'while :; do pg_dump; sleep 1d; done'\n$/,
      ),
    ]);
  });

  it("a digest that the engine knows pins the image, and its command is run after the login is read", () => {
    const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
    const images = new Map([
      [
        "docker.gitea.com/gitea:1.24.2",
        { digest, entrypoint: ["/usr/bin/entrypoint"], command: ["/bin/s6-svscan", "/etc/s6"], user: "git" },
      ],
    ]);
    const result = corpus("gitea", "dev", { images });
    expect(serviceOf(result, "server")).toMatchObject({
      image: `docker.gitea.com/gitea:1.24.2@${digest}`,
      command: [expect.stringMatching(/\nexec \/usr\/bin\/entrypoint \/bin\/s6-svscan \/etc\/s6\n$/)],
    });
    expect(result.open).toEqual([]);
  });
});
