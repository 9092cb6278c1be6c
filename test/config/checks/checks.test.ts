import fc from "fast-check";
import { postgresSizing } from "../../../hardening/postgres/server/postgres-config";
import { redisPasswordHash, renderRedisAcl } from "../../../hardening/redis";
import { changed, DIGEST, faultsOf, faultsOfRaw, image, pathsOf, rawConfig, type Tree } from "../support";

const HOST = "app.acme-shop.com";

describe("what components would throw later is a fault now", () => {
  test("memory and processes for the connections", () => {
    expect(faultsOf({ "database.connectionLimits.app_rw": 1000 })).toEqual([
      {
        path: "rampart:database.resources.memoryMiB",
        given: "512",
        allowed: "at least 3028 for 1032 connections",
        fix: "raise it, or lower database.connectionLimits",
      },
    ]);
    expect(faultsOf({ "database.resources.pids": 100 })).toMatchObject([
      {
        path: "rampart:database.resources.pids",
        given: "100",
        allowed:
          "at least 192: a process for each of 160 connections, " +
          "which are those of app_rw and app_ro twice for a rotation, and the server's own",
      },
    ]);
  });

  test("what is accepted can be sized", () => {
    const limit = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(fc.integer({ min: 128, max: 8192 }), limit, limit, limit, (memoryMiB, migrator, app_rw, app_ro) => {
        const faults = faultsOf({
          "database.resources": { memoryMiB, pids: 32_768 },
          "database.connectionLimits": { migrator, app_rw, app_ro },
        });
        const size = (): unknown => postgresSizing({ memoryMiB, connectionLimits: [migrator, app_rw, app_ro, 4, 3] });
        if (faults.length === 0) expect(size).not.toThrow();
        else expect(size).toThrow();
      }),
      { numRuns: 100 },
    );
  });

  test("memory of the edge for the connections that it takes", () => {
    const edge = (total: number, memoryMiB: number): unknown =>
      faultsOf({ "edge.connections.total": total, "edge.resources.memoryMiB": memoryMiB });
    expect(edge(3000, 256)).toEqual([
      {
        path: "rampart:edge.resources.memoryMiB",
        given: "256",
        allowed: "at least 260: 72 for Traefik, and what 3000 connections take",
        fix: "raise it, or lower edge.connections.total",
      },
    ]);
    expect(edge(3000, 259)).toMatchObject([{ given: "259" }]);
    expect([edge(3000, 260), edge(2944, 256), edge(1500, 166)]).toEqual([[], [], []]);
    expect(edge(1500, 165)).toHaveLength(1);
  });

  test("connections of one client beyond those of all", () => {
    expect(faultsOf({ "edge.connections": { perClient: 65, total: 64 } })).toMatchObject([
      { allowed: "perClient of at most total", fix: "raise total, or lower perClient" },
    ]);
    expect(faultsOf({ "edge.connections": { perClient: 64, total: 64 } })).toEqual([]);
  });

  test("a bucket that would fill in more days than the gateway counts", () => {
    expect(faultsOf({ "services.api.routes.0.rateLimit": { average: 1, burst: 288, periodSeconds: 3600 } })).toEqual(
      [],
    );
    expect(
      faultsOf({ "services.api.routes.0.rateLimit": { average: 1, burst: 289, periodSeconds: 3600 } }),
    ).toMatchObject([
      {
        path: "rampart:services.api.routes[0].rateLimit",
        allowed: "a burst that fills at the average within 12 days",
        fix: "lower burst, or raise average",
      },
    ]);
  });

  test("requests in flight of one client beyond those of all", () => {
    expect(faultsOf({ "services.api.routes.0.inFlight": { perClient: 50, total: 40 } })).toMatchObject([
      { allowed: "perClient of at most total", fix: "raise total, or lower perClient" },
    ]);
  });

  test("key prefixes that reach into another service's", () => {
    expect(faultsOf({ "services.worker.cache": { keyPrefixes: ["a"] } })).toEqual([
      {
        path: "rampart:services.worker.cache",
        given: 'the prefix "a", which covers "api:" of api',
        allowed: "prefixes of which none is the beginning of another service's",
        fix: 'end it with a separator, for example "a:", or list "api:" too where sharing is meant',
      },
    ]);
    expect(faultsOf({ "services.worker.cache": { keyPrefixes: ["api:"] } })).toEqual([]);
  });

  test("what is accepted makes an ACL file", () => {
    const prefixes = fc.uniqueArray(fc.stringMatching(/^[ab:]{1,3}$/), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(prefixes, prefixes, (api, worker) => {
        const faults = faultsOf({
          "services.api.cache": { keyPrefixes: api },
          "services.worker.cache": { keyPrefixes: worker },
        });
        const users = [
          { name: "api", keyPrefixes: api },
          { name: "worker", keyPrefixes: worker },
        ].map((user) => ({ ...user, passwordSha256: redisPasswordHash("x") }));
        if (faults.length === 0) expect(() => renderRedisAcl(users)).not.toThrow();
        else expect(() => renderRedisAcl(users)).toThrow();
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    `traefik:v3@${DIGEST}`,
    `traefik:v3.7@${DIGEST}`,
    `traefik:saintnectaire@${DIGEST}`,
    `traefik:v2.11.3@${DIGEST}`,
    `traefik:v3.5.4@${DIGEST}`,
  ])("the edge's image %s", (reference) => {
    expect(faultsOf({ "images.traefik": reference })).toEqual([
      {
        path: "rampart:images.traefik",
        given: JSON.stringify(reference.split("@")[0]),
        allowed:
          "a tag with three numbers, such as v3.7.13, from 3.6 on: the edge's configuration depends on the version",
        fix: "use a tag that names the version",
      },
    ]);
  });

  test("names that Traefik and Redis use themselves, and only where they do", () => {
    const service = { image: image("x"), port: 3000 };
    expect(pathsOf(faultsOf({ "services.ping": { ...service, routes: [{ host: "x.acme-shop.com" }] } }))).toEqual([
      "services.ping",
    ]);
    expect(faultsOf({ "services.ping": service, "services.health": service, "services.default": service })).toEqual([]);
  });

  test("a service whose name is that of another's second route", () => {
    const routes = [{ host: "a.acme-shop.com" }];
    expect(
      pathsOf(
        faultsOf({
          "services.api.routes": [{ host: HOST, pathPrefix: "/api" }, { host: "b.acme-shop.com" }],
          "services.api-2": { image: image("x"), port: 3000, routes },
        }),
      ),
    ).toEqual([]);
  });

  test("a name twice among headers", () => {
    const route = { host: HOST, pathPrefix: "/api" };
    expect(
      pathsOf(faultsOf({ "services.api.routes": [{ ...route, headers: { fromApplication: ["Server", "Server"] } }] })),
    ).toEqual(["services.api.routes[0].headers.fromApplication"]);
    expect(
      pathsOf(faultsOf({ "services.api.routes": [{ ...route, headers: { response: { "X-A": "1", "x-a": "2" } } }] })),
    ).toEqual(["services.api.routes[0].headers.response"]);
  });

  test("the rotation of a Redis user that there is not", () => {
    expect(faultsOf({ "services.plain": { image: image("x"), port: 3000 }, "rotation.redis": { plain: "2" } })).toEqual(
      [
        {
          path: "rampart:rotation.redis.plain",
          given: 'the name "plain"',
          allowed: "services that use Redis: api, worker",
          fix: "correct the name, or set cache: true for the service",
        },
      ],
    );
    expect(faultsOf({ "rotation.redis": { api: "2" } })).toEqual([]);
  });

  test("more services than a network has addresses", () => {
    const services = Object.fromEntries(
      Array.from({ length: 121 }, (_, index) => [
        `s${index}`,
        { image: image("x"), port: 3000, dockerApi: { allow: ["GET /version"] } },
      ]),
    );
    expect(faultsOfRaw(rawConfig({ services }, { stack: "dev" }))).toMatchObject([
      { path: "rampart:services", given: "121 services", fix: "split the stack" },
    ]);
  });
});

describe("what contradicts itself", () => {
  test("routes", () => {
    expect(faultsOf({ "services.frontend.routes": [{ host: HOST, pathPrefix: "/api" }] })).toEqual([
      {
        path: "rampart:services.frontend.routes[0]",
        given: `${HOST}/api`,
        allowed: "one route for a host and path",
        fix: "remove it, or the same route at rampart:services.api.routes[0]",
      },
    ]);
  });

  test("a service's database", () => {
    const databases = { "database.databases": { analytics: {} } };
    expect(faultsOf({ ...databases, "services.api.database": "analytics" })).toEqual([]);
    expect(faultsOf({ "services.api.database": "app" })).toEqual([]);
    expect(faultsOf({ ...databases, "services.api.database": "other" })).toEqual([
      {
        path: "rampart:services.api.database",
        given: '"other"',
        allowed: "app, analytics",
        fix: "add it under database.databases, or use one of these",
      },
    ]);
    expect(faultsOf({ ...databases, "services.worker.database": "analytics" })).toEqual([
      {
        path: "rampart:services.worker.database",
        given: '"analytics"',
        allowed: "a database where data is read-only or read-write",
        fix: "say data: read-only or read-write, or remove it",
      },
    ]);
  });

  test("the schema that holds the extensions, and the variables of further databases", () => {
    const extensions = {
      "database.schema": "extensions",
      "database.databases": { analytics: { schemas: ["main", "extensions"] } },
    };
    expect(pathsOf(faultsOf(extensions))).toEqual(["database.databases.analytics.schemas[1]", "database.schema"]);
    expect(pathsOf(faultsOf({ "database.schemas": ["extensions"] }))).toEqual(["database.schemas[0]"]);
    expect(pathsOf(faultsOf({ "database.schemas": ["rampart"] }))).toEqual(["database.schemas[0]"]);
    const analytics = { "database.databases": { analytics: {} } };
    expect(pathsOf(faultsOf({ ...analytics, "migration.environment.DATABASE_URL_ANALYTICS_FILE": "/x" }))).toEqual([
      "migration.environment.DATABASE_URL_ANALYTICS_FILE",
    ]);
    expect(
      faultsOf({
        ...analytics,
        "migration.secretsInEnvironment": { names: ["DATABASE_URL_ANALYTICS"], reason: "it reads no files" },
      }),
    ).toEqual([]);
  });

  test("mounts", () => {
    expect(
      pathsOf(
        faultsOf({
          "services.api.volumes": [
            { name: "a", path: "/data" },
            { name: "b", path: "/data" },
          ],
        }),
      ),
    ).toEqual(["services.api.volumes"]);
    expect(pathsOf(faultsOf({ "services.api.volumes": [{ name: "a", path: "/tmp" }] }))).toEqual([
      "services.api.volumes",
    ]);
    expect(pathsOf(faultsOf({ "migration.volumes": [{ name: "a", path: "/tmp" }] }))).toEqual(["migration.volumes"]);
  });

  test("variables", () => {
    expect(pathsOf(faultsOf({ "services.api.environment.JWT_SECRET_FILE": "/x" }))).toEqual([
      "services.api.environment.JWT_SECRET_FILE",
    ]);
    expect(pathsOf(faultsOf({ "services.api.environment.DATABASE_URL_FILE": "/x" }))).toEqual([
      "services.api.environment.DATABASE_URL_FILE",
    ]);
    expect(pathsOf(faultsOf({ "services.api.secrets.DATABASE_URL": "generated" }))).toEqual([
      "services.api.secrets.DATABASE_URL",
    ]);
    expect(
      pathsOf(
        faultsOf({
          "services.frontend.secretsInEnvironment": { names: ["DATABASE_URL"], reason: "because I want to" },
        }),
      ),
    ).toEqual(["services.frontend.secretsInEnvironment.names"]);
    expect(pathsOf(faultsOf({ "services.worker.secrets.SESSION_SECRET": { generated: 64 } }))).toEqual([
      "services.worker.secrets.SESSION_SECRET",
    ]);
  });

  test.each([undefined, {}])(
    "the default interval of a health check is judged, written as %j or not",
    (healthCheck) => {
      const shortStart = { "services.api.healthCheck": healthCheck, "services.api.startTimeoutSeconds": 5 };
      expect(faultsOf(shortStart)).toEqual([
        {
          path: "rampart:services.api.healthCheck.intervalSeconds",
          given: "5",
          allowed: "less than startTimeoutSeconds (5): the first check comes after one interval",
          fix: "use a shorter interval, or a longer startTimeoutSeconds",
        },
      ]);
      expect(faultsOf({ ...shortStart, "services.api.startTimeoutSeconds": 6 })).toEqual([]);
    },
  );

  test("ports, certificates and health", () => {
    expect(pathsOf(faultsOf({ "edge.httpsPort": 15_432 }))).toEqual(["database.forwarderPort"]);
    expect(pathsOf(faultsOf({ "edge.httpsPort": 80 }))).toEqual(["edge.httpPort"]);
    expect(pathsOf(faultsOf({ "edge.httpPort": false }))).toEqual(["edge.httpPort"]);
    expect(pathsOf(faultsOf({ acmeEmail: undefined }))).toEqual(["acmeEmail"]);
    expect(pathsOf(faultsOf({ "services.api.routes": [{ host: "app.localhost" }] }, { stack: "staging" }))).toEqual([
      "services.api.routes[0].host",
    ]);
    expect(pathsOf(faultsOf({ "services.api.healthCheck.intervalSeconds": 60 }))).toEqual([
      "services.api.healthCheck.intervalSeconds",
    ]);
    expect(pathsOf(faultsOf({ "services.worker.healthCheck": undefined }))).toEqual(["services.worker.healthCheck"]);
    expect(pathsOf(faultsOf({ "services.api.port": undefined }))).toEqual(["services.api.port"]);
  });
});

describe("faults of shape, of value and of the whole are reported together", () => {
  const everything: Tree = {
    "database.connectionLimits.app_rw": 1000,
    "edge.httpsPort": "443",
    "services.api.bogus": 1,
    "services.api.cache": { keyPrefixes: ["a"] },
    "services.api.image": "app:latest",
    "services.api.port": "3000",
    "services.api.volumes": [
      { hostPath: "/etc", path: "/a", reason: "because I want to" },
      { name: "one", path: "/b" },
      { name: "two", path: "/b" },
    ],
    "services.frontend.routes": [
      { host: "https://x" },
      { host: HOST, pathPrefix: "/api" },
      { host: HOST, pathPrefix: "/api" },
    ],
    "services.worker.cache": { keyPrefixes: ["ab:"] },
    "services.worker.privileged": true,
    jwtSecret: "changeme",
    sevices: {},
  };

  test("twelve at once, each at the place where it was written", () => {
    expect(pathsOf(faultsOf(everything))).toEqual(
      [
        "database.resources.memoryMiB",
        "edge.httpsPort",
        "services.api.bogus",
        "services.api.cache",
        "services.api.image",
        "services.api.port",
        "services.api.secrets.JWT_SECRET",
        "services.api.volumes",
        "services.api.volumes[0].hostPath",
        "services.frontend.routes[0].host",
        "services.frontend.routes[2]",
        "services.worker.privileged",
        "sevices",
      ]
        .concat("services.frontend.routes[1]")
        .sort(),
    );
  });

  test("the same faults, whichever other is mended", () => {
    const all = pathsOf(faultsOf(everything));
    for (const key of ["services.api.image", "edge.httpsPort", "services.api.bogus"]) {
      const rest = Object.fromEntries(Object.entries(everything).filter(([path]) => path !== key));
      expect(pathsOf(faultsOfRaw(rawConfig(changed(rest))))).toEqual(all.filter((path) => path !== key));
    }
  });
});
