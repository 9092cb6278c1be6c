/** Ways into the database that have to be closed. */
import { POSTGRES_SUPERUSER } from "../../../hardening/postgres/roles/roles";
import type { Finding } from "../../check";
import type { Probe } from "../probe";
import { DatabaseClient, hasDatabase } from "./client";

export interface Entrance {
  readonly what: string;
  /** libpq's parameters beside those of the session. */
  readonly parameters: Readonly<Record<string, string>>;
  /** A password that is nobody's, instead of the right one. @default false */
  readonly wrongPassword?: boolean;
  /** The server's or the client's own words where the way is closed; undefined for the control, which is open. */
  readonly closed?: RegExp;
  /** What is sent where the way is open. @default SELECT 1 */
  readonly query?: string;
}

const HBA = /pg_hba\.conf (rejects|entry)|no pg_hba\.conf entry/;
const NOBODYS = "rampart-verify-nobodys-password";

/** @param login one that gets in as it is meant to */
export function entrances(login: string, database: string): readonly Entrance[] {
  const user = login;
  return [
    { what: "as it is meant", parameters: { user, dbname: database } },
    {
      what: "in clear",
      parameters: { user, dbname: database, sslmode: "disable" },
      closed: /no encryption|pg_hba\.conf/,
    },
    {
      what: "over TLS 1.2",
      parameters: { user, dbname: database, ssl_max_protocol_version: "TLSv1.2" },
      closed: /protocol version|unsupported protocol/,
    },
    {
      what: "with a wrong password",
      parameters: { user, dbname: database },
      wrongPassword: true,
      closed: /password authentication failed/,
    },
    // No password of the superuser's is needed to see whether he would be asked for it.
    {
      what: "as the superuser",
      parameters: { user: POSTGRES_SUPERUSER, dbname: database },
      wrongPassword: true,
      closed: HBA,
    },
    {
      what: "as a role that there is not",
      parameters: { user: "rampart_verify_nobody", dbname: database },
      wrongPassword: true,
      closed: HBA,
    },
    {
      what: "to the database postgres",
      parameters: { user, dbname: "postgres" },
      closed: /pg_hba\.conf|permission denied for database/,
    },
    {
      what: "for replication",
      parameters: { user, dbname: database, replication: "true" },
      closed: /pg_hba\.conf|permission denied to start WAL sender/,
      query: "IDENTIFY_SYSTEM",
    },
  ];
}

/** All are tried at once, as the server takes its time to refuse a password. */
export function entranceScript(ways: readonly Entrance[]): string {
  const one = ({ parameters, wrongPassword = false, query = "SELECT 1" }: Entrance, index: number): string => {
    const conninfo = Object.entries(parameters)
      .map(([key, value]) => `${key}=${value}`)
      .join(" ");
    const password = wrongPassword ? `PGPASSWORD=${NOBODYS} ` : "";
    return (
      `{ said=$(${password}psql --no-psqlrc -qAt -c "${query}" "${conninfo}" 2>&1 >/dev/null) && said=in; ` +
      `echo "${index} $(echo "$said" | tr '\\n' ' ')"; } &`
    );
  };
  return `${ways.map(one).join("\n")}\nwait`;
}

export function entranceFindings(ways: readonly Entrance[], output: string, target: string): Finding[] {
  const said = new Map(
    output.split("\n").flatMap((line) => {
      const [, index, words] = /^(\d+) (.*)$/.exec(line) ?? [];
      return index === undefined || words === undefined ? [] : [[Number(index), words.trim()] as const];
    }),
  );
  const control = said.get(ways.findIndex(({ closed }) => closed === undefined));
  if (control !== "in")
    return [{ status: "skip", target, evidence: `not told: the right way in is closed: ${control ?? "no answer"}` }];
  return ways.flatMap(({ what, closed }, index): Finding[] => {
    if (closed === undefined) return [];
    const words = said.get(index) ?? "no answer";
    if (words === "in") return [{ status: "fail", target, evidence: `lets a client in: ${what}` }];
    if (closed.test(words)) return [{ status: "pass", target, evidence: `refuses a client ${what}` }];
    // Somebody who is asked for a password has come further than he should.
    return /authentication failed|role "\w+" does not exist/.test(words)
      ? [
          {
            status: "fail",
            target,
            evidence: `lets a client come as far as its login ${what}: pg_hba.conf should refuse it`,
          },
        ]
      : [{ status: "skip", target, evidence: `not told ${what}: ${words}` }];
  });
}

export const entrance: Probe = {
  id: "probe-database-entrance",
  title: "Postgres takes its own logins over TLS 1.3, and nobody else",
  severity: "high",
  why: "passwords and rows in clear are everybody's on the network, and the superuser is above all rules",
  run: async (stage) => {
    if (!hasDatabase(stage)) return [];
    const client = await DatabaseClient.open(stage);
    const [login] = client.logins.filter(({ role, over }) => role === "app_ro" && !over);
    if (login === undefined) throw new Error("the state knows no login of app_ro");
    const ways = entrances(login.login, stage.config.database.name);
    const { stdout } = await client.run(entranceScript(ways));
    return entranceFindings(ways, stdout, "postgres");
  },
};
