import * as pulumi from "@pulumi/pulumi";
import { POSTGRES_LIVE_FILES, POSTGRES_PATHS } from "../hardening/postgres/server/start-script";
import type { DatabaseScript } from "../hardening/postgres/tenancy/policy-scripts";
import { LABEL_COMPONENT, LABEL_STACK } from "../hardening/container/labels";
import { newestContainer } from "./containers";
import { despiteDeadlocks } from "./deadlocks";
import type { DockerClient, Finished } from "./docker";
import { saidOf, sessionInput } from "./psql-session";
import { indent } from "./text";

export interface StatementsSettings {
  readonly name: string;
  readonly statements: pulumi.Output<readonly DatabaseScript[]>;
}

/** Seconds for the statements of one script: the guard counts rows. */
const TIMEOUT_SECONDS = 600;

/**
 * The superuser's password never leaves the container that it belongs to: psql runs in there, through the server's own
 * socket.
 */
const PSQL =
  `PGPASSWORD=$(cat ${POSTGRES_PATHS.live}/${POSTGRES_LIVE_FILES.password}) exec psql --no-psqlrc --quiet ` +
  `--set=ON_ERROR_STOP=1 --host=${POSTGRES_PATHS.socket} --username="$POSTGRES_USER" ` +
  `--dbname="$1" --output=/dev/null`;

/** @param at "create" for a receipt; "update" for what has to precede a change of a resource. */
export function statementHooks(
  stack: string,
  engine: DockerClient,
  settings: StatementsSettings,
  at: "create" | "update" = "create",
): pulumi.ResourceHookBinding {
  const hook = new pulumi.ResourceHook(`${settings.name}-run`, async () => run(stack, engine, settings));
  return at === "create" ? { beforeCreate: [hook] } : { beforeUpdate: [hook] };
}

async function run(stack: string, engine: DockerClient, { name, statements }: StatementsSettings): Promise<void> {
  const postgres = await newestContainer(engine, { [LABEL_STACK]: stack, [LABEL_COMPONENT]: "postgres" }, true);
  if (postgres === undefined)
    throw new Error(
      `${name}: Postgres does not run; services were not changed, and the next \`pulumi up\` tries again.`,
    );
  const scripts = await known(statements);
  // One psql for all: each start of one in the container takes longer than the statements do.
  let rest = scripts;
  const session = async (): Promise<Finished> => {
    const result = await engine.ask(
      ["exec", "--interactive", postgres, "/bin/sh", "-c", PSQL, "-", rest[0]?.database ?? ""],
      { input: sessionInput(rest), timeoutSeconds: TIMEOUT_SECONDS * rest.length },
    );
    const heard = saidOf(rest, result.stderr);
    const done = result.code === 0 ? heard : heard.slice(0, -1);
    for (const { database, words } of done)
      if (said(words) !== "") await pulumi.log.info(`${name}: database ${database}: ${said(words)}`);
    // What is committed does not run again after a deadlock.
    rest = rest.slice(done.length);
    return { ...result, stderr: heard.at(-1)?.words ?? "" };
  };
  if (rest.length === 0) return;
  const result = await despiteDeadlocks(session);
  if (result.code !== 0)
    throw new Error(
      `${name}: database ${rest[0]?.database} refused it; services were not changed, and the next \`pulumi up\` ` +
        `tries again.\n${indent(said(result.stderr))}`,
    );
}

/** PostgreSQL's own words, without psql's place in a text that nobody sees. */
function said(stderr: string): string {
  return stderr
    .split("\n")
    .map((line) => line.replace(/^psql:<stdin>:\d+: /, ""))
    .filter((line) => !/^(CONTEXT|LINE \d+|NOTICE: .*(already exists|does not exist), skipping)/.test(line))
    .join("\n")
    .trim();
}

/** The value of an output that everything before this hook has made known. */
function known<T>(output: pulumi.Output<T>): Promise<pulumi.Unwrap<T>> {
  return new Promise((resolve) => void output.apply((value) => resolve(value as pulumi.Unwrap<T>)));
}
