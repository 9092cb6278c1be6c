import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { databaseNames, type LoadedConfig } from "../config";
import { hooksSupported } from "../engine/hooks";
import {
  ELEVATION_WATCH,
  ELEVATION_WATCH_DATABASE,
  elevatedLogin,
  isOver,
  renderElevationEndSql,
  renderElevationOwnershipSql,
  renderElevationsSql,
} from "../hardening/postgres/elevation/elevations";
import { canonicalJson } from "../hardening/canonical-json";
import { POSTGRES_SUPERUSER } from "../hardening/postgres/roles/roles";
import { renderRoleSettingsSql } from "../hardening/postgres/roles/role-settings";
import { scramSha256Verifier } from "../hardening/postgres/roles/scram";
import { guardScripts, tenancyScripts, type DatabaseScript } from "../hardening/postgres/tenancy/policy-scripts";
import type { StackContext } from "../resources/context";
import { privilegesOf } from "../resources/database";
import { defined } from "../hardening/defined";

/**
 * What the database provider has no resource for, run through the engine as the superuser inside Postgres' own
 * container: settings of roles, the confinement of tenants and its guard, what keeps a role from undoing its default
 * privileges, and elevated logins. Each is a receipt whose creation runs the statements; one that fails leaves no
 * receipt, so the next `up` runs it again.
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
      /** The roles and logins. */
      readonly members: pulumi.Resource[];
      /** The roles and logins, and their privileges. */
      readonly dependsOn: pulumi.Resource[];
      /** What PostgreSQL stores of the roles' passwords, by role. */
      readonly roleVerifiers: Readonly<Record<string, pulumi.Output<string>>>;
    },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rampart:postgres:DatabasePolicy", name, {}, opts);
    const { config, secrets } = context;
    const { elevations } = config.database;
    const prepare = tenancyScripts(config.database, POSTGRES_SUPERUSER);
    const tenancy =
      prepare.length === 0 ? args.dependsOn : [this.receipt("tenancy", pulumi.output(prepare), args.dependsOn)];
    this.elevations = Object.fromEntries(
      elevations.map((elevation) => [
        elevatedLogin(elevation),
        secrets.password(`elevated-${elevation.who}`, { rotation: elevation.until }),
      ]),
    );
    const watch = elevations.length === 0 ? undefined : secrets.password("elevation-watch");
    const verifiers = pulumi.all(
      Object.fromEntries(
        Object.entries({ ...this.elevations, ...(watch === undefined ? {} : { [ELEVATION_WATCH]: watch }) }).map(
          ([login, password]) => [login, this.verifier(login, password)],
        ),
      ),
    );
    // With nobody elevated there is nothing to guard, and a rotation then changes nothing here.
    const passwords = pulumi.all(watch === undefined ? {} : args.roleVerifiers);
    const elevated = this.receipt(
      "elevations",
      pulumi.all([verifiers, passwords]).apply(([known, roles]) => elevationScripts(config, known, roles)),
      // The watch is granted what others are granted too, and two cannot change one row of the catalog at a time.
      watch === undefined ? args.members : args.dependsOn,
    );
    // After the elevated logins, which have their share; where nobody is elevated, side by side.
    const configured = [...args.members, ...(watch === undefined ? [] : [elevated])];
    const settings = this.receipt("settings", settingsScripts(config, args.logins), configured);
    this.prepared = [...tenancy, elevated, settings];
    this.warnOfEnds();
    if (watch !== undefined) this.watch = { password: watch, dependsOn: [elevated] };
    this.registerOutputs({});
  }

  /** An entry that is over stops no update; it is only never forgotten. */
  private warnOfEnds(): void {
    if (!hooksSupported()) return;
    const over = this.context.config.database.elevations.filter((elevation) => isOver(elevation, new Date()));
    for (const elevation of over) {
      void pulumi.log.warn(
        `database.elevations: ${elevatedLogin(elevation)} is over since ${elevation.until}: it gets in no more; ` +
          "remove the entry.",
        this,
      );
    }
  }

  /**
   * After the migration, before services: confines every table of a tenant's, and fails the update where something
   * leaks.
   */
  guard(migration: { readonly done: random.RandomId } | undefined): pulumi.Resource {
    return this.receipt(
      "guard",
      pulumi.output(guardScripts(this.context.config.database, POSTGRES_SUPERUSER)),
      [...this.prepared, ...(migration === undefined ? [] : [migration.done])],
      migration?.done.id,
    );
  }

  private receipt(
    step: string,
    statements: pulumi.Output<DatabaseScript[]>,
    dependsOn: pulumi.Resource[],
    after?: pulumi.Output<string>,
  ): random.RandomId {
    // Keyed, as verifiers are among the statements.
    const digest = pulumi.unsecret(
      pulumi
        .all([statements, this.context.salt])
        .apply(([all, salt]) =>
          createHash("sha256").update(salt).update(canonicalJson(all)).digest("hex").slice(0, 12),
        ),
    );
    return new random.RandomId(
      `${this.name}-${step}`,
      { byteLength: 4, keepers: { statements: digest, ...defined({ after }) } },
      { parent: this, dependsOn, hooks: this.context.hooks.statements({ name: `${this.name}-${step}`, statements }) },
    );
  }

  private verifier(login: string, password: pulumi.Output<string>): pulumi.Output<string> {
    const salt = new random.RandomBytes(`${this.name}-${login}-salt`, { length: 16 }, { parent: this });
    return pulumi
      .all([password, salt.base64])
      .apply(([text, saltBase64]) => scramSha256Verifier({ password: text, saltBase64 }));
  }
}

function settingsScripts(
  { database }: LoadedConfig,
  logins: Readonly<Record<string, pulumi.Output<string>>>,
): pulumi.Output<DatabaseScript[]> {
  const elevated = database.elevations.map((elevation) => ({ login: elevatedLogin(elevation), role: elevation.role }));
  return pulumi.all(logins).apply((names) => {
    const members = Object.entries(names).map(([role, login]) => ({ login, role }));
    return [
      {
        database: database.name,
        statements: renderRoleSettingsSql({ superuser: POSTGRES_SUPERUSER, members: [...members, ...elevated] }),
      },
    ];
  });
}

function elevationScripts(
  config: LoadedConfig,
  verifiers: Readonly<Record<string, string>>,
  passwords: Readonly<Record<string, string>>,
): DatabaseScript[] {
  const { elevations } = config.database;
  const server = ELEVATION_WATCH_DATABASE;
  return [
    ...renderElevationEndSql(elevations).map((statements) => ({ database: server, statements })),
    ...databaseNames(config).map((database) => ({ database, statements: renderElevationOwnershipSql(elevations) })),
    {
      database: server,
      statements: renderElevationsSql({
        database: server,
        superuser: POSTGRES_SUPERUSER,
        elevations,
        verifiers,
        passwords,
        roles: privilegesOf(config).roles,
      }),
    },
  ];
}
