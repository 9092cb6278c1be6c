import { ConfigError, loadConfig } from "../../config";
import {
  changed,
  DIGEST,
  faultsOf,
  faultsOfRaw,
  GOOD_SECRET,
  happyValues,
  image,
  load,
  pathsOf,
  rawConfig,
  type Tree,
} from "./support";

const API = "services.api";
const one = (changes: Tree) => {
  const faults = faultsOf(changes);
  expect(faults).toHaveLength(1);
  return faults[0];
};

test("the configuration that the other tests break is valid", () => {
  expect(load().name).toBe("rampart-prod");
  expect(load().services["api"]?.user).toBe("1000:1000");
});

describe("the issue's refusals, word for word", () => {
  test("an unpinned image", () => {
    expect(one({ [`${API}.image`]: "app" })).toEqual({
      path: "rampart:services.api.image",
      given: '"app" (it is not pinned as repo:tag@sha256:<64 hex digits>)',
      allowed: "repo:tag@sha256:<64 hex digits>, with a tag other than latest",
      fix: "look the digest up with `docker buildx imagetools inspect app` and append it",
    });
  });

  test("latest", () => {
    expect(one({ [`${API}.image`]: `app:latest@${DIGEST}` })?.given).toBe(
      `"app:latest@${DIGEST}" (the tag latest says nothing about what runs)`,
    );
  });

  test("a host mount of /etc", () => {
    const fault = one({ [`${API}.volumes`]: [{ hostPath: "/etc", path: "/data", reason: "because I want to" }] });
    expect(fault).toMatchObject({
      path: "rampart:services.api.volumes[0].hostPath",
      given: '"/etc"',
      fix: "use a named volume (`name:` instead of `hostPath:`), or a directory under /srv",
    });
    expect(fault?.allowed).toMatch(
      /^a directory of the host's own for this purpose, such as \/srv\/<application>; not \/, /,
    );
  });

  test("a wildcard origin", () => {
    expect(one({ [`${API}.environment.ALLOWED_ORIGINS`]: "*" })).toEqual({
      path: "rampart:services.api.environment.ALLOWED_ORIGINS",
      given: '"*"',
      allowed: "exact origins; no wildcard",
      fix: "list each origin in full, such as https://app.example.com",
    });
  });

  test("an http origin in production, but not in staging", () => {
    const changes = { [`${API}.environment.ALLOWED_ORIGINS`]: "https://a.example,http://b.example" };
    expect(one(changes)).toMatchObject({ given: '"http://b.example"', allowed: "https origins in production" });
    expect(faultsOf(changes, { stack: "staging" })).toEqual([]);
  });

  test("a short JWT secret, a placeholder, a secret in clear text, one that is not set", () => {
    const at = { path: "rampart:services.api.secrets.JWT_SECRET" };
    expect(one({ jwtSecret: GOOD_SECRET.slice(0, 31) })).toEqual({
      ...at,
      given: "rampart:jwtSecret, a value of 31 characters (hidden)",
      allowed: "at least 32 characters",
      fix: "use JWT_SECRET: generated, or set a value made by `openssl rand -base64 48`",
    });
    expect(one({ jwtSecret: "PLACEHOLDER__SET_IN_SECRET_STORE" })).toMatchObject({
      ...at,
      given: "rampart:jwtSecret, a placeholder of 32 characters (hidden)",
      allowed: "a value that nobody can guess",
    });
    expect(faultsOf({}, { secretKeys: [] })).toMatchObject([
      { ...at, given: "rampart:jwtSecret in clear text", fix: "`pulumi config set --secret rampart:jwtSecret`" },
    ]);
    expect(one({ jwtSecret: undefined })).toMatchObject({
      ...at,
      given: "the key rampart:jwtSecret, which is not set",
    });
  });

  test("a staging certificate in production", () => {
    expect(one({ certificates: "letsencrypt-staging" })).toEqual({
      path: "rampart:certificates",
      given: "letsencrypt-staging, a staging certificate that no browser trusts",
      allowed: "a production CA in environment prod",
      fix: "use letsencrypt, or { directory, ca } of the CA that your users' browsers trust",
    });
  });

  test("published ports", () => {
    expect(one({ [`${API}.ports`]: ["5432:5432"] })).toEqual({
      path: "rampart:services.api.ports",
      given: "a key that does not exist here",
      allowed: "the keys in docs/configuration.md",
      fix: "a service publishes no port; give it `port` and a route, and the edge serves it",
    });
    expect(pathsOf(faultsOf({ "database.publish": 5432, "redis.ports": [6379] }))).toEqual([
      "database.publish",
      "redis.ports",
    ]);
  });
});

describe("every spelling is refused where it stands", () => {
  test.each([
    "",
    "app",
    "app:1",
    `app@${DIGEST}`,
    DIGEST,
    `app:latest@${DIGEST}`,
    `app:LATEST@${DIGEST}`,
    `app:latest-alpine@${DIGEST}`,
    `app:1@${DIGEST.toUpperCase()}`,
    `app:1@sha256:${"A1".repeat(32)}`,
    `app:1@sha512:${"a1".repeat(64)}`,
    `app:1@sha256:${"a1".repeat(31)}`,
    `app:1@sha256:${"0".repeat(64)}`,
    ` app:1@${DIGEST}`,
    `app:1@${DIGEST}\n`,
    `APP:1@${DIGEST}`,
    `http://app:1@${DIGEST}`,
    `app:1@${DIGEST}@${DIGEST}`,
  ])("image %j", (value) => {
    expect(pathsOf(faultsOf({ [`${API}.image`]: value }))).toEqual(["services.api.image"]);
    expect(pathsOf(faultsOf({ "images.redis": value, "migration.image": value }))).toEqual([
      "images.redis",
      "migration.image",
    ]);
  });

  test.each([
    "/",
    "//",
    "/.",
    "/srv/..",
    "/etc",
    "/etc/",
    "//etc",
    "/ETC",
    "/Etc/passwd",
    "/srv/../etc",
    "/srv/./../etc/./ssl",
    "/root",
    "/root/.ssh",
    "/home",
    "/home/me/app",
    "/Users",
    "/users/me",
    "/var",
    "/var/",
    "/var/lib",
    "/var/run",
    "/var/run/docker.sock",
    "/VAR/RUN/DOCKER.SOCK",
    "/run/docker.sock",
    "/run",
    "/srv/docker.sock",
    "/srv/docker.sock/",
    "/srv/podman/podman.sock",
    "/var/lib/docker",
    "/var/lib/docker/..",
    "/var/lib/docker/../docker/volumes",
    "/proc",
    "/proc/1/root",
    "/sys",
    "/dev",
    "/dev/sda",
    "/boot",
    "/usr",
    "/private/etc",
    "/Volumes/x",
    "/host_mnt/c",
    "/c/Users/me",
    "etc",
    "./data",
    "../etc",
    "~/data",
    "$HOME",
    "${HOME}",
    "C:\\Users",
    "/srv/a:/etc",
    "/srv/a\n",
    "/srv/a b",
    "/srv/\u0000",
    "/srv/data/",
    "/srv//data",
    "/srv/app/.ssh",
    "/srv/.aws/x",
    "",
  ])("host path %j", (hostPath) => {
    expect(
      pathsOf(faultsOf({ [`${API}.volumes`]: [{ hostPath, path: "/data", reason: "because I want to" }] })),
    ).toEqual(["services.api.volumes[0].hostPath"]);
  });

  test("a host path that is the application's own is accepted, with a reason", () => {
    expect(
      faultsOf({ [`${API}.volumes`]: [{ hostPath: "/srv/acme-shop", path: "/data", reason: "because I want to" }] }),
    ).toEqual([]);
    expect(pathsOf(faultsOf({ [`${API}.volumes`]: [{ hostPath: "/srv/acme-shop", path: "/data" }] }))).toEqual([
      "services.api.volumes[0].reason",
    ]);
    expect(pathsOf(faultsOf({ [`${API}.volumes`]: [{ hostPath: "/etc", path: "/data" }] }))).toEqual([
      "services.api.volumes[0].hostPath",
      "services.api.volumes[0].reason",
    ]);
  });

  test.each([
    ["/var/run/docker.sock:/var/run/docker.sock"],
    [{ name: "a", hostPath: "/etc", path: "/x" }],
    [{ path: "/x" }],
    [{ source: "/etc", target: "/x", type: "bind" }],
    [null],
    [7],
  ])("volume %j", (volume) => {
    expect(
      pathsOf(faultsOf({ [`${API}.volumes`]: [volume] })).every((path) => path.startsWith("services.api.volumes[0]")),
    ).toBe(true);
    expect(faultsOf({ [`${API}.volumes`]: [volume] })).not.toEqual([]);
  });

  test.each([
    "/",
    "//",
    "/proc",
    "/proc/self",
    "/sys/fs",
    "/dev/shm",
    "/run/secrets",
    "/run/secrets/x",
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/data/../etc",
    "/data/",
    "/data//x",
    "data",
    "/da,ta",
    "/a:ro",
    "",
  ])("container path %j", (path) => {
    expect(
      pathsOf(faultsOf({ [`${API}.volumes`]: [{ name: "a", path }], [`${API}.tmpfs`]: [{ path, sizeMiB: 1 }] })),
    ).toEqual(["services.api.tmpfs[0].path", "services.api.volumes[0].path"]);
  });

  test.each([
    "ports",
    "publish",
    "expose",
    "privileged",
    "network_mode",
    "networkMode",
    "networks",
    "pid",
    "ipc",
    "cap_add",
    "capAdd",
    "devices",
    "security_opt",
    "hostNetwork",
    "userns_mode",
    "sysctls",
    "volumes_from",
    "env_file",
    "restart",
    "constructor",
    "toString",
    "hasOwnProperty",
  ])("the key %s", (key) => {
    const fault = one({ [`${API}.${key}`]: true });
    expect(fault).toMatchObject({ path: `rampart:services.api.${key}`, given: "a key that does not exist here" });
    expect(typeof fault?.fix).toBe("string");
  });

  test.each([
    "ALL",
    "SYS_ADMIN",
    "CAP_SYS_ADMIN",
    "CAP_NET_ADMIN",
    "CAP_SYS_PTRACE",
    "CAP_NET_RAW",
    "NET_BIND_SERVICE",
    "cap_chown",
    "all",
  ])("the capability %s", (add) => {
    expect(pathsOf(faultsOf({ [`${API}.confinement.capabilities`]: [{ add, reason: "because I want to" }] }))).toEqual([
      "services.api.confinement.capabilities[0].add",
    ]);
  });

  test.each([
    "root",
    "0",
    "0:0",
    "1000",
    "1000:0",
    "0:1000",
    "00:00",
    "-1:-1",
    "node",
    "1000:1000 ",
    "9999999999:1",
    0,
    1000,
    null,
  ])("the user %j", (user) => {
    expect(pathsOf(faultsOf({ [`${API}.user`]: user }))).toEqual(["services.api.user"]);
  });

  test.each([
    ["memoryMiB", -1],
    ["memoryMiB", 0],
    ["memoryMiB", 1.5],
    ["memoryMiB", "512Mi"],
    ["memoryMiB", "512"],
    ["memoryMiB", 1e12],
    ["memoryMiB", null],
    ["cpus", 0],
    ["cpus", -1],
    ["cpus", 1e9],
    ["cpus", "1"],
    ["cpus", 0.30000000000000004],
    ["pids", 0],
    ["pids", -1],
    ["pids", 1e6],
  ])("resources.%s %j", (key, value) => {
    for (const at of [API, "database", "redis", "edge", "migration"])
      expect(pathsOf(faultsOf({ [`${at}.resources.${key}`]: value }))).toContain(`${at}.resources.${key}`);
  });

  test.each([
    "App.acme-shop.com",
    "*.acme-shop.com",
    "app.acme-shop.com:8443",
    "https://app.acme-shop.com",
    "app.acme-shop.com/x",
    "app_1.acme-shop.com",
    "bücher.example",
    "[::1]",
    "::1",
    "1.2.3.4",
    "localhost",
    "app",
    "app.local",
    "app.internal",
    "a`b.com",
    "a.com`) || Host(`b.com",
    "a.com\n",
    "a..com",
    "-a.com",
    "a.com.",
    "",
    `${"a".repeat(64)}.com`,
  ])("the host %j", (host) => {
    expect(pathsOf(faultsOf({ [`${API}.routes`]: [{ host }] }))).toEqual(["services.api.routes[0].host"]);
  });

  test.each([
    "api",
    "/api/",
    "//api",
    "/a`b",
    "/a b",
    "/../x",
    "/a/../b",
    "/.",
    "/a/.",
    "/a\n",
    "/a?b",
    "/a#b",
    "/%2e",
    "",
  ])("the path prefix %j", (pathPrefix) => {
    expect(pathsOf(faultsOf({ [`${API}.routes`]: [{ host: "app.acme-shop.com", pathPrefix }] }))).toEqual([
      "services.api.routes[0].pathPrefix",
    ]);
  });

  test.each([
    ["X-A", "a\r\nSet-Cookie: b=c"],
    ["X-A\r\nB", "x"],
    ["X A", "x"],
    ["Access-Control-Allow-Origin", "*"],
    ["access-control-allow-origin", "https://a.example"],
    ["Set-Cookie", "a=b"],
    ["Transfer-Encoding", "chunked"],
    ["", "x"],
  ])("the response header %j: %j", (name, value) => {
    expect(
      faultsOf({
        [`${API}.routes`]: [
          { host: "app.acme-shop.com", pathPrefix: "/api", headers: { response: { [name]: value } } },
        ],
      }),
    ).toHaveLength(1);
  });

  test.each([
    "*",
    "null",
    "https://*.example.com",
    "http://a.example",
    "HTTP://a.example",
    "https://a.example/",
    "https://a.example/x",
    "https://u:hunter2@a.example",
    "a.example",
    "https://A.example",
    "https://a.example:99999",
    "ftp://a.example",
    "https://a.example\n",
    "https://",
  ])("the allowed origin %j", (origin) => {
    const faults = faultsOf({
      [`${API}.routes`]: [{ host: "app.acme-shop.com", pathPrefix: "/api", cors: { allowedOrigins: [origin] } }],
    });
    expect(pathsOf(faults)).toEqual(["services.api.routes[0].cors.allowedOrigins[0]"]);
    expect(JSON.stringify(faults)).not.toContain("hunter2");
  });

  test.each([
    ["ALLOWED_ORIGINS", '["http://a.example"]'],
    ["ALLOWED_ORIGINS", "https://a.example, *"],
    ["CORS_ORIGIN", "null"],
    ["CORS_ALLOW_ALL_ORIGINS", "true"],
    ["BACKEND_CORS_ORIGINS", '["*"]'],
    ["APP_BASE_URL", "http://localhost:3000"],
    ["FRONTEND_URL", "http://a.example"],
    ["CORS_ALLOWED_ORIGIN_REGEX", "https://.*\\.a\\.example"],
    ["WS_ALLOWED_ORIGINS", "ws://a.example"],
  ])("%s=%s in production", (name, value) => {
    expect(pathsOf(faultsOf({ [`${API}.environment.${name}`]: value }))).toEqual([`services.api.environment.${name}`]);
  });

  test.each(["production", "Prod", "PROD", "development", " prod", "1e3"])("the environment %j", (environment) => {
    expect(pathsOf(faultsOf({ environment }))).toEqual(["environment"]);
  });

  test("a stack named prod is not weakened by a key", () => {
    expect(faultsOf({ environment: "dev", "edge.listenAddress": "127.0.0.1" })).toEqual([
      {
        path: "rampart:environment",
        given: 'dev, for a stack named "prod"',
        allowed: "prod for a stack of this name",
        fix: "remove the key, or rename the stack",
      },
    ]);
    expect(faultsOf({ environment: "prod" }, { stack: "dev" })).toEqual([]);
  });

  test.each([
    "self-signed",
    "letsencrypt-staging",
    "staging",
    "pebble",
    "none",
    false,
    null,
    { directory: "http://ca.acme-shop.com/dir" },
    { directory: "https://acme-staging-v02.api.letsencrypt.org/directory" },
    { directory: "https://pebble:14000/dir" },
    { directory: "https://localhost:14000/dir" },
    { directory: "https://127.0.0.1/dir" },
    { directory: "https://api.test4.buypass.no/acme/directory" },
    { directory: "https://ca.acme-shop.com/staging/directory" },
    { directory: "https://[" },
    { directory: "https://u:p@ca.acme-shop.com/" },
    { directory: "acme" },
    { directory: "https://ca.acme-shop.com/d", ca: "not pem" },
    {},
  ])("certificates %j in production", (certificates) => {
    expect(pathsOf(faultsOf({ certificates })).every((path) => path.startsWith("certificates"))).toBe(true);
    expect(faultsOf({ certificates })).not.toEqual([]);
  });

  test.each([
    { directory: "https://acme.latest-ca.com/directory" },
    { directory: "https://attestation.acme-shop.com/directory", challenge: "tls-alpn-01" },
  ])("certificates %j are a production CA's", (certificates) => {
    expect(faultsOf({ certificates })).toEqual([]);
  });

  test("IPv6 beside one address of IPv4", () => {
    expect(faultsOf({ "edge.ipv6": true, "edge.listenAddress": "203.0.113.7" })).toEqual([
      {
        path: "rampart:edge.ipv6",
        given: "true",
        allowed: "false, or listenAddress 0.0.0.0: the edge then listens on all addresses of both families",
        fix: "remove it, or remove listenAddress (in environment dev, where that is a loopback address, remove it)",
      },
    ]);
    expect(faultsOf({ "edge.ipv6": true })).toEqual([]);
    expect(pathsOf(faultsOf({ "edge.ipv6": true }, { stack: "dev" }))).toEqual(["edge.ipv6"]);
  });

  test.each([5432, 6379, 2375, 2376, 3306, 27017, 0, -1, 65536, 443.5, "443", true])("the edge on port %j", (port) => {
    expect(pathsOf(faultsOf({ "edge.httpsPort": port }))).toEqual(["edge.httpsPort"]);
    expect(pathsOf(faultsOf({ "edge.httpPort": port }))).toEqual(["edge.httpPort"]);
  });

  test.each(["", "localhost", "::", "256.1.1.1", "01.2.3.4", "0.0.0.0/0", "1.2.3", "0.0.0.0\n"])(
    "the edge at %j",
    (listenAddress) => {
      expect(pathsOf(faultsOf({ "edge.listenAddress": listenAddress }))).toEqual(["edge.listenAddress"]);
    },
  );

  test("dev listens only on loopback", () => {
    expect(pathsOf(faultsOf({ "edge.listenAddress": "0.0.0.0" }, { stack: "dev" }))).toEqual(["edge.listenAddress"]);
  });

  test.each([
    "10.999.0.0/16",
    "10.256.0.0/16",
    "10.1.0.0/24",
    "8.8.0.0/16",
    "172.17.0.0/16",
    "172.32.0.0/16",
    "192.168.0.0/24",
    "10.01.0.0/16",
    "::/16",
    "10.1.0.0",
  ])("the pool %j", (pool) => {
    expect(pathsOf(faultsOf({ "network.pool": pool }))).toEqual(["network.pool"]);
  });

  test.each([
    "all",
    "public",
    "replication",
    "sameuser",
    "samerole",
    "none",
    "current_user",
    "pg_x",
    "postgres",
    "template0",
    "information_schema",
    "App",
    "a-b",
    "1a",
    'a"b',
    "a; drop",
    "",
    "a".repeat(64),
  ])("the database and schema %j", (name) => {
    expect(pathsOf(faultsOf({ "database.name": name, "database.schema": name }))).toEqual([
      "database.name",
      "database.schema",
    ]);
  });

  test.each([
    ["allow", "POST /swarm/init"],
    ["allow", "GET /secrets"],
    ["allow", "* /containers"],
    ["allow", "GET /v1.41/version"],
    ["allow", "GET /containers/{id}/archive"],
    ["allow", "get /version"],
    ["presets", "SWARM"],
    ["presets", "SECRETS"],
    ["presets", "ALL"],
    ["presets", "containers"],
  ])("dockerApi.%s %j", (list, entry) => {
    expect(pathsOf(faultsOf({ "services.worker.dockerApi": { [list]: [entry] } }))).toContain(
      `services.worker.dockerApi.${list}[0]`,
    );
  });

  test.each([{}, { presets: ["POST"] }, { allow: [] }, true, "all", ["GET /version"]])("dockerApi %j", (dockerApi) => {
    expect(pathsOf(faultsOf({ "services.worker.dockerApi": dockerApi }))).toEqual(["services.worker.dockerApi"]);
  });

  test.each([
    "edge",
    "postgres",
    "redis",
    "migration",
    "docker",
    "backups",
    "docker-api",
    "docker-api-x",
    "socket-proxy",
    "localhost",
    "health",
    "default",
  ])("a service named %s", (name) => {
    expect(pathsOf(faultsOf({ [`services.${name}`]: { image: image("x"), port: 3000, cache: true } }))).toEqual([
      `services.${name}`,
    ]);
  });

  test.each(["My_API", "api_1", "1api", "-api", "api-", "API", "a b", "a".repeat(31), "é"])(
    "a service named %j",
    (name) => {
      const values = happyValues();
      (values["services"] as Tree)[name] = { image: "app", port: 3000 };
      const paths = faultsOfRaw(rawConfig(values)).map(({ path }) => path);
      expect(paths).toHaveLength(2);
    },
  );
});

describe("structure", () => {
  test.each([[null], [[]], ["api"], [7], [true], [[{ image: "x" }]]])("services: %j", (services) => {
    expect(pathsOf(faultsOfRaw(rawConfig({ ...happyValues(), jwtSecret: undefined, services })))).toContain("services");
  });

  test.each(["{", "[1", "{'a':1}", "", "undefined"])("services as the text %j", (text) => {
    expect(pathsOf(faultsOfRaw({ stack: "dev", values: { services: text }, secretKeys: [] }))).toEqual(["services"]);
  });

  test("an unknown key, and the one that was meant", () => {
    expect(faultsOf({ sevices: {} })).toEqual([
      {
        path: "rampart:sevices",
        given: "a key that Rampart does not know",
        allowed:
          "environment, name, sample, certificates, acmeEmail, edge, images, registries, signatures, network, " +
          "database, redis, rotation, migration, services, jobs, logging, disk, monitoring, exceptions, " +
          "dockerSocketGroup, " +
          "and the keys that a service's secrets name",
        fix: "write it as rampart:services",
      },
    ]);
    expect(faultsOfRaw({ stack: "dev", values: { "edge.httpPort": "80" }, secretKeys: [] })[0]?.fix).toBe(
      "write the structure in the stack's file",
    );
  });

  test("an encrypted value nested in a structure", () => {
    expect(faultsOf({}, { secretKeys: ["jwtSecret", "services"] })).toMatchObject([
      { path: "rampart:services", given: "an encrypted value inside a structure" },
    ]);
  });

  test.each(["__proto__", "constructor", "prototype"])("the name %s is data, never code", (name) => {
    const services = JSON.parse(`{"${name}": {"image": "app", "port": 3000}}`) as unknown;
    expect(faultsOfRaw(rawConfig({ services }, { stack: "dev" }))).toHaveLength(1);
    expect(faultsOf({ [`${API}.secrets`]: { TOKEN: { config: name } }, jwtSecret: undefined })).toMatchObject([
      { path: expect.stringMatching(/^rampart:services\.api\.secrets\.TOKEN/) as string },
    ]);
  });

  test("structures without end", () => {
    const deep = `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`;
    expect(faultsOfRaw({ stack: "dev", values: { services: deep }, secretKeys: [] })).toMatchObject([
      { path: "rampart:services", given: "a structure that is deeper" },
    ]);
    const wide = JSON.stringify(Array.from({ length: 200_000 }, () => 1));
    expect(faultsOfRaw({ stack: "dev", values: { services: wide }, secretKeys: [] })).toMatchObject([
      { path: "rampart:services", given: "a structure that is larger" },
    ]);
  });

  test("a key that could move a terminal's cursor is quoted", () => {
    expect(faultsOf({ [`${API}.\u001b[2J`]: 1 })[0]?.path).toBe('rampart:services.api["\\u001b[2J"]');
  });

  test("nothing but a ConfigError is thrown, and it says how many faults there are", () => {
    expect(() => loadConfig(rawConfig(changed({ [`${API}.image`]: "app", sevices: {} })))).toThrow(ConfigError);
    expect(() => loadConfig(rawConfig(changed({ [`${API}.image`]: "app", sevices: {} })))).toThrow(
      /^2 faults in the configuration of stack "prod"; nothing was changed\./,
    );
  });
});
