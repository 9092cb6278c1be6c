/** psql in a throw-away container on the internal network, and as the superuser in the server's own container. */
import { randomBytes } from "node:crypto";
import { databaseNames, usesDatabase } from "../../../config";
import { lastLines } from "../../../engine/text";
import {
  CLIENT_FILES,
  CLIENT_TMPFS,
  clientEnvironment,
  passwordLine,
} from "../../../hardening/postgres/session/client-session";
import { SUPERUSER_SCRIPT, WRITE_FILE_SCRIPT } from "../../../hardening/postgres/session/session-scripts";
import { SERVER_USER } from "../../../hardening/postgres/server/user";
import { leaf, tree } from "../../../hardening/tree";
import type { Shell, Stage } from "../../stage";
import { attemptScript, readAttempts, readValues, valueScript, type Attempt, type Statement } from "./attempts";
import { knownLogins, type KnownLogin } from "./logins";

const APPLICATION_NAME = "rampart-verify";
const PSQL = "exec psql --no-psqlrc --quiet --no-align --tuples-only --output=/dev/null";

/** Milliseconds; a look into catalogs takes a few. */
const LOOK = "-c default_transaction_read_only=on -c statement_timeout=10000 -c lock_timeout=500";

const clients = new WeakMap<Stage, Promise<DatabaseClient>>();

/** Whether the server's words say that a login is refused only because others have its connections. */
export const isCrowded = (words: string): boolean => /too many connections|remaining connection slots/.test(words);

export const hasDatabase = (stage: Stage): boolean => usesDatabase(stage.config);

/** Nothing in a database begins a line with it. */
const newMark = (): string => `@${randomBytes(9).toString("hex")}`;

export class DatabaseClient {
  private constructor(
    private readonly shell: Shell,
    readonly logins: readonly KnownLogin[],
  ) {}

  /**
   * One for all probes of a run: its files are written once, before anybody reads them.
   * @throws EngineError where the container cannot be started
   */
  static open(stage: Stage): Promise<DatabaseClient> {
    const opened = clients.get(stage) ?? DatabaseClient.make(stage);
    clients.set(stage, opened);
    return opened;
  }

  private static async make(stage: Stage): Promise<DatabaseClient> {
    const logins = knownLogins(stage.config, stage.state);
    const ca = leaf(tree(tree(stage.state.outputs)["database"])["ca"]);
    const network = stage.networks().find(({ name }) => name === "internal")?.engineName ?? "";
    const shell = await stage.in({
      ...{ image: leaf(stage.running("postgres")[0]?.["Image"]), user: SERVER_USER, network, tmpfs: CLIENT_TMPFS },
      resources: { memoryMiB: 192, cpus: 1, pids: 96 },
      environment: clientEnvironment(true, APPLICATION_NAME),
    });
    // Through a pipe: what is an argument or a variable of a container, `docker inspect` shows.
    const write = (file: string, input: string): Promise<unknown> =>
      shell.run(WRITE_FILE_SCRIPT, { args: [file], input });
    await write(CLIENT_FILES.passwords, logins.map(({ login, password }) => passwordLine(login, password)).join(""));
    await write(CLIENT_FILES.ca, ca);
    return new DatabaseClient(shell, logins);
  }

  /**
   * Tries statements as a login.
   * @throws Error with the server's words where it does not get in
   */
  async attempts(
    login: string,
    database: string,
    statements: readonly Statement[],
  ): Promise<readonly (Attempt | undefined)[]> {
    const mark = newMark();
    return readAttempts(await this.psql(login, database, attemptScript(statements, mark)), mark, statements.length);
  }

  /**
   * One value of each query, which names it `value`.
   * @throws Error with the server's words where the login does not get in
   */
  async values(login: string, database: string, queries: readonly string[]): Promise<readonly (string | undefined)[]> {
    const mark = newMark();
    return readValues(await this.psql(login, database, valueScript(queries, mark)), mark, queries.length);
  }

  private async psql(login: string, database: string, input: string): Promise<string> {
    const { code, stdout, stderr } = await this.shell.run(`${PSQL} --username="$1" --dbname="$2"`, {
      args: [login, database],
      input,
    });
    if (code === 2) throw new Error(lastLines(stderr, 2));
    return stdout;
  }

  /** Runs a script in the client's container. */
  run(script: string): ReturnType<Shell["run"]> {
    return this.shell.run(script);
  }
}

/**
 * What one query gives as JSON, asked by the superuser over the server's own socket: the password never leaves the
 * server's container, and the transaction only reads.
 * @throws Error with the server's words
 */
export async function look(stage: Stage, database: string, query: string): Promise<unknown> {
  const server = leaf(stage.running("postgres")[0]?.["Id"]);
  const environment = { PGAPPNAME: APPLICATION_NAME, PGOPTIONS: LOOK, RAMPART_DATABASE: database };
  const variables = Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const psql = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"];
  const out = await stage.engine.must(
    `The catalogs of database ${database} could not be read`,
    ["exec", "--interactive", ...variables, server, "sh", "-c", SUPERUSER_SCRIPT, ...psql],
    { input: `SET search_path = pg_catalog, pg_temp;\nBEGIN;\n${query};\nCOMMIT;\n` },
  );
  return JSON.parse(out) as unknown;
}

/** The stack's databases with their schemas, the first one first. */
export function schemasByDatabase({
  config,
}: Pick<Stage, "config">): readonly (readonly [string, readonly string[]])[] {
  const { name, schema, schemas, databases } = config.database;
  return databaseNames(config).map((database) => [
    database,
    database === name ? [schema, ...schemas] : (databases[database]?.schemas ?? []),
  ]);
}
