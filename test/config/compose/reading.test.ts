import { readDotenv } from "../../../config/compose/dotenv";
import { dockerfileFacts } from "../../../config/compose/dockerfile";
import { secretWords } from "../../../config/compose/credentials";
import { Hidden, readable, unsetNames } from "../../../config/compose/hidden";
import { interpolate } from "../../../config/compose/interpolate";
import { labelRoutes } from "../../../config/compose/labels";
import { loadFiles } from "../../../config/compose/load";
import { camelCase, renameHosts } from "../../../config/compose/names";
import { caddyRoutes, nginxRoutes } from "../../../config/compose/nginx";
import { readPorts } from "../../../config/compose/ports";
import { readVolumes } from "../../../config/compose/volumes";
import { mebibytes, quoteWords, seconds, splitWords } from "../../../config/compose/words";

const values: Readonly<Record<string, string>> = { TAG: "1.2", EMPTY: "", DB_PASSWORD: "a password" };

const shown = (text: string): string => readable(interpolate(text, (name) => values[name], new Hidden()));

test.each([
  ["$TAG and ${TAG}", "1.2 and 1.2"],
  ["$$TAG $${TAG}", "$TAG ${TAG}"],
  ["${NONE:-x} ${NONE-x} ${EMPTY:-x} ${EMPTY-x}", "x x x "],
  ["${TAG:+set} ${NONE:+set} ${EMPTY+set}", "set  set"],
  ["${NONE:-${TAG}-alpine}", "1.2-alpine"],
  ["${TAG:?needed}", "1.2"],
  ["a $ b ${ c ${1} $", "a $ b ${ c ${1} $"],
  ["${NONE}", "$NONE"],
  ["${DB_PASSWORD}", "***"],
  ["${DB_PASSWORD:-default}", "***"],
  ["${API_TOKEN:-of the file}", "***"],
  ["postgres://u:${DB_PASSWORD}@db/x", "postgres://u:***@db/x"],
])("%s is read as %s", (text, expected) => expect(shown(text)).toBe(expected));

test("a variable without a value is named", () =>
  expect(unsetNames(interpolate("${A}/${B:-c}/$D", () => undefined, new Hidden()))).toEqual(["A", "D"]));

test.each([
  ["AUTH_SALT", "8gH2!kd)", true],
  ["KEY", "255d861b-5ea1-5996-9aa3-922530ec40b1", true],
  ["SOMETHING", "4f3a9c1b7e2d8f6a5b0c9d8e7f6a5b4c", true],
  ["DB_PASSWORD", "x", true],
  ["PASSWORD_RESET_ENABLED", "true", false],
  ["PASSWORD_MIN_LENGTH", "12", false],
  ["DB_PASSWORD_FILE", "/run/secrets/db", false],
  ["TENANT_ID", "255d861b-5ea1-5996-9aa3-922530ec40b1", false],
  ["MODULE", "my-application-with-a-long-name-2", false],
  ["SORT_KEY", "created", false],
  ["LICENSE_KEY", "ABCD-1234", true],
  ["SITE_KEY", "ABCD-1234", false],
  ["CACHE_KEY_PREFIX", "shop-1:", false],
])("whether %s of a value is a secret", (name, value, expected) => {
  const hidden = new Hidden();
  expect(hidden.hide(name, value, "literal") !== value).toBe(expected);
});

test("equal values of a file are one secret, and two variables are two", () => {
  const hidden = new Hidden();
  expect(hidden.hide("MYSQL_PASSWORD", "same", "literal")).toBe(hidden.hide("DB_PASSWORD", "same", "literal"));
  expect(hidden.hide("MYSQL_PASSWORD", "same", "literal")).not.toBe(hidden.hide("SECRET_KEY", "same", "literal"));
  expect(hidden.hide("A_PASSWORD", "same", "variable")).not.toBe(hidden.hide("B_PASSWORD", "same", "variable"));
});

test.each([
  [
    ["run", "--token", "abc"],
    [false, false, true],
  ],
  [
    ["run", "--token", "$TOKEN"],
    [false, false, false],
  ],
  [
    ["run", "--password=abc"],
    [false, true],
  ],
  [
    ["sh", "-c", "curl -u me:abc http://x"],
    [false, false, true],
  ],
  [
    ["mysqladmin", "ping", "-u", "root", "-pabc"],
    [false, false, false, false, true],
  ],
  [
    ["redis-cli", "-a", "abc", "ping"],
    [false, false, true, false],
  ],
  [
    ["env", "API_TOKEN=abc", "run"],
    [false, true, false],
  ],
  [
    ["node", "server.js", "-p", "3000"],
    [false, false, false, false],
  ],
])("secrets in %j", (words, expected) => expect(secretWords(words, new Hidden())).toEqual(expected));

test.each([
  [`bin/x -a "b c" 'd "e"' f\\ g ""`, ["bin/x", "-a", "b c", 'd "e"', "f g", ""]],
  [`sh -c "echo \\"a\\" $X"`, ["sh", "-c", 'echo "a" $X']],
  ["  ", []],
  ["a \\\n b", ["a", "b"]],
])("%j is split as a shell does", (line, words) => {
  expect(splitWords(line)).toEqual(words);
  expect(splitWords(quoteWords(words))).toEqual(words);
});

test.each([
  ["1m30s", 90],
  ["500ms", 0.5],
  [10, 10],
  ["2h", 7200],
  ["soon", undefined],
])("%j in seconds", (text, expected) => expect(seconds(text)).toBe(expected));

test.each([
  ["512M", 512],
  ["1.5gb", 1536],
  ["100000k", 98],
  [1_048_576, 1],
  ["2GiB", 2048],
  ["lots", undefined],
])("%j in MiB", (text, expected) => expect(mebibytes(text)).toBe(expected));

test("an env file", () =>
  expect(readDotenv('# c\nexport A=1 # one\nB=\'a # $b\'\nC="x\\ny"\nD=\nE=a#b\n F : g\nnot a line\nG="a\nb"')).toEqual(
    [
      { name: "A", value: "1", literal: false },
      { name: "B", value: "a # $b", literal: true },
      { name: "C", value: "x\ny", literal: false },
      { name: "D", value: "", literal: false },
      { name: "E", value: "a#b", literal: false },
      { name: "F", value: "g", literal: false },
      { name: "G", value: "a\nb", literal: false },
    ],
  ));

test("ports in every form", () =>
  expect(
    readPorts({
      ports: [
        "80",
        81,
        "8080:82",
        "127.0.0.1:8081:83/tcp",
        "[::1]:84:84/udp",
        "90-91:92-93",
        { target: 94, published: "95" },
        "${X}",
      ],
      expose: ["3000", "4000/tcp"],
    }),
  ).toEqual({
    ports: [
      [80, undefined, "tcp"],
      [81, undefined, "tcp"],
      [82, 8080, "tcp"],
      [83, 8081, "tcp"],
      [84, 84, "udp"],
      [92, 90, "tcp"],
      [94, 95, "tcp"],
    ].map(([target, published, protocol]) => ({ target, published, protocol })),
    exposed: [3000, 4000],
  }));

test("volumes in every form", () =>
  expect(
    readVolumes([
      "data:/a",
      "./b:/b:ro",
      "/c",
      "~/d:/d",
      "C:\\e:/e",
      { type: "bind", source: "/f", target: "/f", read_only: true },
      { type: "volume", target: "/g" },
    ]).map(({ kind, source, target, readOnly }) => `${kind} ${source} ${target}${readOnly ? " ro" : ""}`),
  ).toEqual([
    "volume data /a",
    "host ./b /b ro",
    "anonymous  /c",
    "host ~/d /d",
    "host C:\\e /e",
    "host /f /f ro",
    "anonymous  /g",
  ]));

test("a proxy's locations", () => {
  const config =
    "server { listen 443; server_name a.acme.com b.acme.com; client_max_body_size 0; set $up http://web:80; " +
    "location = /x { proxy_pass http://api:1/; } location / { proxy_pass $up; " +
    "} location ~ x { proxy_pass http://no; } }";
  expect(nginxRoutes(config).map(({ host, path, target, port, strips }) => [host, path, target, port, strips])).toEqual(
    [
      ["a.acme.com", "/x", "api", 1, true],
      ["b.acme.com", "/x", "api", 1, true],
      ["a.acme.com", "/", "web", 80, false],
      ["b.acme.com", "/", "web", 80, false],
    ],
  );
  expect(nginxRoutes("server { location / {").concat(nginxRoutes('}}}} "unclosed'))).toEqual([]);
  expect(
    caddyRoutes(":80 {\n reverse_proxy /api/* api:8000\n handle /x {\n  reverse_proxy x:1\n }\n}\n").map(
      ({ path, target }) => [path, target],
    ),
  ).toEqual([
    ["/api/", "api"],
    ["/x", "x"],
  ]);
});

test("labels of several routers", () =>
  expect(
    labelRoutes(
      new Map([
        ["traefik.http.routers.a.rule", "Host(`a.acme.com`) || (Host(`b.acme.com`) && PathPrefix(`/x`))"],
        ["traefik.http.routers.b.rule", "Path(`/only`)"],
        ["caddy", "c.acme.com"],
        ["caddy.reverse_proxy", "{{upstreams 9000}}"],
      ]),
    ).map(({ host, path, port }) => `${host}${path} ${port}`),
  ).toEqual(["a.acme.com/ 9000", "b.acme.com/x 9000", "/only 9000", "c.acme.com/ 9000"]));

test("the last stage of a Dockerfile", () => {
  expect(
    dockerfileFacts(
      'FROM a AS b\nUSER root\nFROM c\nEXPOSE 3000/tcp 53/udp\nUSER 1001\nENTRYPOINT ["tini", "--"]\n' +
        "CMD node \\\n  server.js\n",
    ),
  ).toEqual({
    user: "1001",
    ports: [3000],
    entrypoint: ["tini", "--"],
    command: ["/bin/sh", "-c", "node    server.js"],
    onlyConfiguration: false,
  });
  expect(dockerfileFacts("FROM nginx\nCOPY nginx.conf /etc/nginx/nginx.conf\n").onlyConfiguration).toBe(true);
});

test("names", () => {
  expect(["JWT_SECRET", "db-password", "redis", "2FA_KEY", "apiKey"].map(camelCase)).toEqual([
    "jwtSecret",
    "dbPassword",
    "redisSecret",
    "secret2faKey",
    "apiKey",
  ]);
  const names = new Map([["my_api", "my-api"]]);
  expect(
    ["http://my_api:3000/x", "my_api:80,my_api:81", "my_api", "a my_apis", "u@my_api"].map((text) =>
      renameHosts(text, names),
    ),
  ).toEqual(["http://my-api:3000/x", "my-api:80,my-api:81", "my_api", "a my_apis", "u@my-api"]);
});

describe("several files", () => {
  const files: Readonly<Record<string, string>> = {
    "/a/compose.yml":
      "include: [sub/more.yml]\nservices:\n  web:\n    extends: { file: base.yml, service: base }\n" +
      "    environment: [A=2, B]\n    ports: ['80:80']\n    command: own\n",
    "/a/base.yml":
      "services:\n  base: { image: x, environment: { A: 1, C: 3 }, command: base, env_file: e.env, volumes: " +
      "['./d:/d'], depends_on: [db] }\n",
    "/a/sub/more.yml": "services:\n  db: { image: 'postgres:16', env_file: [{ path: db.env, required: false }] }\n",
    "/a/override.yml":
      "services:\n  web: { ports: ['81:81'], image: y, depends_on: { db: { condition: service_healthy } } }\n",
    "/a/loop.yml": "include: [loop.yml]\nservices: {}\n",
    "/a/broken.yml": "services:\n  web:\n    environment:\n      DB_PASSWORD: [unclosed-Zq7\n",
    "/a/missing.yml": "services: { web: { extends: nobody } }\n",
    "/a/bomb.yml":
      "a: &a [x,x,x,x,x,x,x,x,x]\n" +
      [..."bcdefg"]
        .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdef"[index]}`).join(",")}]\n`)
        .join("") +
      "services: { web: { image: x, labels: *g } }\n",
  };
  const load = (...names: string[]): unknown =>
    loadFiles(
      names.map((name) => `/a/${name}`),
      (path) => files[path],
    );

  it("are one model", () =>
    expect(load("compose.yml", "override.yml")).toEqual({
      services: {
        db: { image: "postgres:16", env_file: [{ path: "/a/sub/db.env", required: false }] },
        web: {
          image: "y",
          environment: { A: "2", B: null, C: "3" },
          command: "own",
          env_file: ["/a/e.env"],
          volumes: ["/a/d:/d"],
          ports: ["80:80", "81:81"],
          depends_on: { db: { condition: "service_healthy" } },
        },
      },
    }));

  it.each([
    ["loop.yml", "/a/loop.yml: it includes or extends itself"],
    ["broken.yml", "/a/broken.yml: not YAML at line 5, column 1"],
    ["missing.yml", "/a/missing.yml: web extends a service that /a/missing.yml does not have"],
    ["none.yml", "/a/none.yml: there is no such file"],
    ["bomb.yml", "/a/bomb.yml: its aliases cannot be resolved"],
  ])("%s is refused without repeating what is in it", (name, message) => expect(() => load(name)).toThrow(message));
});
