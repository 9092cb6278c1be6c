import { hostname } from "node:os";
import { labelFilters } from "../../engine/containers";
import type { DockerClient } from "../../engine/docker";
import { lines } from "../../engine/text";
import { ephemeralArgs, type EphemeralContainer } from "../../hardening/container/ephemeral";
import { LABEL_COMPONENT, LABEL_NAME, LABEL_STACK } from "../../hardening/container/labels";
import { SERVER_USER } from "../../hardening/postgres/server/user";
import {
  CLIENT_FILES,
  CLIENT_TMPFS,
  clientEnvironment,
  passwordLine,
} from "../../hardening/postgres/session/client-session";
import { SUPERUSER_SCRIPT, WAIT_SCRIPT, WRITE_FILE_SCRIPT } from "../../hardening/postgres/session/session-scripts";
import { UserError } from "../shared/errors";
import { passwordOf, type DatabaseAccess } from "./access";
import type { PsqlOptions } from "./options";

export const SESSION_NAME = "psql";
/** The machine and the process that a container of this command works for. */
export const LABEL_OWNER = "io.rampart.owner";
export const owner = (): string => `${hostname()}:${process.pid}`;

/** Nobody works longer without a break. */
const LONGEST_SECONDS = 12 * 3600;

/**
 * psql in a container of its own on the stack's internal network; it is gone when psql ends.
 * @returns psql's exit code
 */
export async function runSession(
  docker: DockerClient,
  access: DatabaseAccess,
  options: PsqlOptions,
  image: string,
): Promise<number> {
  const password = passwordOf(access, options.role);
  const container: EphemeralContainer = {
    ...{
      stack: options.stack,
      component: "forwarder",
      name: SESSION_NAME,
      image,
      user: SERVER_USER,
      network: access.network,
    },
    resources: { memoryMiB: 128, cpus: 0.5, pids: 32 },
    tmpfs: CLIENT_TMPFS,
    environment: {
      ...clientEnvironment(access.ca !== undefined, "rampart-psql"),
      PGUSER: options.role,
      PGDATABASE: options.database ?? access.database,
    },
    labels: { [LABEL_OWNER]: owner() },
    ...{ entrypoint: "sh", command: ["-c", WAIT_SCRIPT, "sh", String(LONGEST_SECONDS)] },
  };
  const run = ["run", ...ephemeralArgs(container, ["--detach"])];
  const id = (await docker.must("The container for psql could not be started", run)).trim();
  const end = async (): Promise<void> => void (await docker.ask(["rm", "--force", id]));
  // Whoever ends us ends the container too; Ctrl-C itself is psql's, which cancels a query by it.
  const leave = (): void => void end().finally(() => process.exit(143));
  const stay = (): void => undefined;
  process.on("SIGTERM", leave).on("SIGHUP", leave).on("SIGINT", stay);
  try {
    // Through a pipe: what is an argument or a variable of a container, `docker inspect` shows.
    const write = (file: string, content: string): Promise<string> =>
      docker.must(
        "A file for psql could not be written",
        ["exec", "--interactive", id, "sh", "-c", WRITE_FILE_SCRIPT, "sh", file],
        { input: content },
      );
    await write(CLIENT_FILES.passwords, passwordLine(options.role, password));
    if (access.ca !== undefined) await write(CLIENT_FILES.ca, access.ca);
    return await docker.attach(["exec", ...terminal(), id, "psql", ...options.args]);
  } finally {
    process.off("SIGTERM", leave).off("SIGHUP", leave).off("SIGINT", stay);
    await end();
  }
}

/**
 * psql inside the Postgres container, whose password file never leaves it: over the socket the superuser may enter any
 * database, a restored one too.
 */
export async function runSuperuser(
  docker: DockerClient,
  access: Pick<DatabaseAccess, "database" | "superuser">,
  options: PsqlOptions,
  container: string,
): Promise<number> {
  const environment = [
    "--env",
    `RAMPART_DATABASE=${options.database ?? access.database}`,
    "--env",
    "PSQL_HISTORY=/dev/null",
    "--env",
    "PGAPPNAME=rampart-psql",
  ];
  const psql = [container, "sh", "-c", SUPERUSER_SCRIPT, "psql", ...options.args];
  return docker.attach(["exec", ...terminal(), ...environment, ...psql]);
}

const terminal = (): string[] =>
  process.stdin.isTTY === true && process.stdout.isTTY === true
    ? ["--interactive", "--tty", "--env", `TERM=${process.env["TERM"] ?? "xterm"}`]
    : ["--interactive"];

/** The stack's running Postgres container. @throws UserError when there is none */
export async function postgresContainer(docker: DockerClient, stack: string): Promise<string> {
  const filters = labelFilters({ [LABEL_STACK]: stack, [LABEL_COMPONENT]: "postgres", [LABEL_NAME]: "postgres" });
  const [id] = lines(await docker.must("The engine could not be asked", ["ps", "--no-trunc", "--quiet", ...filters]));
  if (id === undefined) throw new UserError(`No Postgres of stack ${stack} runs on the engine at ${docker.host}.`);
  return id;
}

export const imageOf = async (docker: DockerClient, container: string): Promise<string> =>
  (await docker.must("The Postgres image could not be read", ["inspect", "--format", "{{.Image}}", container])).trim();
