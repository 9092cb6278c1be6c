/** Variables and secrets of a service. */
import { fillIn } from "../places";
import { isSecretName } from "../values/secret-shapes";
import { checked, checkedWord, safeLine } from "./checked";
import { secretWords } from "./credentials";
import { dataUse, exportLines, type DataUse } from "./data";
import type { DraftContext, Remarks } from "./draft-types";
import { isMarked, readable, secretIds, unsetNames } from "./hidden";
import { PROXY_VARIABLES } from "./labels";
import { camelCase, renameHosts, variableOf } from "./names";
import { grantField, type EngineFacts, type Member } from "./project";
import { knownImage } from "./roles";
import { cacheOf, leadsOut, withoutRedis } from "./uses";
import { quoteWords } from "./words";

export interface SecretKey {
  readonly key: string;
  readonly variable: string;
  /** Of the value, where the compose file has one. */
  readonly id: number | undefined;
}

interface EnvironmentArgs {
  readonly member: Member;
  readonly context: DraftContext;
  readonly remarks: Remarks;
  readonly services: readonly string[];
  readonly facts: EngineFacts;
  readonly port: number | undefined;
  /** Whether it is the migration, which has no Redis. */
  readonly job: boolean;
}

export interface EnvironmentDraft {
  /** `entrypoint` and `command`. */
  readonly program: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly secretsInEnvironment: Readonly<Record<string, unknown>> | undefined;
  readonly data: string | undefined;
  readonly database: string | undefined;
  readonly cache: unknown;
  readonly secretKeys: readonly SecretKey[];
}

const VARIABLE = /^[A-Z_][A-Z0-9_]{0,127}$/;
const PLAIN_VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

export function draftEnvironment(args: EnvironmentArgs): EnvironmentDraft {
  const builder = new Builder(args);
  builder.read();
  return builder.result();
}

class Builder {
  private readonly plain: Record<string, string> = {};
  private readonly secrets: Record<string, { config: string }> = {};
  private readonly inEnvironment: string[] = [];
  private readonly keys: SecretKey[] = [];
  /** Variables whose names only a shell can set from a secret's file. */
  private readonly renamed: { readonly name: string; readonly secret: string }[] = [];
  private readonly dropped = new Set<string>();
  private readonly use: DataUse;
  private readonly names: ReadonlyMap<string, string>;

  constructor(private readonly args: EnvironmentArgs) {
    const { service } = args.member;
    const { project } = args.context;
    const use = dataUse(service, project.servers);
    this.use = args.job ? withoutRedis(use) : use;
    if (args.job && use.redis)
      args.remarks.instead.push({
        services: args.services,
        about: "Redis",
        text: "a migration reaches PostgreSQL only",
      });
    this.names = new Map(
      project.members.flatMap(({ service: { aliases }, name, role }) =>
        role.kind === "application" ? aliases.map((alias) => [alias, name] as const) : [],
      ),
    );
  }

  read(): void {
    const { service } = this.args.member;
    const { remarks, services } = this.args;
    this.readGrants();
    for (const [name, value] of Object.entries(knownImage(service.image).environment ?? {})) this.plain[name] = value;
    for (const [name, given] of service.environment) {
      if (PROXY_VARIABLES.includes(name)) continue;
      const change = this.use.changes.get(name);
      if (change === null || (name in this.plain && change === undefined)) continue;
      this.readVariable(name, change ?? given);
    }
    for (const [name, value] of this.use.changes)
      if (value !== null && !(name in this.plain) && !service.environment.has(name)) this.plain[name] = value;
    for (const name of service.passedOn) {
      const own =
        (name === "DATABASE_URL" && this.use.server !== undefined) || (name === "REDIS_URL" && this.use.redis);
      if (own || this.use.changes.has(name)) continue;
      if (isSecretName(name)) this.addSecret(name, undefined);
      else
        remarks.check.push({
          services,
          about: name,
          text: "left out: the compose file passes it on from the shell, which does not set it",
        });
    }
    for (const { path, found, required } of service.envFiles) {
      if (found || !required) continue;
      remarks.check.push({
        services,
        about: `env_file ${path.split("/").slice(-2).join("/")}`,
        text: "the file is not there: its variables are missing under `environment` and `secrets`",
      });
    }
    for (const name of this.use.direct) this.inEnvironment.push(name);
  }

  private readVariable(name: string, value: string): void {
    const { remarks, services, context } = this.args;
    if (!PLAIN_VARIABLE.test(name)) {
      remarks.instead.push({
        services,
        about: `variable ${/^[\w.:/-]{1,80}$/.test(name) ? name : "with an odd name"}`,
        text: "a variable's name has letters, digits and underscores; give the program a configuration file",
      });
      return;
    }
    if (value === "" && isSecretName(name)) {
      remarks.check.push({
        services,
        about: name,
        text: "empty in the compose file, and left out: a secret that is not needed has no name",
      });
      return;
    }
    const [id] = secretIds(value);
    if (id !== undefined) return this.addSecret(name, id, /^\ue000S\d+\ue001$/.test(value) ? undefined : value);
    if (name === "PORT" && this.args.port !== undefined && value === String(this.args.port)) return;
    const renamed = this.withHosts(name, this.withSecretPaths(value));
    if (isMarked(renamed)) {
      this.plain[name] = fillIn(
        `the value of ${name}: ${readable(renamed)}, where ${unsetNames(renamed).join(", ")} is not set`,
      );
      return;
    }
    this.plain[name] = checked(name, renamed, {
      environment: context.environment,
      leaks: context.project.hidden.leaks(renamed),
    });
    if (isSecretName(name) && this.plain[name] !== renamed) {
      delete this.plain[name];
      // Rampart takes every variable of such a name for a secret; the value of this one is none.
      this.addSecret(name, undefined, undefined, context.project.hidden.leaks(renamed) ? undefined : renamed);
    }
  }

  /** Hosts of services that have another name in the stack. */
  private withHosts(name: string, value: string): string {
    const host = this.names.get(value);
    if (host !== undefined && host !== value && /HOST|SERVER|ADDR|ENDPOINT|URL|URI|NODE|BROKER|DOMAIN/i.test(name))
      return host;
    return renameHosts(value, this.names);
  }

  /** Secrets of the compose file's own `secrets:` lie under the names of their variables. */
  private withSecretPaths(value: string): string {
    const at = /^\/run\/secrets\/([\w.-]+)$/.exec(value)?.[1];
    return at === undefined ? value : `/run/secrets/${variableOf(at).toLowerCase()}`;
  }

  private readGrants(): void {
    const { member, context, remarks, services } = this.args;
    const postgresOnly = [...this.use.changes].flatMap(([name, value]) =>
      value === null ? [member.service.environment.get(name)] : [],
    );
    for (const { source, target } of member.service.secrets) {
      const path = target ?? source;
      const base = path.split("/").at(-1) ?? source;
      const servers = context.project.servers.flatMap(({ service }) => service.secrets.map((secret) => secret.source));
      // The login of the stack's own servers comes from DATABASE_URL_FILE and REDIS_URL_FILE.
      if (postgresOnly.includes(`/run/secrets/${base}`)) continue;
      if (servers.includes(source)) {
        remarks.check.push({
          services,
          about: `secret ${source}`,
          text: "the login of the stack's own servers is in DATABASE_URL_FILE and REDIS_URL_FILE",
        });
        continue;
      }
      const name = variableOf(base);
      if (name.toLowerCase() !== base)
        remarks.check.push({
          services,
          about: `secret ${source}`,
          text: `the file is /run/secrets/${name.toLowerCase()}`,
        });
      if (!VARIABLE.test(name)) continue;
      const variable = grantField(context.project.secrets, source, "environment");
      const key = camelCase(source);
      this.secrets[name] = { config: key };
      this.keys.push({ key, variable: variable ?? name, id: undefined });
    }
    // Rampart itself sets `<NAME>_FILE` of each secret: the compose file's would be the second source.
    for (const name of Object.keys(this.secrets)) {
      const file = `${name}_FILE`;
      if (member.service.environment.has(file)) this.dropped.add(file);
    }
  }

  /** @param url where the value is a URL with a password in it. @param plain a value that is no secret */
  private addSecret(name: string, id: number | undefined, url?: string, plain?: string): void {
    const { project } = this.args.context;
    const whole = url !== undefined;
    const base = id === undefined || whole ? name : project.hidden.fact(id).name;
    const key = this.keyFor(base, id, whole);
    const secret = variableOf(name);
    if (!VARIABLE.test(secret) || (secret in this.secrets && secret !== name)) return;
    this.secrets[secret] = { config: key };
    const shown = plain === undefined ? name : `${name}, which is ${plain}`;
    this.keys.push({
      key,
      variable: url === undefined ? shown : `${name}, the whole of ${readable(url)}`,
      id: whole ? undefined : id,
    });
    if (secret === name) this.inEnvironment.push(name);
    else this.renamed.push({ name, secret });
  }

  /** One key for one value; two values of one name get two keys. */
  private keyFor(name: string, id: number | undefined, whole: boolean): string {
    const registry = this.args.context.assigned.secrets;
    const identity =
      id === undefined || whole
        ? `${whole ? "url" : "name"} ${name}${whole ? ` ${this.args.member.name}` : ""}`
        : `value ${id}`;
    const known = registry.get(identity);
    if (known !== undefined) return known;
    const taken = new Set(registry.values());
    const own = camelCase(name);
    let key = own;
    for (let count = 2; taken.has(key); count += 1)
      key = count === 2 ? camelCase(`${this.args.member.name}_${name}`) : `${own}${count}`;
    registry.set(identity, key);
    return key;
  }

  result(): EnvironmentDraft {
    const { use, plain, secrets, keys } = this;
    const { member, remarks, services, context } = this.args;
    for (const name of this.dropped) delete plain[name];
    const program = this.program();
    const files = knownImage(member.service.image).readsFiles === true;
    const names =
      program.wrapped || files
        ? program.wrapped
          ? []
          : this.inEnvironment.filter((name) => /^(?:DATABASE|REDIS)_URL$/.test(name))
        : this.inEnvironment;
    if (names.length > 0) {
      remarks.weaker.push({
        services,
        about: names.join(", "),
        text:
          "in the environment, where `docker inspect` shows them: " +
          "leave a name out where the program reads <NAME>_FILE",
      });
    }
    if (use.guessed.length > 0) {
      remarks.check.push({
        services,
        about: use.guessed.join(", "),
        text: "a guess: see which variables the program reads for its database or cache",
      });
    }
    this.remarkEgress();
    // Variables that a secret sets may not be set a second time.
    for (const name of [
      ...Object.keys(secrets),
      ...(use.server === undefined ? [] : ["DATABASE_URL", "DATABASE_CA"]),
      ...(use.redis ? ["REDIS_URL"] : []),
    ]) {
      delete plain[name];
      delete plain[`${name}_FILE`];
    }
    const first = context.project.servers.find(({ kind }) => kind === "postgres");
    return {
      program: program.words,
      environment: Object.fromEntries(Object.entries(plain).sort(([a], [b]) => (a < b ? -1 : 1))),
      secrets: Object.fromEntries(Object.entries(secrets).sort(([a], [b]) => (a < b ? -1 : 1))),
      secretsInEnvironment:
        names.length === 0
          ? undefined
          : { names: [...new Set(names)].sort(), reason: "the compose file gave them in the environment" },
      data: use.server === undefined ? undefined : "read-write",
      database: use.server === undefined || use.server === first ? undefined : use.server.database,
      cache: use.redis ? cacheOf(this.args) : undefined,
      secretKeys: keys,
    };
  }

  /** What in its variables leads out of the stack. */
  private remarkEgress(): void {
    const { member, remarks, services } = this.args;
    const names = [...member.service.environment]
      .flatMap(([name, value]) => (leadsOut(name, value) ? [name] : []))
      .sort();
    if (names.length === 0) return;
    const shown = names.length > 4 ? `${names.slice(0, 4).join(", ")} …` : names.join(", ");
    remarks.comments.push({ path: [], text: `Add \`egress: true\` if it has to reach the internet (${shown}).` });
    remarks.check.push({
      services,
      about: "the internet",
      text: `it reaches nothing outside the stack: add \`egress: true\` where it has to (${shown})`,
    });
  }

  /** The program's words; where a shell has to take logins out of files first, with the shell before them. */
  private program(): { readonly words: Readonly<Record<string, unknown>>; readonly wrapped: boolean } {
    const { member, facts, context, remarks, services } = this.args;
    const { entrypoint, command, workingDirectory } = member.service;
    const words = (given: readonly string[]): string[] => {
      const secret = secretWords(given, context.project.hidden);
      return given.map((word, index) => checkedWord(renameHosts(word, this.names), secret[index] === true));
    };
    const entry = entrypoint ?? facts.entrypoint;
    const after = command ?? (entrypoint === undefined ? facts.command : []);
    const known = entry !== undefined && after !== undefined && [...entry, ...after].length > 0;
    const exported = this.use.exports.length > 0 || this.renamed.length > 0;
    if (!exported && (workingDirectory === undefined || !known)) {
      if (workingDirectory !== undefined)
        remarks.check.push({
          services,
          about: "working_dir",
          text: "Rampart has no such key: the program starts in the image's own working directory",
        });
      return {
        words: {
          entrypoint: entrypoint === undefined || entrypoint.length === 0 ? undefined : words(entrypoint),
          command: command === undefined ? undefined : words(command),
        },
        wrapped: false,
      };
    }
    const own =
      command === undefined
        ? ""
        : `; the compose file's command is ${readable(quoteWords(words(command))).replace(/FILL IN: /g, "")}`;
    const line = known
      ? `exec ${safeLine(words([...entry, ...after]))}`
      : `exec ${fillIn(`the image's entrypoint and command, as \`docker image inspect\` shows them${own}`)}`;
    const script = [
      ...(workingDirectory === undefined || isMarked(workingDirectory) ? [] : [`cd ${quoteWords([workingDirectory])}`]),
      ...exportLines(this.use.exports),
      ...(exported
        ? [...this.inEnvironment.map((name) => ({ name, secret: name })), ...this.renamed].map(
            ({ name, secret }) => `export "${name}"="$(cat "$${secret}_FILE")"`,
          )
        : []),
      line,
    ];
    if (exported)
      remarks.comments.push({
        path: ["command"],
        text:
          "The program reads these variables; a shell takes their values out of files, " +
          "so that `docker inspect` shows none.",
      });
    return { words: { entrypoint: ["/bin/sh", "-euc"], command: [`${script.join("\n")}\n`] }, wrapped: exported };
  }
}
