/**
 * From a compose file to the configuration of a stack, and to what a person has to know and do. Pure: it reads no disk
 * and asks no engine.
 */
import type { Environment } from "../environment";
import { gather, insteadOf, type Note } from "./notes";
import { migrates } from "./one-shot";
import { readProject, type ComposeProject, type EngineFacts, type Member, type ProjectArgs } from "./project";
import { routesByService } from "./routes";
import { serviceDraft, type Draft } from "./draft";
import { readable } from "./hidden";
import { tagOf } from "./roles";
import { fillIn } from "../places";

/** How compose files give an edge the address for Let's Encrypt: an option, a variable or a label. */
const ACME_EMAIL = new RegExp(
  [
    String.raw`(?:acme[._]email|LETSENCRYPT_EMAIL|ACME_EMAIL|DEFAULT_EMAIL|CERTBOT_EMAIL|caddy\.email)`,
    String.raw`=([^\s=]+@[^\s=]+\.[a-z]{2,})$`,
  ].join(""),
  "i",
);

export interface ConvertArgs extends ProjectArgs {
  readonly environment: Environment;
  /** By the reference in the compose file. */
  readonly images: ReadonlyMap<string, EngineFacts>;
  /** What the host's directories are named after. */
  readonly project: string;
}

/** A secret to set, with who uses it. */
export interface SecretToSet {
  readonly key: string;
  /** `web: JWT_SECRET` */
  readonly uses: readonly string[];
  /** Why the compose file's own value is refused: a placeholder, too short. */
  readonly weakness: string | undefined;
}

export interface Conversion {
  /** Values under their keys without `rampart:`. */
  readonly values: Readonly<Record<string, unknown>>;
  /** By the path in `values`, with dots between. */
  readonly comments: readonly Comment[];
  /** What each service became. */
  readonly taken: readonly { readonly service: string; readonly what: string }[];
  readonly instead: readonly Note[];
  /** What is weaker than Rampart's default. */
  readonly weaker: readonly Note[];
  /** What a person should try. */
  readonly check: readonly Note[];
  readonly secrets: readonly SecretToSet[];
  /** Commands that bring files of the host to their places. */
  readonly copies: readonly string[];
}

export interface Comment {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

export function convert(args: ConvertArgs): Conversion {
  const project = readProject(args);
  const routes = routesByService(project, args.environment);
  const applications = project.members.filter(({ role, oneShot }) => role.kind === "application" && !oneShot);
  const migration = project.members.find(
    (member) => member.role.kind === "application" && member.oneShot && isMigration(member, project),
  );
  const assigned = { secrets: new Map<string, string>(), volumes: new Map<string, string>() };
  const context = { ...args, project, routes, directory: args.project, assigned };
  const drafts = applications.map((member) => serviceDraft({ member, context, kind: "service" }));
  const job = migration === undefined ? undefined : serviceDraft({ member: migration, context, kind: "migration" });
  const all = job === undefined ? drafts : [...drafts, job];
  connect(drafts);
  const email = acmeEmail(project);
  const wantsEmail = args.environment !== "dev";
  const database = databaseBlock(project, all);
  const values = {
    environment: args.environment,
    ...(wantsEmail ? { acmeEmail: email ?? fillIn("the e-mail address to which Let's Encrypt may write") } : {}),
    ...(Object.keys(database).length === 0 ? {} : { database }),
    ...(job === undefined ? {} : { migration: job.config }),
    services: Object.fromEntries(drafts.map(({ name, config }) => [name, config])),
  };
  return {
    values,
    comments: all.flatMap(({ comments, path }) =>
      comments.map((comment) => ({ path: [...path, ...comment.path], text: comment.text })),
    ),
    taken: project.members.map((member) => ({
      service: label(member),
      what: became(member, { project, drafts, job }),
    })),
    instead: gather([
      ...project.members.flatMap((member) => keyNotes(member)),
      ...all.flatMap(({ instead }) => instead),
      ...leftOut(project, migration),
      ...serverNotes(project),
    ]),
    weaker: gather(all.flatMap(({ weaker }) => weaker)),
    check: gather([...all.flatMap(({ check }) => check), ...dataNotes(project)]),
    secrets: secretsToSet(all, project),
    copies: [...new Set(all.flatMap(({ copies }) => copies))],
  };
}

const label = ({ service }: Member): string =>
  service.image === undefined
    ? `${service.name} (build)`
    : `${service.name} (${readable(service.image.split("@")[0] ?? "")})`;

/** A migration is the stack's where it changes the stack's Postgres. */
const isMigration = ({ service }: Member, project: ComposeProject): boolean => {
  const postgres = project.servers.filter(({ kind }) => kind === "postgres");
  const usesIt = postgres.some((server) =>
    server.service.aliases.some(
      (alias) =>
        service.dependsOn.has(alias) || [...service.environment.values()].some((value) => value.includes(alias)),
    ),
  );
  const url = [...service.environment.keys()].some((name) => /DATABASE|POSTGRES|^DB|^PG/.test(name));
  return migrates(service) && postgres.length > 0 && (usesIt || url);
};

/**
 * Two services that talk have a network in common: a routed one without data joins `internal` where the other one is.
 */
function connect(drafts: readonly Draft[]): void {
  const onProxy = (draft: Draft): boolean => draft.config["routes"] !== undefined;
  const onInternal = (draft: Draft): boolean =>
    !onProxy(draft) ||
    draft.config["data"] !== undefined ||
    draft.config["cache"] !== undefined ||
    draft.config["internal"] === true;
  for (const draft of drafts) {
    for (const other of drafts) {
      if (other === draft || !talks(draft.member, other.member)) continue;
      if ((onProxy(draft) && onProxy(other)) || (onInternal(draft) && onInternal(other))) continue;
      for (const one of [draft, other]) if (!onInternal(one)) one.config["internal"] = true;
    }
  }
}

function talks({ service }: Member, other: Member): boolean {
  const { aliases } = other.service;
  if (aliases.some((alias) => service.dependsOn.has(alias))) return true;
  const host = new RegExp(
    `(?:^|//|@|[,;=\\s])(?:${aliases.map((alias) => alias.replace(/\W/g, "\\$&")).join("|")})(?=[:/,\\s]|$)`,
  );
  return [...service.environment.values()].some((value) => host.test(value));
}

/** From Traefik's command or labels, or nginx-proxy's variables. */
function acmeEmail({ members }: ComposeProject): string | undefined {
  const texts = members.flatMap(({ service }) => [
    ...(service.command ?? []),
    ...[...service.environment].map(([name, value]) => `${name}=${value}`),
    ...[...service.labels].map(([name, value]) => `${name}=${value}`),
  ]);
  const found = texts.flatMap((text) => ACME_EMAIL.exec(text)?.[1] ?? []);
  return found.find((email) => !/[^\w.+@-]/.test(email));
}

function databaseBlock({ servers }: ComposeProject, drafts: readonly Draft[]): Record<string, unknown> {
  const [first, ...further] = servers.filter(({ kind }) => kind === "postgres");
  if (
    first === undefined ||
    drafts.every(({ config, path }) => config["data"] === undefined && path[0] !== "migration")
  )
    return {};
  return {
    ...(first.database === "app" ? {} : { name: first.database }),
    ...(further.length === 0 ? {} : { databases: Object.fromEntries(further.map(({ database }) => [database, {}])) }),
  };
}

function became(
  member: Member,
  { project, drafts, job }: { project: ComposeProject; drafts: readonly Draft[]; job: Draft | undefined },
): string {
  const { role, service } = member;
  switch (role.kind) {
    case "postgres":
      return [
        "the stack's PostgreSQL",
        `database ${project.servers.find((server) => server.service === service)?.database ?? "app"}`,
      ].join(", ");
    case "redis":
      return "the stack's Redis, a user of its own for each service";
    case "edge":
      return "the stack's edge (Traefik)";
    case "needless":
      return "nothing";
    case "application": {
      if (job?.member === member) return "the migration";
      const draft = drafts.find((one) => one.member === member);
      if (draft === undefined) return "nothing";
      const uses = [
        draft.config["data"] === undefined ? "" : "PostgreSQL",
        draft.config["cache"] === undefined ? "" : "Redis",
      ].filter((one) => one !== "");
      return [
        `service ${draft.name}`,
        ...draft.urls,
        ...(uses.length === 0 ? [] : [`uses ${uses.join(" and ")}`]),
      ].join(", ");
    }
    default: {
      const unknown: never = role;
      throw new Error(`not a role: ${JSON.stringify(unknown)}`);
    }
  }
}

/** Keys of a service that become nothing. */
function keyNotes({ service, role }: Member): Note[] {
  if (role.kind === "needless") return [{ services: [service.name], about: "the service", text: role.instead }];
  if (role.kind !== "application") return [];
  return [...service.keys].sort().flatMap((key) => {
    const text = insteadOf(key);
    return text === undefined ? [] : [{ services: [service.name], about: key, text }];
  });
}

function leftOut(project: ComposeProject, migration: Member | undefined): Note[] {
  const ended = project.members.filter(
    (member) => member.role.kind === "application" && member.oneShot && member !== migration,
  );
  return [
    ...ended.map(({ service }) => ({
      services: [service.name],
      about: "a container that runs once",
      text:
        migrates(service) && migration === undefined
          ? "`rampart:migration` is for the stack's PostgreSQL, which it does not use: " +
            "run it by hand, or have the program do it when it starts"
          : "a service runs until it is stopped: write it under `rampart:jobs` with `once: true`, or with a " +
            "`schedule` (docs/jobs.md)",
    })),
    ...project.unchosen.map(({ name, profiles }) => ({
      services: [name],
      about: `profiles ${profiles.join(", ")}`,
      text: `a stack has no profiles; \`--profile ${profiles[0] ?? "NAME"}\` takes the service over`,
    })),
  ];
}

/** What a compose file's own servers and proxies had that the stack's parts have in another way. */
function serverNotes({ members }: ComposeProject): Note[] {
  return members.flatMap(({ service, role }) => {
    const services = [service.name];
    const notes: Note[] = [];
    if (role.kind === "postgres" || role.kind === "redis") {
      const what =
        role.kind === "postgres"
          ? "data ports are never published; `npx rampart psql <stack> --tunnel 15432` opens a way " +
            "(docs/host-access.md)"
          : "data ports are never published";
      for (const { published, target } of service.ports)
        notes.push({ services, about: `ports ${published ?? target}`, text: what });
      if (service.command !== undefined)
        notes.push({
          services,
          about: "command",
          text:
            role.kind === "postgres"
              ? "settings follow from `database.resources` and `database.connectionLimits` (docs/connections.md)"
              : "settings follow from `redis.resources`; there is no shared password (docs/redis.md)",
        });
      for (const { target } of service.mounts.filter((mount) => /initdb\.d/.test(mount.target)))
        notes.push({
          services,
          about: target,
          text: "roles and databases are declared (`rampart:database`), tables are made by `rampart:migration`",
        });
      if (role.kind === "postgres") notes.push(...versionNotes(service.image, services));
    }
    if (role.kind === "edge") {
      notes.push({
        services,
        about: "its configuration",
        text: "routes, TLS, redirects, limits and headers are Rampart's own edge: `routes` (docs/edge.md)",
      });
      if (service.mounts.some(({ source }) => source.endsWith("docker.sock")))
        notes.push({
          services,
          about: "the Docker socket",
          text: "the edge reads its routes from a file and needs no Docker API",
        });
      if (service.networkMode === "host")
        notes.push({ services, about: "network_mode host", text: "the edge publishes its two ports only" });
    }
    return notes;
  });
}

function versionNotes(image: string | undefined, services: readonly string[]): Note[] {
  const special =
    image === undefined ? undefined : /postgis|pgvecto|timescale|immich|supabase|vchord|vector/i.exec(image)?.[0];
  const major = Number(/(?:^|pg)(\d{2})/.exec(image === undefined ? "" : (tagOf(image) ?? ""))?.[1] ?? 0);
  return [
    ...(special === undefined
      ? []
      : [
          {
            services,
            about: "extensions",
            text:
              `the extensions of ${readable(image ?? "")} are not among those that Rampart creates ` +
              "(`database.extensions`): set `images.postgres` to an image that has them, " +
              "and create them as the superuser",
          },
        ]),
    ...(major > 16
      ? [
          {
            services,
            about: `PostgreSQL ${major}`,
            text: `Rampart's pin is 16; for ${major} set \`images.postgres\` to postgres:${major}… with its digest`,
          },
        ]
      : []),
  ];
}

function dataNotes({ servers, members }: ComposeProject): Note[] {
  return [
    ...servers.map(({ kind, service }) => ({
      services: [service.name],
      about: "data",
      text:
        kind === "postgres"
          ? "no data is moved: dump it from the old server with `pg_dump --no-owner --no-privileges`, " +
            "and load it as `migrator` (docs/host-access.md)"
          : "no data is moved",
    })),
    ...members
      .filter(
        ({ role, service }) => role.kind === "application" && service.mounts.some(({ kind }) => kind === "volume"),
      )
      .map(({ service }) => ({
        services: [service.name],
        about: "data",
        text: "volumes begin empty: copy what the old ones hold",
      })),
  ];
}

/** The flat keys of all secrets: one for each value of the compose file, named after its variable. */
function secretsToSet(drafts: readonly Draft[], { hidden }: ComposeProject): SecretToSet[] {
  const keys = new Map<string, { uses: string[]; weakness: string | undefined }>();
  for (const { member, secretKeys } of drafts) {
    for (const { key, variable, id } of secretKeys) {
      const entry = keys.get(key) ?? { uses: [], weakness: id === undefined ? undefined : hidden.fact(id).weakness };
      entry.uses.push(`${member.service.name}: ${variable}`);
      keys.set(key, entry);
    }
  }
  return [...keys]
    .map(([key, { uses, weakness }]) => ({ key, uses: [...new Set(uses)], weakness }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}
