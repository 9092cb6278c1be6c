import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { LoadedConfig } from "../config";
import { renderDropOwnedSql } from "../hardening/database/drop-owned-sql";
import { renderBackupRightsSql } from "../hardening/database/privileges-sql";
import { ELEVATION_WATCH, elevatedLogin, isOver, renderElevationEndSql, renderElevationOwnershipSql, renderElevationsSql } from "../hardening/database/elevations";
import { renderRoleSettingsSql } from "../hardening/database/role-settings";
import { renderTenancyAbsentSql, renderTenancyGuardSql } from "../hardening/database/tenancy-guard-sql";
import type { Tenancy } from "../hardening/database/tenancy";
import { renderTenancySql } from "../hardening/database/tenancy-sql";
import { scramSha256Verifier } from "../hardening/database/scram";
import type { StackContext } from "./context";
import { privilegesOf } from "./database-roles";
import { hooksSupported } from "./hooks";
import { databaseNames, POSTGRES_SUPERUSER } from "./postgres";

/** Statements to run in one transaction as the superuser. */
export interface DatabaseScript {
  readonly database: string;
  readonly statements: readonly string[];
}

/**
 * What the database provider has no resource for, run through the engine as the superuser inside Postgres' own container:
 * settings of roles, the confinement of tenants and its guard, what keeps a role from undoing its default privileges, and
 * elevated logins. Each is a receipt whose creation runs the statements; one that fails leaves no receipt, so the next
 * `up` runs it again.
 */
export class DatabasePolicy extends pulumi.ComponentResource {
  /** Tables that a migration makes are confined as they are made, from here on. */
  readonly prepared: pulumi.Resource[];
  /** Passwords of the elevated logins, by login. */
  readonly elevations: Readonly<Record<string, pulumi.Output<string>>>;
  /** The password of the login that ends sessions, and what it depends on; absent where nobody is elevated. */
  readonly watch?: { readonly password: pulumi.Output<string>; readonly dependsOn: pulumi.Resource[] };

  constructor(
    private readonly name: string,
    private readonly context: StackContext,
    args: {
      /** What services log in as, by the role that they become. */
      readonly logins: Readonly<Record<string, pulumi.Output<string>>>;
      /** The roles and their privileges. */
      readonly dependsOn: pulumi.Resource[];
      /** What PostgreSQL stores of the roles' passwords, by role. */
      readonly roleVerifiers: Readonly<Record<string, pulumi.Output<string>>>;
    },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rampart:postgres:DatabasePolicy", name, {}, opts);
    const { config, secrets } = context;
    const { elevations } = config.database;
    const prepare = config.database.tenancy === undefined ? [] : scripts(config, (schemas, tenancy) => (tenancy === undefined ? [] : renderTenancySql({ schemas, superuser: POSTGRES_SUPERUSER, tenancy })));
    const tenancy = prepare.length === 0 ? args.dependsOn : [this.receipt("tenancy", pulumi.output(prepare), args.dependsOn)];
    this.elevations = Object.fromEntries(elevations.map((elevation) => [elevatedLogin(elevation), secrets.password(`elevated-${elevation.who}`, undefined, elevation.until)]));
    const watch = elevations.length === 0 ? undefined : secrets.password("elevation-watch");
    const verifiers = pulumi.all(Object.fromEntries(Object.entries({ ...this.elevations, ...(watch === undefined ? {} : { [ELEVATION_WATCH]: watch }) }).map(([login, password]) => [login, this.verifier(login, password)])));
    // With nobody elevated there is nothing to guard, and a rotation then changes nothing here.
    const passwords = pulumi.all(watch === undefined ? {} : args.roleVerifiers);
    const elevated = this.receipt("elevations", pulumi.all([verifiers, passwords]).apply(([known, roles]) => elevationScripts(config, known, roles)), args.dependsOn);
    // After the elevated logins, which have their share.
    this.prepared = [...tenancy, this.receipt("settings", settingsScripts(config, args.logins), [...args.dependsOn, elevated])];
    this.warnOfEnds();
    if (watch !== undefined) this.watch = { password: watch, dependsOn: [elevated] };
    this.registerOutputs({});
  }

  /** An entry that is over stops no update; it is only never forgotten. */
  private warnOfEnds(): void {
    if (!hooksSupported()) return;
    const over = this.context.config.database.elevations.filter((elevation) => isOver(elevation, new Date()));
    for (const elevation of over) {
      void pulumi.log.warn(`database.elevations: ${elevatedLogin(elevation)} is over since ${elevation.until}: it gets in no more; remove the entry.`, this);
    }
  }

  /** After the migration, before services: confines every table of a tenant's, and fails the update where something leaks. */
  guard(migration: { readonly done: random.RandomId } | undefined): pulumi.Resource {
    const statements = scripts(this.context.config, (schemas, tenancy) => {
      const args = { schemas, superuser: POSTGRES_SUPERUSER };
      const confined = tenancy === undefined ? renderTenancyAbsentSql(TENANCY_ABSENT_FIX) : [...renderTenancySql({ ...args, tenancy }), ...renderTenancyGuardSql({ ...args, tenancy })];
      return [...renderDropOwnedSql(POSTGRES_SUPERUSER), ...renderBackupRightsSql(schemas), ...confined];
    });
    return this.receipt("guard", pulumi.output(statements), [...this.prepared, ...(migration === undefined ? [] : [migration.done])], migration?.done.id);
  }

  private receipt(step: string, statements: pulumi.Output<DatabaseScript[]>, dependsOn: pulumi.Resource[], after?: pulumi.Output<string>): random.RandomId {
    // Keyed, as verifiers are among the statements.
    const digest = pulumi.unsecret(pulumi.all([statements, this.context.salt]).apply(([all, salt]) => createHash("sha256").update(salt).update(JSON.stringify(all)).digest("hex").slice(0, 12)));
    return new random.RandomId(
      `${this.name}-${step}`,
      { byteLength: 4, keepers: { statements: digest, ...(after === undefined ? {} : { after }) } },
      { parent: this, dependsOn, hooks: this.context.hooks.statements({ name: `${this.name}-${step}`, statements }) },
    );
  }

  private verifier(login: string, password: pulumi.Output<string>): pulumi.Output<string> {
    const salt = new random.RandomBytes(`${this.name}-${login}-salt`, { length: 16 }, { parent: this });
    return pulumi.all([password, salt.base64]).apply(([text, saltBase64]) => scramSha256Verifier({ password: text, saltBase64 }));
  }
}

const TENANCY_ABSENT_FIX = "put rampart:database.tenancy back, or see docs/tenancy.md on how to take it out";

/** The same statements for each database, by its schemas and what tenancy leaves out there. */
function scripts(config: LoadedConfig, render: (schemas: readonly string[], tenancy: Tenancy | undefined) => string[]): DatabaseScript[] {
  const { name, schema, schemas, databases, tenancy } = config.database;
  const further = Object.entries(databases).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    { database: name, statements: render([schema, ...schemas], tenancy) },
    ...further.map(([database, own]) => ({ database, statements: render(own.schemas, tenancy === undefined ? undefined : { ...tenancy, sharedTables: own.tenancy.sharedTables, exceptions: own.tenancy.exceptions }) })),
  ];
}

function settingsScripts({ database }: LoadedConfig, logins: Readonly<Record<string, pulumi.Output<string>>>): pulumi.Output<DatabaseScript[]> {
  const elevated = database.elevations.map((elevation) => ({ login: elevatedLogin(elevation), role: elevation.role }));
  return pulumi.all(logins).apply((names) => {
    const members = Object.entries(names).map(([role, login]) => ({ login, role }));
    return [{ database: database.name, statements: renderRoleSettingsSql({ superuser: POSTGRES_SUPERUSER, members: [...members, ...elevated] }) }];
  });
}

function elevationScripts(config: LoadedConfig, verifiers: Readonly<Record<string, string>>, passwords: Readonly<Record<string, string>>): DatabaseScript[] {
  const { name, elevations } = config.database;
  return [
    ...renderElevationEndSql(elevations).map((statements) => ({ database: name, statements })),
    ...databaseNames(config).map((database) => ({ database, statements: renderElevationOwnershipSql(elevations) })),
    { database: name, statements: renderElevationsSql({ database: name, superuser: POSTGRES_SUPERUSER, elevations, verifiers, passwords, roles: privilegesOf(config).roles }) },
  ];
}
