/**
 * The start script with the real `postgres`, and a stand-in for the image's entrypoint that does what the real one does
 * with an existing volume: exec its arguments.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../../free-ports";
import {
  postgresSettings,
  postgresSizing,
  renderPgHba,
  renderPostgresqlConf,
} from "../../../../hardening/postgres/server/postgres-config";
import { postgresReloadScript } from "../../../../hardening/postgres/server/reload-script";
import { testWith } from "../../../programs";
import {
  POSTGRES_LIVE_FILES,
  POSTGRES_PATHS,
  postgresHealthCheck,
  postgresStartScript,
} from "../../../../hardening/postgres/server/start-script";
import {
  connectTo,
  initdb,
  POSTGRES_BIN,
  POSTGRES_IDS,
  stopped,
  SUPERUSER,
  temporaryDirectory,
  untilReady,
  writeReadable,
} from "../postgres-server";

const ROTATED = "Rotated1Password";
let directory: string;
let data: string;
let port: number;
let environment: Record<string, string>;
const running: ChildProcess[] = [];

const path = (name: string): string => join(directory, name);

beforeAll(async () => {
  directory = temporaryDirectory();
  mkdirSync(path("run"));
  if (POSTGRES_IDS.uid !== undefined) chownSync(path("run"), POSTGRES_IDS.uid, POSTGRES_IDS.gid);
  data = path("data");
  port = await freePort();
  initdb(data);
  const settings = postgresSettings({ sizing: postgresSizing({ memoryMiB: 128, connectionLimits: [5] }) }).map(
    (setting) => (setting.name === "unix_socket_directories" ? { ...setting, value: path("run") } : setting),
  );
  writeReadable(path("postgresql.conf"), `${renderPostgresqlConf(settings)}port = ${port}\n`);
  writeReadable(
    path("pg_hba.conf"),
    renderPgHba({
      superuser: SUPERUSER,
      superuserSources: [],
      roles: [{ name: "app_rw", database: "app" }],
      subnets: ["127.0.0.0/8"],
    }),
  );
  // As a carrier leaves it.
  chmodSync(path("pg_hba.conf"), 0o444);
  writeReadable(
    path("start.sh"),
    postgresStartScript({ configFile: path("postgresql.conf"), liveDirectory: directory, runDirectory: path("run") }),
  );
  writeReadable(
    path("docker-entrypoint.sh"),
    '#!/bin/sh\nprintf "entrypoint: %s\\n" "$*"\n[ -z "${POSTGRES_PASSWORD_FILE:-}" ] || echo "entrypoint: ' +
      'reads the password"\nexec "$@"\n',
  );
  chmodSync(path("docker-entrypoint.sh"), 0o755);
  environment = {
    PATH: `${directory}:${POSTGRES_BIN}:/usr/bin:/bin`,
    PGDATA: data,
    POSTGRES_DB: "app",
    POSTGRES_PASSWORD_FILE: writeReadable(path("password"), `${ROTATED}\n`),
  };
});

afterAll(async () => {
  for (const child of running) await stopped(child, "SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly log: string[];
}

async function start(): Promise<Started> {
  const child = spawn("/bin/sh", [path("start.sh")], { ...POSTGRES_IDS, cwd: "/", env: environment });
  running.push(child);
  const log: string[] = [];
  await untilReady(child, log);
  return { child, log };
}

/** Runs the script to its end, for the cases in which it refuses. */
function refuse(changes: Record<string, string>): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync("/bin/sh", [path("start.sh")], {
    ...POSTGRES_IDS,
    cwd: "/",
    env: { ...environment, ...changes },
    encoding: "utf8",
    timeout: 10_000,
  });
  return { status, output: `${stdout}${stderr}` };
}

test("Postgres' start script is plain POSIX sh, without a place for a secret", () => {
  const script = postgresStartScript();
  expect(spawnSync("/bin/sh", ["-n"], { input: script }).status).toBe(0);
  expect(script).toContain(
    "exec docker-entrypoint.sh postgres \\\n  -c config_file=/etc/rampart/postgresql.conf -c " +
      "hba_file=/var/run/postgresql/pg_hba.conf\n",
  );
  expect(() => postgresStartScript({ configFile: "/tmp/$(id)" })).toThrow(
    'configFile: "/tmp/$(id)" is not a plain absolute path',
  );
});

test("Postgres' start and reload scripts name the files that are mounted", () => {
  const { hba, password, certificate, key, ca } = POSTGRES_LIVE_FILES;
  const [start, reload] = [postgresStartScript(), postgresReloadScript()];
  expect(start).toContain(`PGDATA=\${PGDATA:-${POSTGRES_PATHS.data}}\n`);
  expect(start.split(` -c hba_file=${POSTGRES_PATHS.hba}`)).toHaveLength(3);
  for (const script of [start, reload])
    expect([
      script.includes(`for file in ${hba} ${certificate} ${key}; do`),
      script.includes("\ninstall_live\n"),
    ]).toEqual([true, true]);
  expect(reload).toContain(`password=$(cat "${POSTGRES_PATHS.live}/${password}")\n`);
  expect(reload).toContain(`PGSSLROOTCERT="${POSTGRES_PATHS.live}/${ca}"\n`);
});

test("Postgres' health check asks over TCP, by name", () => {
  expect(postgresHealthCheck("postgres").join(" ")).toBe(
    "CMD pg_isready --quiet --host=127.0.0.1 --port=5432 --username=postgres --dbname=postgres",
  );
});

test("a volume that was made with another password gets this one, and its database if there is none", async () => {
  const { child, log } = await start();
  const client = await connectTo(port, SUPERUSER, { password: ROTATED });
  const { rows } = await client.query(
    "SELECT current_database() AS name, (SELECT rolpassword ~ '^SCRAM' FROM pg_authid " +
      "WHERE rolname = current_user) AS scram",
  );
  expect(rows).toEqual([{ name: "app", scram: true }]);
  await client.end();
  await expect(connectTo(port, SUPERUSER)).rejects.toMatchObject({ code: "28P01" });
  expect(log.join("")).toContain(
    `entrypoint: postgres -c config_file=${path("postgresql.conf")} -c hba_file=${path("run/pg_hba.conf")}`,
  );
  // CIS PostgreSQL, file permissions: the volume that a carrier filled is readable by all,
  // what the server reads is not.
  expect(["pg_hba.conf", ".superuser"].map((name) => (statSync(path(`run/${name}`)).mode & 0o777).toString(8))).toEqual(
    ["600", "600"],
  );
  expect(log.join("")).not.toContain(ROTATED);
  expect(log.join("")).not.toContain("reads the password");
  // The script became the server: the stop signal of the container reaches PostgreSQL itself.
  expect(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]).toBe(String(child.pid));
  await stopped(child, "SIGINT");
  expect(child.exitCode).toBe(0);
});

/** Clients do not come with the server's package. */
testWith("psql")("a running server takes another password, even one of only letters", async () => {
  const { child, log } = await start();
  const letters = "LettersAlone";
  writeReadable(path("postgres_password"), letters);
  writeReadable(path("reload.sh"), postgresReloadScript({ liveDirectory: directory, runDirectory: path("run"), port }));
  const reload = (): string => {
    const { status, stdout, stderr } = spawnSync("/bin/sh", [path("reload.sh")], {
      ...POSTGRES_IDS,
      cwd: "/",
      env: environment,
      encoding: "utf8",
      timeout: 20_000,
    });
    return `${status}${stdout}${stderr}`;
  };
  expect(reload()).toBe("0");
  await (await connectTo(port, SUPERUSER, { password: letters })).end();
  writeReadable(path("postgres_password"), ROTATED);
  expect(reload()).toBe("0");
  await (await connectTo(port, SUPERUSER, { password: ROTATED })).end();
  expect(log.join("")).not.toMatch(new RegExp(`${letters}|${ROTATED}`));
  await stopped(child, "SIGINT");
});

test("a server that was killed starts again, although its lock file names the script's own process", async () => {
  const first = await start();
  first.child.kill("SIGKILL");
  await new Promise((resolve) => setTimeout(resolve, 300));
  // In a container both are process 1. Here the script writes its own number over the dead server's.
  const lock = join(data, "postmaster.pid");
  const script = readFileSync(path("start.sh"), "utf8");
  writeFileSync(
    path("start.sh"),
    script.replace("set -eu\n", () => `set -eu\nsed -i "1s/.*/$$/" ${lock}\n`),
  );
  const { child } = await start();
  const client = await connectTo(port, SUPERUSER, { password: ROTATED });
  await client.end();
  await stopped(child, "SIGINT");
  writeFileSync(path("start.sh"), script);
});

test.each<[string, Record<string, string>, string]>([
  [
    "no password file",
    { POSTGRES_PASSWORD_FILE: "/nowhere" },
    "rampart: POSTGRES_PASSWORD_FILE names no readable file\n",
  ],
  [
    "a superuser who is not in the volume",
    { POSTGRES_USER: "admin" },
    'rampart: the password of "admin" could not be set; if the volume was made for another superuser, name that one\n',
  ],
  [
    "a name that is no name",
    { POSTGRES_DB: "app; --" },
    "rampart: POSTGRES_USER and POSTGRES_DB have to be lower-case letters, digits and _\n",
  ],
])("Postgres' start script refuses %s", (_case, changes, message) => {
  const { status, output } = refuse(changes);
  expect(output).toContain(message);
  expect(output).not.toContain("entrypoint:");
  expect(output).not.toContain(ROTATED);
  expect(status).toBe(1);
});

test("Postgres' start script refuses a password that would need escaping, and does not show it", () => {
  const { status, output } = refuse({ POSTGRES_PASSWORD_FILE: writeReadable(path("bad"), "x'; DROP") });
  expect(output).toBe("rampart: the password in POSTGRES_PASSWORD_FILE is not made of letters and digits only\n");
  expect(status).toBe(1);
});

test("Postgres' start script refuses a volume of another major version, and touches nothing", () => {
  writeFileSync(join(data, "PG_VERSION"), "15\n");
  const { status, output } = refuse({});
  writeFileSync(join(data, "PG_VERSION"), "16\n");
  expect(output).toBe(
    "rampart: the data volume is PostgreSQL 15's and this image is PostgreSQL 16: nothing was changed; " +
      "put the old image back, or follow docs/upgrades.md\n",
  );
  expect(status).toBe(1);
});

test("Postgres' start script leaves an empty volume to the image's own first start", () => {
  const { output } = refuse({ PGDATA: path("empty"), PATH: `${directory}:/usr/bin:/bin` });
  expect(output).toContain("entrypoint: postgres -c config_file=");
  expect(output).toContain("entrypoint: reads the password");
});
