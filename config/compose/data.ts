/** How a service reaches Postgres and Redis, by its variables, and what takes their place. */
import { POSTGRES_ALIAS, POSTGRES_PORT } from "../../hardening/postgres/server/url";
import { REDIS_ALIAS } from "../../hardening/redis/url";
import { isMarked, secretIds } from "./hidden";
import type { ComposeService } from "./service";

/** A Postgres or Redis of the compose file. */
export interface DataServer {
  readonly kind: "postgres" | "redis";
  readonly service: ComposeService;
  /** The database in the stack's Postgres. */
  readonly database: string;
}

/** A variable that the program gets from a connection URL's file, by a line of shell. */
export interface Export {
  readonly name: string;
  /** A shell word, in double quotes. */
  readonly value: string;
  /** A file to write the value to; the variable then holds the path. */
  readonly file?: string;
}

export interface DataUse {
  readonly server: DataServer | undefined;
  readonly redis: boolean;
  readonly exports: readonly Export[];
  /** DATABASE_URL and REDIS_URL, where the program reads a variable of just this name. */
  readonly direct: readonly string[];
  /** Variables that stay, with new hosts; null for those that are gone. */
  readonly changes: ReadonlyMap<string, string | null>;
  /** Names that were guessed, for a person to check. */
  readonly guessed: readonly string[];
}

const URL_FORM = /^((?:jdbc:)?[a-z][a-z0-9+.-]*):\/\/(?:([^@/]*)@)?([^/:?,@]+)(?::(\d+))?(?:\/([^?]*))?(\?.*)?$/i;
const HOST_NAME = /(?:HOST(?:NAME)?S?|ADDR(?:ESS)?|SERVER|ENDPOINT|NODES?|URL|URI)$/i;
const POSTGRES_URL_NAME =
  /(?:^|_)(?:DATABASE|DB|POSTGRES(?:QL)?|PG|SQL\w*)_?(?:URL|URI|DSN|DATASOURCE|CONNECTION_?STRING)$/i;
const REDIS_URL_NAME = /(?:^|_)REDIS\w*_?(?:URL|URI|DSN)$/i;

const PARTS: readonly (readonly ["user" | "password" | "passwordFile" | "name" | "port" | "ssl", RegExp])[] = [
  ["user", /^(?:USER(?:_?NAME)?|LOGIN|ROLE)$/i],
  ["passwordFile", /^(?:PASS(?:WORD|WD)?|PWD)_FILE$/i],
  ["password", /^(?:PASS(?:WORD|WD)?|PWD)$/i],
  ["name", /^(?:(?:DATABASE_?|DB_?)?NAME|DATABASE|DB|DATABASE_?DB|DBNAME)$/i],
  ["port", /^PORT(?:_NUMBER)?$/i],
  ["ssl", /^(?:SSL_?MODE|SSL|REQUIRE_?SSL|TLS)$/i],
];

const CA = "/run/secrets/database_ca";

export function dataUse(service: ComposeService, servers: readonly DataServer[]): DataUse {
  const use = new Use(service, servers);
  use.read();
  return use.result();
}

class Use {
  private server: DataServer | undefined;
  private redis = false;
  private readonly exports: Export[] = [];
  private readonly direct: string[] = [];
  private readonly changes = new Map<string, string | null>();
  private readonly guessed: string[] = [];
  private readonly groups = new Map<string, DataServer>();
  private splitPostgres = false;

  constructor(
    private readonly service: ComposeService,
    private readonly servers: readonly DataServer[],
  ) {}

  result(): DataUse {
    const { server, redis, exports, direct, changes, guessed } = this;
    return { server, redis, exports, direct, changes, guessed };
  }

  read(): void {
    const { environment } = this.service;
    for (const [name, value] of environment) this.readHost(name, value);
    for (const [prefix, server] of this.groups) this.readGroup(prefix, server);
    for (const [name, value] of environment) this.readUnknown(name, value);
    this.guessLogins();
    this.readDependencies();
    // libpq and what is built on it verify the server by these.
    if (this.splitPostgres) {
      this.changes.set("PGSSLMODE", "verify-full");
      this.changes.set("PGSSLROOTCERT", CA);
    }
  }

  private of(host: string): DataServer | undefined {
    return this.servers.find(({ service }) => service.aliases.includes(host));
  }

  private use(server: DataServer): void {
    if (server.kind === "redis") this.redis = true;
    else this.server ??= server;
  }

  /** A variable that names a server: a URL, `host`, or `host:port`. */
  private readHost(name: string, value: string): void {
    const url = URL_FORM.exec(value);
    if (url !== null) {
      const server = this.of(url[3] ?? "");
      if (server !== undefined) this.readUrl(name, url, server);
      return;
    }
    const [host = "", port] = value.split(":");
    const server = this.of(host);
    if (server === undefined || !(HOST_NAME.test(name) || /^\d+$/.test(port ?? ""))) return;
    this.use(server);
    this.changes.set(name, `${aliasOf(server)}${port === undefined ? "" : `:${port}`}`);
    this.groups.set(name.replace(HOST_NAME, ""), server);
    if (server.kind === "postgres") this.splitPostgres = true;
  }

  private readUrl(name: string, url: RegExpExecArray, server: DataServer): void {
    const scheme = (url[1] ?? "").toLowerCase();
    this.use(server);
    if (scheme.startsWith("jdbc:")) {
      this.changes.set(
        name,
        `${scheme}://${POSTGRES_ALIAS}:${POSTGRES_PORT}/${server.database}?sslmode=verify-full&sslrootcert=${CA}`,
      );
      this.groups.set(name.replace(HOST_NAME, ""), server);
      return;
    }
    if (!/postgres|psql|pgsql|ecto|postgis|redis|rediss|valkey/.test(scheme)) {
      this.changes.set(name, url[0].replace(/:\/\/(?:[^@/]*@)?[^/:?]+/, `://${aliasOf(server)}`));
      return;
    }
    this.fromUrl(name, server, /^(?:postgres|postgresql|redis|rediss|valkey)$/.test(scheme) ? undefined : scheme);
  }

  /** @param scheme where the program wants another than the URL has */
  private fromUrl(name: string, server: DataServer, scheme?: string): void {
    const own = server.kind === "postgres" ? "DATABASE_URL" : "REDIS_URL";
    const variable = server.kind === "postgres" ? "database" : "redis";
    this.changes.set(name, null);
    if (name === own && scheme === undefined) this.direct.push(own);
    else this.exports.push({ name, value: scheme === undefined ? `$${variable}` : `${scheme}://\${${variable}#*://}` });
  }

  private readGroup(prefix: string, server: DataServer): void {
    const found = new Map<string, string>();
    for (const name of this.service.environment.keys()) {
      if (!name.startsWith(prefix) || this.changes.has(name)) continue;
      const part = PARTS.find(([, form]) => form.test(name.slice(prefix.length)))?.[0];
      if (part !== undefined) found.set(part, name);
    }
    const login = server.kind === "postgres" ? "database" : "redis";
    const add = (part: string, value: string): void => {
      const name = found.get(part);
      if (name === undefined) return;
      this.changes.set(name, null);
      this.exports.push({ name, value });
    };
    add("user", `$${login}_user`);
    add("password", `$${login}_word`);
    const file = found.get("passwordFile");
    if (file !== undefined) {
      this.changes.set(file, null);
      this.exports.push({ name: file, value: `$${login}_word`, file: `/tmp/${file.toLowerCase()}` });
    }
    // Redis' default user is off: a program that knows a password only has to be told the user as well.
    if (server.kind === "redis" && !found.has("user") && found.has("password"))
      this.guess(`${prefix}USERNAME`, "$redis_user");
    if (server.kind === "redis") return;
    const name = found.get("name");
    if (name !== undefined) this.changes.set(name, server.database);
    const port = found.get("port");
    if (port !== undefined) this.changes.set(port, String(POSTGRES_PORT));
    const ssl = found.get("ssl");
    if (ssl !== undefined)
      this.changes.set(
        ssl,
        /^(?:true|false|0|1|yes|no)$/i.test(this.service.environment.get(ssl) ?? "") ? "true" : "verify-full",
      );
  }

  /** A service that waits for a server and has no variable for it uses the server by a default of its own. */
  private readDependencies(): void {
    for (const server of this.servers) {
      if (!server.service.aliases.some((alias) => this.service.dependsOn.has(alias))) continue;
      const [used, own] =
        server.kind === "postgres" ? [this.server !== undefined, "DATABASE_URL"] : [this.redis, "REDIS_URL"];
      if (used) continue;
      this.use(server);
      if (this.service.environment.has(`${own}_FILE`)) continue;
      this.direct.push(own);
      this.guessed.push(own);
    }
  }

  private guess(name: string, value: string): void {
    this.exports.push({ name, value });
    this.guessed.push(name);
  }

  /**
   * A program that is told a host and no login has its login elsewhere:
   * most take the two variables that go with the host.
   */
  private guessLogins(): void {
    for (const [prefix, server] of this.groups) {
      const [variable, own] = server.kind === "postgres" ? ["database", "DATABASE_URL"] : ["redis", "REDIS_URL"];
      const known = this.direct.includes(own) || this.exports.some(({ value }) => value.includes(variable));
      if (known || prefix === "" || /WAIT/i.test(prefix)) continue;
      this.guess(`${prefix}${server.kind === "postgres" ? "USER" : "USERNAME"}`, `$${variable}_user`);
      this.guess(`${prefix}PASSWORD`, `$${variable}_word`);
    }
  }

  /** A URL whose value is not known, and the login of a shared env file. */
  private readUnknown(name: string, value: string): void {
    if (this.changes.has(name) || !isMarked(value)) return;
    const [postgres] = this.servers.filter(({ kind }) => kind === "postgres");
    const [redis] = this.servers.filter(({ kind }) => kind === "redis");
    const whole = !/:\/\//.test(value);
    if (postgres !== undefined && whole && POSTGRES_URL_NAME.test(name) && !REDIS_URL_NAME.test(name)) {
      this.use(postgres);
      return this.fromUrl(name, postgres);
    }
    if (redis !== undefined && whole && REDIS_URL_NAME.test(name)) {
      this.use(redis);
      return this.fromUrl(name, redis);
    }
    const [id] = secretIds(value);
    const same = this.servers.find(({ service }) =>
      [...service.environment].some(
        ([key, other]) => /PASS/i.test(key) && id !== undefined && secretIds(other).includes(id),
      ),
    );
    const prefix = /^(.*?)(?:PASS(?:WORD|WD)?|PWD)$/i.exec(name)?.[1];
    if (same?.kind !== "postgres" || prefix === undefined || !/(?:DB|DATABASE|POSTGRES(?:QL)?|PG|SQL)_*$/i.test(prefix))
      return;
    if (this.server === undefined && !this.service.environment.has(`${prefix}USER`)) return;
    this.use(same);
    this.splitPostgres = true;
    this.readGroup(prefix, same);
  }
}

const aliasOf = ({ kind }: DataServer): string => (kind === "postgres" ? POSTGRES_ALIAS : REDIS_ALIAS);

/** Lines of shell that take the login out of the URLs' files. @param exports at least one */
export function exportLines(exports: readonly Export[]): string[] {
  const uses = (variable: string): boolean =>
    exports.some(({ value }) => value.includes(`$${variable}`) || value.includes(`{${variable}`));
  const lines: string[] = [];
  for (const variable of ["database", "redis"]) {
    if (!uses(variable)) continue;
    lines.push(`${variable}="$(cat "$${variable.toUpperCase()}_URL_FILE")"`);
    if (!uses(`${variable}_`)) continue;
    lines.push(`login="\${${variable}#*://}" login="\${login%%@*}"`);
    lines.push(`${variable}_user="\${login%%:*}" ${variable}_word="\${login#*:}"`);
  }
  for (const { name, value, file } of exports) {
    if (file !== undefined) lines.push(`(umask 077 && printf %s "${value}" > ${file})`);
    // Quoted apart: `PASSWORD=` in a row looks like a password on a command line, which Rampart refuses.
    lines.push(`export "${name}"="${file ?? value}"`);
  }
  return lines;
}
