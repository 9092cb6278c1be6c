/**
 * A PostgreSQL with the roles of a stack, and databases in which tables are confined to tenants,
 * or (the control) are not.
 */
import { DatabaseError, Query, type Client } from "pg";
import { databasePrivileges } from "../../../../hardening/postgres/roles/privileges";
import { renderPrivilegesSql } from "../../../../hardening/postgres/roles/privileges-sql";
import {
  type Tenancy,
  type TenancyGuardArgs,
  type TenantColumnType,
} from "../../../../hardening/postgres/tenancy/tenancy";
import { renderTenancyGuardSql } from "../../../../hardening/postgres/tenancy/tenancy-guard-sql";
import { renderTenancySql } from "../../../../hardening/postgres/tenancy/tenancy-sql";
import { passwordOf, startPostgres, SUPERUSER, type PostgresServer } from "../postgres-server";

export const ROLES = ["migrator", "app_rw", "app_ro", "backup"] as const;
export type Role = (typeof ROLES)[number] | "superuser";

export const TENANCY: Tenancy = { variable: "app.tenant_id", column: "tenant_id", type: "integer", exceptions: [] };

/** Two tenants, as values of each type. */
export const TENANTS: Readonly<
  Record<TenantColumnType, { readonly a: string; readonly b: string; readonly malformed: string | undefined }>
> = {
  uuid: { a: "aaaaaaaa-0000-4000-8000-000000000001", b: "bbbbbbbb-0000-4000-8000-000000000002", malformed: "none" },
  bigint: { a: "9000000000000000001", b: "9000000000000000002", malformed: "9000000000000000001x" },
  integer: { a: "1", b: "2", malformed: "1 OR 1=1" },
  text: { a: "acme", b: 'it\'s "other"', malformed: undefined },
};

export interface TenantDatabase {
  readonly clients: Readonly<Record<Role, Client>>;
  /** Warnings and notices of every session so far. */
  readonly notices: string[];
  readonly install: (change?: Partial<Tenancy>) => Promise<void>;
  /** Fails as the guard does. */
  readonly guard: (change?: Partial<Tenancy>) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The message of the error, or "ok". */
export async function outcome(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "ok";
  } catch (error) {
    if (error instanceof DatabaseError) return error.message;
    throw error;
  }
}

export async function run(client: Client, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await client.query(statement);
}

/** One transaction, rolled back when a statement fails. */
export async function transaction(client: Client, statements: readonly string[]): Promise<void> {
  await client.query("BEGIN");
  try {
    await run(client, statements);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

/** Runs statements as one tenant and commits; an undefined tenant sets nothing. */
export async function asTenant(
  client: Client,
  tenant: string | undefined,
  statements: readonly string[],
): Promise<void> {
  const value = tenant?.replaceAll("'", "''");
  await transaction(client, [
    ...(value === undefined ? [] : [`SELECT set_config('app.tenant_id', '${value}', true)`]),
    ...statements,
  ]);
}

/** What node-postgres's connection can do beside its types. */
interface CopyConnection {
  readonly sendCopyFromChunk: (chunk: Buffer) => void;
  readonly endCopyFrom: () => void;
}

/** COPY … FROM STDIN with these lines. */
export async function copyIn(client: Client, sql: string, lines: string): Promise<void> {
  class CopyIn extends Query {
    handleCopyInResponse(connection: CopyConnection): void {
      connection.sendCopyFromChunk(Buffer.from(lines));
      connection.endCopyFrom();
    }
  }
  return new Promise((resolve, reject) => {
    const query = new CopyIn(sql);
    query.on("end", () => resolve());
    query.on("error", reject);
    client.query(query);
  });
}

export function tenancyArgs(change: Partial<Tenancy> = {}): TenancyGuardArgs {
  return { schemas: ["app"], superuser: SUPERUSER, tenancy: { ...TENANCY, ...change } };
}

export async function createTenantDatabase(
  server: PostgresServer,
  database: string,
  tenancy: Partial<Tenancy> = {},
): Promise<TenantDatabase> {
  const maintenance = await server.connect(SUPERUSER, { database: "postgres" });
  await maintenance.query(`CREATE DATABASE "${database}"`);
  await maintenance.end();
  const superuser = await server.connect(SUPERUSER, { database });
  const passwords = Object.fromEntries(ROLES.map((role) => [role, passwordOf(role)]));
  await transaction(
    superuser,
    renderPrivilegesSql(databasePrivileges({ database, superuser: SUPERUSER }), { passwords }),
  );
  await run(superuser, [`ALTER ROLE migrator CONNECTION LIMIT 20`, "ALTER ROLE backup CONNECTION LIMIT 20"]);
  const clients: Record<Role, Client> = {
    superuser,
    migrator: await server.connect("migrator", { database }),
    app_rw: await server.connect("app_rw", { database }),
    app_ro: await server.connect("app_ro", { database }),
    backup: await server.connect("backup", { database }),
  };
  const notices: string[] = [];
  for (const client of Object.values(clients)) client.on("notice", ({ message }) => notices.push(message ?? ""));
  const args = (change: Partial<Tenancy>): TenancyGuardArgs => tenancyArgs({ ...tenancy, ...change });
  return {
    clients,
    notices,
    install: (change = {}) => transaction(superuser, renderTenancySql(args(change))),
    guard: (change = {}) => transaction(superuser, renderTenancyGuardSql(args(change))),
    close: async () => {
      for (const client of Object.values(clients)) await client.end();
    },
  };
}

export { startPostgres, type PostgresServer };
