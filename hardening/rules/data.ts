/** Rules over what a stack says of its data: encryption, tenants, elevated access, backups. */
import { VALIDITY_DAYS } from "../pki/period";
import type { Rule, Verdict } from "./rule";
import { baseline, cisPostgres, nist, page } from "./sources";
import type { DataFacts, StackView } from "./view";

const DAY = 86_400_000;
/** A working day: whoever needs longer asks again. */
const LONGEST_ELEVATION_HOURS = 24;
/** A certificate that ends sooner than this has missed three renewals. */
const LEAST_DAYS = 30;

const day = (iso: string): string => iso.slice(0, 10);

const daysUntil = (at: string, end: string): number => Math.floor((Date.parse(end) - Date.parse(at)) / DAY);

function tls(stack: string, server: "Postgres" | "Redis", held: string, { at, certificate }: DataFacts): Verdict {
  const left = daysUntil(at, certificate.end);
  const dates =
    `the certificate ends on ${day(certificate.end)}, and \`pulumi up\` renews it from ` +
    `${day(certificate.renewFrom)} on`;
  const scope = server.toLowerCase();
  if (left < LEAST_DAYS)
    return {
      status: "fail",
      resource: stack,
      scope,
      message: `${server}: ${dates}: ${left < 0 ? "clients refuse it" : `${left} days are left`}; run \`pulumi up\``,
    };
  return { status: "pass", resource: stack, scope, message: `${server} ${held}; ${dates}` };
}

function redisTls(stack: string, data: DataFacts): readonly Verdict[] {
  if (data.redis === undefined) return [];
  return [
    data.redis === "tls"
      ? tls(stack, "Redis", "takes only TLS 1.3", data)
      : {
          status: "open",
          resource: stack,
          scope: "redis",
          message: "Redis is in clear on the internal network (redis.tls: true encrypts it)",
        },
  ];
}

/** No `pulumi up` renews the authority: what it signed must not outlive it. */
function authority(stack: string, { at, database, redis, certificate }: DataFacts): readonly Verdict[] {
  const end = certificate.authorityEnd;
  if (end === undefined || (!database && redis !== "tls")) return [];
  const message = `the stack's authority ends on ${day(end)}`;
  if (daysUntil(at, end) >= VALIDITY_DAYS) return [{ status: "pass", resource: stack, message }];
  return [
    {
      status: "fail",
      resource: stack,
      message: `${message}, which \`pulumi up\` does not renew; replace its seed, see docs/connections.md`,
    },
  ];
}

function backups({ stack, environment, data }: StackView): readonly Verdict[] {
  if (data === undefined || !data.database) return [];
  if (data.backups === false) {
    const message = "there are none: database.backups is false";
    return [
      environment === "prod"
        ? { status: "fail", resource: stack, message }
        : { status: "accepted", resource: stack, message: `${message}, as this is ${environment}` },
    ];
  }
  if (data.backups === "volume")
    return [
      {
        status: "open",
        resource: stack,
        message: "they lie on the same host as the database (database.backups.repository is volume)",
      },
    ];
  return [{ status: "pass", resource: stack, message: `they go to ${data.backups}` }];
}

/** Judged where there is data; a program without any says nothing. */
export const DATA_RULES: readonly Rule[] = [
  {
    id: "rampart-database-tls",
    severity: "high",
    title: "connections to Postgres and Redis are encrypted",
    why: "whoever is on the internal network could read along",
    source: cisPostgres("6.8"),
    alsoIn: [baseline("kitiumai/docker", "Encrypted Connections"), page("docs/connections.md")],
    judged:
      "Postgres and Redis: Redis in clear is open. A certificate with less than 30 days left fails, and an " +
      "authority that its certificates would outlive",
    remedy:
      "Encrypt Redis: `redis: { tls: true }`; the program then needs `REDIS_CA_FILE`. Run `pulumi up` where a " +
      "certificate is about to end.",
    keys: ["redis.tls"],
    check: ({ stack, data }) =>
      data === undefined
        ? []
        : [
            ...(data.database ? [tls(stack, "Postgres", "takes only TLS 1.3, verified by every client", data)] : []),
            ...redisTls(stack, data),
            ...authority(stack, data),
          ],
  },
  {
    id: "rampart-tenancy",
    severity: "medium",
    title: "the database hides the rows of one tenant from another",
    why: "a query that forgets its WHERE must find nothing",
    source: cisPostgres("4.7"),
    alsoIn: [
      baseline("DragDropDeploy", "RLS; tenant scoping via session variable"),
      baseline("AMO portal", "Tenant data leakage"),
      page("docs/tenancy.md"),
    ],
    judged:
      "the database. Without tenancy only you know whether the application has tenants, so a plan does not judge it",
    remedy:
      "Name the column that holds the tenant: `database: { tenancy: { variable: app.tenant_id, column: tenant_id, " +
      "type: uuid } }`. Remove exceptions and shared tables that no longer have to be.",
    keys: [
      "database.tenancy",
      ...["database.tenancy", "database.databases.tenancy"].flatMap((scope) => [
        `${scope}.sharedTables`,
        `${scope}.exceptions`,
        `${scope}.exceptions.object`,
        `${scope}.exceptions.reason`,
      ]),
    ],
    check: ({ stack, data, settings }: StackView): readonly Verdict[] => {
      if (data === undefined || !data.database) return [];
      const { shared = [], exceptions = [] } = settings?.database?.tenancy ?? {};
      return [
        ...exceptions.map(({ object, reason }) => ({
          status: "accepted" as const,
          resource: stack,
          message: `${object} is left out: ${reason}`,
        })),
        ...(shared.length === 0
          ? []
          : [
              {
                status: "open" as const,
                resource: stack,
                message: `every tenant reads ${shared.join(", ")}: see that no row there belongs to one`,
              },
            ]),
        data.tenancy
          ? { status: "pass", resource: stack, message: "row security is forced on every table of a tenant's" }
          : {
              status: "skip",
              resource: stack,
              message: "no tenancy is configured (database.tenancy); only you know whether the application has tenants",
            },
      ];
    },
  },
  {
    id: "rampart-elevations",
    severity: "high",
    title: "nobody has elevated access to the database",
    why: "standing access is access for whoever steals it",
    source: cisPostgres("4.3"),
    alsoIn: [nist("4.3.1"), baseline("DragDropDeploy", "JIT elevated role procedure"), page("docs/elevation.md")],
    judged: "each entry under `database.elevations`: accepted with its reason until its end, open after it",
    remedy: "Remove the entry under `database.elevations` as soon as the work is done.",
    keys: [
      "database.elevations",
      "database.elevations.who",
      "database.elevations.role",
      "database.elevations.until",
      "database.elevations.reason",
      "database.elevationMaximumHours",
    ],
    exceptable: false,
    check: ({ stack, data, settings }: StackView): readonly Verdict[] => {
      if (data === undefined || !data.database) return [];
      const hours = settings?.database?.elevationMaximumHours ?? 0;
      return [
        ...(hours > LONGEST_ELEVATION_HOURS
          ? [
              {
                status: "open" as const,
                resource: stack,
                message: `an elevation may last ${hours} hours: see that ${LONGEST_ELEVATION_HOURS} are not enough`,
              },
            ]
          : []),
        ...(data.elevations.length === 0
          ? [{ status: "pass" as const, resource: stack, message: "nobody is elevated" }]
          : data.elevations.map(({ who, role, until, reason }): Verdict =>
              Date.parse(until) <= Date.parse(data.at)
                ? { status: "open", resource: stack, message: `elevated_${who} is over since ${until}; remove it` }
                : {
                    status: "accepted",
                    resource: stack,
                    message: `elevated_${who} may act as ${role} until ${until}: ${reason}`,
                  },
            )),
      ];
    },
  },
  {
    id: "rampart-backups",
    severity: "high",
    title: "backups are taken, and kept on another host",
    why: "what is on one host is lost with it",
    source: baseline("kitiumai/docker", "Regular Backups"),
    alsoIn: [page("docs/backups.md")],
    judged:
      "the database: no backups fail in production and are accepted elsewhere; a repository on the same host is open",
    remedy:
      "Name a repository on another machine: `database: { backups: { repository: " +
      '"s3:https://s3.example.com/backups" } }`, with its `credentials`.',
    keys: ["database.backups", "database.backups.repository", "environment"],
    check: backups,
  },
];
