import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { dataUsers, serviceRole } from "../config";
import { renderPasswordAnnouncedSql } from "../hardening/postgres/elevation/elevation-guard";
import {
  changedRow,
  type DatabasePrivileges,
  type DefaultPrivilegesSpec,
  type GrantSpec,
} from "../hardening/postgres/roles/privileges";
import {
  loginSpec,
  ofEachRole,
  POSTGRES_SUPERUSER,
  SERVICE_ROLES,
  type DatabaseRole,
  type RoleSpec,
  type ServiceRole,
} from "../hardening/postgres/roles/roles";
import { loginName, rotationId, rotationKey } from "../hardening/postgres/roles/rotation";
import { scramSha256Verifier } from "../hardening/postgres/roles/scram";
import type { SecretSource, StackContext } from "../resources/context";
import { privilegesOf } from "../resources/database";
import type { Authority } from "./authority";
import { defined, listed } from "../hardening/defined";

/** Eight connections are reserved for the superuser: half for the provider, the rest for an operator. */
const PROVIDER_CONNECTIONS = 4;
const SALT_BYTES = 16;
/** The names of the roles' passwords among the stack's secrets. */
const PASSWORD_KEYS: Readonly<Record<DatabaseRole, string>> = {
  migrator: "migrator",
  app_rw: "app-rw",
  app_ro: "app-ro",
  backup: "database-backup",
  monitor: "database-monitor",
};

export interface DatabaseRolesArgs {
  /** Where the provider finds Postgres from here. */
  readonly host: string;
  readonly port: number;
  readonly superuserPassword: pulumi.Output<string>;
  readonly secrets: SecretSource;
  /** The stack's authority: the provider verifies the server as every client does. */
  readonly authority: Authority;
  /** A server that answers, and the way to it. */
  readonly dependsOn: pulumi.Input<pulumi.Resource>[];
  /** The volume whose deletion takes the roles with it. */
  readonly deletedWith: pulumi.Resource;
}

/** What a service logs in as. */
export interface DatabaseLogin {
  /** The login's name in PostgreSQL. */
  readonly name: pulumi.Output<string>;
  readonly password: pulumi.Output<string>;
  /** Who uses the login depends on this: so it is dropped only after them. */
  readonly resource: pulumi.Resource;
}

/**
 * The databases beside the first, the roles, the schemas and the privileges,
 * as hardening/postgres/roles/privileges.ts lists them.
 */
export class DatabaseRoles extends pulumi.ComponentResource {
  /** The roles, and what services log in as. */
  readonly members: pulumi.Resource[];
  /** What has to exist before anything may log in: the members and all privileges. */
  readonly ready: pulumi.Resource[];
  readonly passwords: Readonly<Record<DatabaseRole, pulumi.Output<string>>>;
  /** What PostgreSQL stores of them, by role. */
  readonly verifiers: Readonly<Record<string, pulumi.Output<string>>>;
  /** What services log in as until the next rotation, by the role that they become; for roles that a service uses. */
  readonly logins: Readonly<Partial<Record<ServiceRole, DatabaseLogin>>>;
  private readonly options: pulumi.CustomResourceOptions;

  constructor(
    private readonly name: string,
    private readonly context: StackContext,
    private readonly args: DatabaseRolesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rampart:postgres:DatabaseRoles", name, {}, opts);
    const { config } = context;
    const provider = new postgresql.Provider(
      `${name}-provider`,
      {
        host: args.host,
        port: args.port,
        username: POSTGRES_SUPERUSER,
        password: args.superuserPassword,
        ...verifyFull(args.authority),
        superuser: true,
        connectTimeout: 15,
        maxConnections: PROVIDER_CONNECTIONS,
      },
      { parent: this, deletedWith: args.deletedWith },
    );
    this.options = { parent: this, provider, dependsOn: args.dependsOn, deletedWith: args.deletedWith };
    const model = privilegesOf(config);
    this.passwords = ofEachRole((role) => this.password(PASSWORD_KEYS[role], role));
    this.verifiers = Object.fromEntries(
      model.roles.map(({ name: role }) => [
        role,
        this.verifier(`${name}-${role}`, this.passwords[role as DatabaseRole]),
      ]),
    );
    const roles = new Map(model.roles.map((role) => [role.name, this.createRole(role)]));
    const used = new Set(Object.values(dataUsers(config)).map(serviceRole));
    this.logins = Object.fromEntries(
      model.roles.flatMap((role) => {
        const own = SERVICE_ROLES.find((one) => one === role.name && used.has(one));
        const resource = roles.get(role.name);
        return own === undefined || resource === undefined ? [] : [[own, this.createLogin(own, role, resource)]];
      }),
    );
    this.members = [...roles.values(), ...Object.values(this.logins).map(({ resource }) => resource)];
    this.ready = [...this.members, ...this.createPrivileges(model, roles)];
    this.registerOutputs({});
  }

  private rotation(role: DatabaseRole): string | undefined {
    const { everything, roles } = this.context.config.rotation;
    return rotationKey({ everything, one: roles[role] });
  }

  private password(key: string, role: DatabaseRole): pulumi.Output<string> {
    return this.args.secrets.password(key, defined({ rotation: this.rotation(role) }));
  }

  private createRole(role: RoleSpec): postgresql.Role {
    const name = `${this.name}-${role.name}`;
    const verifier = this.verifiers[role.name] ?? "";
    // Who watches elevations has to know that this change is the stack's own.
    const announced = pulumi
      .output(verifier)
      .apply((known) => [
        { database: this.context.config.database.name, statements: renderPasswordAnnouncedSql(known) },
      ]);
    return new postgresql.Role(
      name,
      { ...roleArgs(role), password: verifier },
      this.owned({ ...this.options, hooks: this.context.hooks.guardedRole({ name, statements: announced }) }),
    );
  }

  /**
   * The login of one rotation, under a logical name of its own: the next rotation's is made beside it, services move,
   * and only then, as the old containers depend on it, is this one dropped.
   * It owns nothing, so dropping it loses nothing.
   */
  private createLogin(own: ServiceRole, role: RoleSpec, member: postgresql.Role): DatabaseLogin {
    const key = this.rotation(own);
    const suffix = `login-${rotationId(key)}`;
    const name = `${this.name}-${own}-${suffix}`;
    const password = this.args.secrets.password(`${own.replace("_", "-")}-${suffix}`);
    // A keyed digest of a key that is no secret: every log shows the name.
    const login = pulumi.unsecret(this.context.salt.apply((salt) => loginName(own, key, salt)));
    const resource = new postgresql.Role(
      name,
      {
        ...roleArgs(loginSpec(role, own)),
        name: login,
        password: this.verifier(name, password),
        // It owns nothing, and the provider would look for it in only one database.
        skipReassignOwned: true,
      },
      // Another salt is another name: then, too, the old login has to outlive those who use it.
      {
        ...this.options,
        dependsOn: [...this.args.dependsOn, member],
        replaceOnChanges: ["name"],
        hooks: this.context.hooks.role,
      },
    );
    // Not the resource's own output: the files that name the login can be written before the database is there.
    return { name: login, password, resource };
  }

  /**
   * A role, a database, a schema and an extension own data: they are forgotten when the stack is destroyed, never
   * dropped. Whether the data goes is the volume's to say.
   */
  private owned(options: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
    return { ...options, retainOnDelete: true };
  }

  /**
   * What PostgreSQL stores of a password. Given in clear it would stand in the server's log beside CREATE ROLE; and
   * only so can a refresh tell that somebody changed it.
   */
  private verifier(name: string, secret: pulumi.Output<string>): pulumi.Output<string> {
    const salt = new random.RandomBytes(`${name}-salt`, { length: SALT_BYTES }, { parent: this });
    return pulumi
      .all([secret, salt.base64])
      .apply(([password, saltBase64]) => scramSha256Verifier({ password, saltBase64 }));
  }

  /** The databases, schemas and extensions, and what is granted on them. */
  private createPrivileges(model: DatabasePrivileges, roles: ReadonlyMap<string, postgresql.Role>): pulumi.Resource[] {
    const objects = this.createObjects(model, roles);
    const databases = objects.filter((object) => object instanceof postgresql.Database);
    const rows = model.grants.map(changedRow);
    /** What was made last of those that change a row of the catalog. */
    const newest = new Map<string, pulumi.Resource>();
    const inTurn = <T extends pulumi.Resource>(
      spec: GrantSpec | DefaultPrivilegesSpec,
      create: (options: pulumi.CustomResourceOptions) => T,
    ): T => {
      const row = changedRow(spec);
      // What nothing follows has time: Pulumi makes a few resources at once, and most wait for the roles.
      const hurries = row !== undefined && rows.filter((other) => other === row).length > 1;
      const named = [spec.role, ...("owner" in spec ? [spec.owner] : [])];
      const dependsOn = [
        ...this.args.dependsOn,
        ...[...roles].flatMap(([name, role]) => (!hurries || named.includes(name) ? [role] : [])),
        // In template1 nobody may work while a database is made.
        ...(isOnOwnObject(model, spec) ? objects : databases).slice(-1),
        ...(row === undefined ? [] : listed(newest.get(row))),
      ];
      const created = create({ ...this.options, dependsOn });
      if (row !== undefined) newest.set(row, created);
      return created;
    };
    const grants = model.grants.map((grant) => inTurn(grant, (options) => this.createGrant(grant, options)));
    const rules = model.defaultPrivileges.map((rule) => inTurn(rule, (options) => this.createRule(rule, options)));
    return [...objects, ...grants, ...rules];
  }

  /**
   * One after the other: a database is a copy of template1, in which nobody may work meanwhile,
   * and extensions need one another. A schema needs its owner only, and most of what follows needs the schema.
   */
  private createObjects(model: DatabasePrivileges, roles: ReadonlyMap<string, postgresql.Role>): pulumi.Resource[] {
    const created: pulumi.Resource[] = [];
    const all = [...roles.values()];
    const owned = (needed = all): pulumi.CustomResourceOptions =>
      this.owned({ ...this.options, dependsOn: [...needed, ...created.slice(-1)] });
    for (const { id, name, owner } of model.databases) {
      const options = { ...owned(), hooks: this.context.hooks.role };
      created.push(new postgresql.Database(`${this.name}-${id}`, { name, owner }, options));
    }
    for (const { id, name, database, owner } of model.schemas) {
      const options = owned(listed(roles.get(owner)));
      created.push(new postgresql.Schema(`${this.name}-${id}`, { name, database, owner }, options));
    }
    for (const { id, name, database, schema } of model.extensions)
      created.push(new postgresql.Extension(`${this.name}-${id}`, { name, database, schema }, owned()));
    return created;
  }

  private createGrant(grant: GrantSpec, options: pulumi.CustomResourceOptions): postgresql.Grant {
    const { role, database, objectType, privileges, schema, objects } = grant;
    return new postgresql.Grant(
      `${this.name}-${grant.id}`,
      {
        role,
        database,
        objectType,
        privileges: [...privileges],
        ...defined({ schema, objects: objects && [...objects] }),
      },
      options,
    );
  }

  private createRule(rule: DefaultPrivilegesSpec, options: pulumi.CustomResourceOptions): postgresql.DefaultPrivileges {
    const { role, owner, database, objectType, privileges, schema } = rule;
    return new postgresql.DefaultPrivileges(
      `${this.name}-default-${rule.id}`,
      { role, owner, database, objectType, privileges: [...privileges], ...defined({ schema }) },
      options,
    );
  }
}

/** Whether a privilege is on a schema that the stack makes; databases and schema public are there from the start. */
const isOnOwnObject = (model: DatabasePrivileges, { database, schema }: GrantSpec | DefaultPrivilegesSpec): boolean =>
  model.schemas.some((own) => own.database === database && own.name === schema);

/** The provider takes the authority inline only beside a client certificate, which the server never asks for. */
function verifyFull(authority: Authority): Pick<postgresql.ProviderArgs, "sslmode" | "sslrootcert" | "clientcert"> {
  const client = authority.client("provider");
  return {
    sslmode: "verify-full",
    sslrootcert: authority.certificate,
    clientcert: { cert: client.certificate, key: client.privateKey, sslinline: true },
  };
}

function roleArgs(role: RoleSpec): postgresql.RoleArgs {
  return {
    name: role.name,
    login: role.login,
    superuser: role.superuser,
    createDatabase: role.createDatabase,
    createRole: role.createRole,
    replication: role.replication,
    bypassRowLevelSecurity: role.bypassRowLevelSecurity,
    inherit: role.inherit,
    connectionLimit: role.connectionLimit,
    statementTimeout: role.statementTimeoutMs,
    idleInTransactionSessionTimeout: role.idleInTransactionSessionTimeoutMs,
    searchPaths: [...role.searchPaths],
    roles: [...role.roles],
    ...defined({ assumeRole: role.assumeRole }),
  };
}
