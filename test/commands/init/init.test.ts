import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { commands } from "../../../commands/init/commands";
import { asker } from "../../../commands/shared/terminal";
import { fromAnswers } from "../../../commands/init/answers";
import { splitWords } from "../../../config/compose/words";
import { printer } from "../../../commands/shared/output";
import { rampart, type Ran } from "../support";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

const COMPOSE = `services:
  web:
    image: acme/shop:1.4.2@${DIGEST}
    user: "1001:1001"
    ports: ["80:3000"]
    restart: always
    environment:
      DATABASE_URL: postgres://shop:shopZq7shop@db/shop
      STRIPE_KEY: \${STRIPE_KEY}
      SESSION_SECRET: \${SESSION_SECRET:-changeme-Zq7}
      GREETING: \${GREETING}
    depends_on: [db]
  db:
    image: postgres:16
    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: shopZq7shop }
    ports: ["5432:5432"]
`;

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "rampart-init-"));
  mkdirSync(join(root, "app"));
  writeFileSync(join(root, "Pulumi.yaml"), "name: rampart\nruntime: nodejs\n");
  writeFileSync(join(root, "app/docker-compose.yml"), COMPOSE);
  writeFileSync(join(root, "app/.env"), "STRIPE_KEY=sk_live_Zq7Zq7Zq7Zq7Zq7Zq7\nGREETING=hello\n");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

// Without a PATH there is no Docker: the files are read by Rampart itself, and no engine is asked.
const init = (...args: string[]): Promise<Ran> => rampart(["init", ...args], { PATH: "" }, root);
const from = (...args: string[]): Promise<Ran> => init("--from", join(root, "app"), "--offline", ...args);
const written = (name = "Pulumi.prod.yaml"): string => readFileSync(join(root, name), "utf8");

test("a compose file becomes a stack's file and a report", async () => {
  const { code, stdout, stderr } = await from("prod");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(written()).toBe(`# yaml-language-server: $schema=./schema/rampart.schema.json
# Written by \`npx rampart init\` from app/docker-compose.yml. docs/configuration.md lists every key.
# Each place that begins with FILL IN is for a person: \`npx rampart plan\` refuses it until the value is there.

config:
  rampart:environment: prod
  rampart:acmeEmail: "FILL IN: the e-mail address to which Let's Encrypt may write"
  rampart:database:
    name: shop
  rampart:services:
    web:
      # Add \`egress: true\` if it has to reach the internet (STRIPE_KEY).
      image: acme/shop:1.4.2@${DIGEST}
      user: "1001:1001"
      port: 3000
      routes:
        - host: "FILL IN: the host name of web, such as web.example.com"
      data: read-write
      environment:
        GREETING: hello
      secrets:
        SESSION_SECRET:
          config: sessionSecret
        STRIPE_KEY:
          config: stripeKey
      secretsInEnvironment:
        names: [DATABASE_URL, SESSION_SECRET, STRIPE_KEY]
        reason: the compose file gave them in the environment
`);
  expect(stdout.replaceAll(root, "<root>"))
    .toBe(`Wrote Pulumi.prod.yaml from app/docker-compose.yml: stack prod, environment prod.

What became what
  db (postgres:16)       the stack's PostgreSQL, database shop
  web (acme/shop:1.4.2)  service web, uses PostgreSQL

Not taken over, and what Rampart does instead
  web: restart: a container starts again at most five times after a failure
  db: ports 5432: data ports are never published; \
\`npx rampart psql <stack> --tunnel 15432\` opens a way (docs/host-access.md)

Weaker than Rampart's default, with the reason in the file
  web: STRIPE_KEY, SESSION_SECRET, DATABASE_URL: in the environment, \
where \`docker inspect\` shows them: leave a name out where the program reads <NAME>_FILE

To check
  web: the internet: it reaches nothing outside the stack: add \`egress: true\` where it has to (STRIPE_KEY)
  web: healthCheck: the image's wget asks for / and wants a status of 2xx: give \`http\` another path, or a \`command\`
  web: uploads: a request body may have 1 MiB: raise \`maxBodyMiB\` of the route for uploads
  db: data: no data is moved: dump it from the old server \
with \`pg_dump --no-owner --no-privileges\`, and load it as \`migrator\` (docs/host-access.md)

To fill in: 2 places, which \`npx rampart plan\` refuses until then
  rampart:acmeEmail: the e-mail address to which Let's Encrypt may write
  rampart:services.web.routes[0].host: the host name of web, such as web.example.com

Run
  pulumi stack init prod
  pulumi config set --secret rampart:sessionSecret --stack prod  \
# web: SESSION_SECRET; a new value: the compose file has a placeholder of 12 characters (hidden)
  pulumi config set --secret rampart:stripeKey --stack prod  # web: STRIPE_KEY
  npx rampart plan prod
  pulumi up --stack prod
`);
});

test("the plan takes the file of a stack in dev whose secrets are set", async () => {
  writeFileSync(join(root, "app/docker-compose.yml"), COMPOSE.replace(/ {6}(?:STRIPE_KEY|SESSION_SECRET).*\n/g, ""));
  const { stdout } = await from();
  expect(stdout).not.toContain("To fill in");
  const plan = await rampart(["plan", "dev", "--config-file", join(root, "Pulumi.dev.yaml")], {}, process.cwd());
  expect([plan.code, plan.stderr]).toEqual([0, ""]);
  expect(plan.stdout).toMatch(/Posture: 0 fail/);
});

test("a place to fill in is refused by the plan, with what belongs there", async () => {
  await from("prod");
  const { code, stderr } = await rampart(
    ["plan", "prod", "--config-file", join(root, "Pulumi.prod.yaml")],
    {},
    process.cwd(),
  );
  expect(code).toBe(1);
  expect(stderr).toContain(`rampart:services.web.routes[0].host
     given:   a place to fill in
     allowed: the host name of web, such as web.example.com
     fix:     write it in place of the text that begins with FILL IN`);
});

test("a file that is there stays, but for --force, which keeps its encrypted values", async () => {
  const before = "encryptionsalt: v1:salt\nconfig:\n  rampart:stripeKey:\n    secure: v1:cipher\n  rampart:name: old\n";
  writeFileSync(join(root, "Pulumi.prod.yaml"), before);
  expect(await from("prod")).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "Pulumi.prod.yaml is there already.\nWrite another file with --config-file FILE, " +
      "or overwrite it with --force.\n",
  });
  expect(written()).toBe(before);
  expect((await from("prod", "--force")).code).toBe(0);
  expect(parse(written())).toMatchObject({
    encryptionsalt: "v1:salt",
    config: { "rampart:stripeKey": { secure: "v1:cipher" }, "rampart:environment": "prod" },
  });
  expect(written()).not.toContain("old");
});

test.each([
  [["--from", "/nowhere/compose.yml"], "There is no file /nowhere/compose.yml.\n"],
  [["--from", "app", "--env-file", "/nowhere/.env"], "There is no file /nowhere/.env.\n"],
])("%j is refused", async (args, message) => {
  const { code, stderr } = await init(...args.map((arg) => (arg === "app" ? join(root, "app") : arg)), "--offline");
  expect([code, stderr]).toEqual([1, message]);
});

test("a file that is not YAML is refused without its content", async () => {
  writeFileSync(join(root, "app/docker-compose.yml"), "services:\n  a:\n    image: [Zq7\n");
  const { code, stderr, stdout } = await from();
  expect([code, stdout, stderr.replaceAll(root, "")]).toEqual([
    1,
    "",
    "/app/docker-compose.yml: not YAML at line 4, column 1\n",
  ]);
});

test("an override beside the compose file counts, and so do several files", async () => {
  writeFileSync(
    join(root, "app/docker-compose.override.yml"),
    "services: { web: { environment: { GREETING: over } } }\n",
  );
  await from();
  expect(written("Pulumi.dev.yaml")).toContain("GREETING: over");
  writeFileSync(join(root, "more.yml"), "services: { web: { environment: { GREETING: more } } }\n");
  await init(
    "other",
    "--from",
    `${root}/app/docker-compose.yml,${root}/more.yml`,
    "--offline",
    "--environment",
    "staging",
  );
  expect(written("Pulumi.other.yaml")).toContain("GREETING: more");
});

test("a command names files by paths from where the user stands", async () => {
  writeFileSync(
    join(root, "app/docker-compose.yml"),
    `${COMPOSE}    volumes: [./db:/var/lib/postgresql/data]\n  x: { image: "acme/x:1", volumes: ` +
      `["./x.conf:/etc/x.conf:ro"] }\n`,
  );
  const { stdout } = await from("--config-file", join(root, "app/Pulumi.dev.yaml"));
  expect(stdout).toContain("\n  sudo install -D -m 0644 ./app/x.conf /srv/app/x.conf\n");
  expect(stdout).toContain(` --config-file ${root}/app/Pulumi.dev.yaml`);
  expect(stdout).toContain("x: mount /srv/app/x.conf: ./x.conf, read from the host");
});

describe("five questions", () => {
  const flags = ["--image", `acme/web:1.0.0@${DIGEST}`, "--host", "app.acme.com"];

  it("are answered by options where there is no terminal", async () => {
    const { code, stdout } = await init("prod", ...flags, "--email", "ops@acme.com", "--uses", "database,cache");
    expect([code, stdout]).toEqual([
      0,
      "Wrote Pulumi.prod.yaml: stack prod, environment prod.\n\nRun\n  pulumi stack init prod\n" +
        "  npx rampart plan prod\n  pulumi up --stack prod\n",
    ]);
    expect(parse(written())).toEqual({
      config: {
        "rampart:environment": "prod",
        "rampart:acmeEmail": "ops@acme.com",
        "rampart:services": {
          web: { image: flags[1], port: 8080, routes: [{ host: "app.acme.com" }], data: "read-write", cache: true },
        },
      },
    });
  });

  it.each([
    [["prod", ...flags], "There is no terminal to ask at, and --email is missing."],
    [[], "There is no terminal to ask at, and --image is missing."],
    [["prod", ...flags, "--email", "nobody"], "--email: given 'nobody'; allowed: an e-mail address"],
    [
      ["--image", "web"],
      "--image: given 'web'; allowed: repo:tag@sha256:<64 hex digits>, with a tag other than latest",
    ],
    [["prod", "--stack", "dev"], "--stack: given 'dev'; allowed: 'prod', or no --stack"],
    [["--environment", "test"], "--environment: given 'test'; allowed: dev, staging, prod"],
  ])("%j: %s", async (args, message) => {
    const { code, stderr } = await init(...args);
    expect([code, stderr.split("\n")[0]]).toEqual([2, message]);
  });

  it("are asked at a terminal, again until the answer is good", async () => {
    const asked: string[] = [];
    const answers = ["web", `acme/web:1.0.0@${DIGEST}`, "80", "3000", "", "database"];
    const person = asker(
      (prompt) => {
        asked.push(prompt.trim());
        return Promise.resolve(answers.shift() ?? "");
      },
      (line) => asked.push(line.trim()),
      () => undefined,
    );
    const target = { path: join(root, "Pulumi.dev.yaml"), shown: "Pulumi.dev.yaml", standard: true };
    const quiet = { write: () => true };
    const context = { root, cwd: root, print: printer({ stdout: quiet, stderr: quiet, env: {} }), env: {} };
    await fromAnswers(context, { stack: "dev", environment: "dev", target }, {}, person);
    expect(asked).toEqual([
      "Which image, with its tag and digest?",
      "repo:tag@sha256:<64 hex digits>, with a tag other than latest",
      "Which image, with its tag and digest?",
      "On which port does the program listen? [8080]",
      "1024 to 65535",
      "On which port does the program listen? [8080]",
      "Under which host name do people reach it? [app.localhost]",
      "What does it use: database, cache, both (database,cache), or nothing? [nothing]",
    ]);
    expect(written("Pulumi.dev.yaml")).toContain("host: app.localhost");
  });
});

test("every command is one line that a shell takes as it is", () => {
  const target = { path: "/x/my stack.yaml", shown: "my stack.yaml", standard: false };
  const secrets = [{ key: "jwtSecret", uses: ["web: JWT_SECRET"], weakness: undefined }];
  const all = (["dev", "prod"] as const).flatMap((environment) =>
    commands({ stack: "shop", environment, target, secrets, copies: [] }),
  );
  expect(all.map((line) => splitWords(line.replace(/ {2}#.*/, "")))).toEqual([
    [
      "npx",
      "rampart",
      "pulumi",
      "config",
      "set",
      "--secret",
      "rampart:jwtSecret",
      "--stack",
      "shop",
      "--config-file",
      "my stack.yaml",
    ],
    ["npx", "rampart", "plan", "shop", "--config-file", ".rampart/Pulumi.shop.yaml"],
    ["npm", "start", "--", "--stack", "shop", "--config-file", "my stack.yaml"],
    ["pulumi", "stack", "init", "shop"],
    ["pulumi", "config", "set", "--secret", "rampart:jwtSecret", "--stack", "shop", "--config-file", "my stack.yaml"],
    ["npx", "rampart", "plan", "shop", "--config-file", "my stack.yaml"],
    ["pulumi", "up", "--stack", "shop", "--config-file", "my stack.yaml"],
  ]);
});
