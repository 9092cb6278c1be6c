import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { DATABASE_ROLES, databasePrivileges, type DatabasePrivileges, type DatabaseRole } from "../hardening/database/privileges";
import { scramSha256Verifier } from "../hardening/database/scram";
import type { Authority } from "./authority";
import type { StackContext } from "./context";
import { POSTGRES_SUPERUSER } from "./postgres";
import type { Secrets } from "./secrets";

/** Eight connections are reserved for the superuser: half for the provider, the rest for an operator. */
const PROVIDER_CONNECTIONS = 4;
const SALT_BYTES = 16;

export interface DatabaseRolesArgs {
  /** Where the provider finds Postgres from here. */
  readonly host: string;
  readonly port: number;
  readonly superuserPassword: pulumi.Output<string>;
  readonly secrets: Secrets;
  /** The stack's authority: the provider verifies the server as every client does. */
  readonly authority: Authority;
  /** A server that answers, and the way to it. */
  readonly dependsOn: pulumi.Resource[];
  /** The volume whose deletion takes the roles with it. */
  readonly deletedWith: pulumi.Resource;
}

/** The roles, their schema and their privileges, as hardening/database/privileges.ts lists them. */
export class DatabaseRoles extends pulumi.ComponentResource {
  /** What has to exist before anything may log in. */
  readonly ready: pulumi.Resource[];
  readonly passwords: Readonly<Record<DatabaseRole, pulumi.Output<string>>>;
  private readonly options: pulumi.CustomResourceOptions;

  constructor(
    private readonly name: string,
    context: StackContext,
    args: DatabaseRolesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rampart:postgres:DatabaseRoles", name, {}, opts);
    const { database } = context.config;
    const provider = new postgresql.Provider(
      `${name}-provider`,
      { host: args.host, port: args.port, username: POSTGRES_SUPERUSER, password: args.superuserPassword, ...verifyFull(args.authority), superuser: true, connectTimeout: 15, maxConnections: PROVIDER_CONNECTIONS },
      { parent: this, deletedWith: args.deletedWith },
    );
    this.options = { parent: this, provider, dependsOn: args.dependsOn, deletedWith: args.deletedWith };
    const model = databasePrivileges({
      database: database.name,
      schema: database.schema,
      superuser: POSTGRES_SUPERUSER,
      limits: Object.fromEntries(
        DATABASE_ROLES.map((role) => [
          role,
          {
            connectionLimit: database.connectionLimits[role],
            ...(role === "app_rw" ? { statementTimeoutMs: database.statementTimeoutMs, idleInTransactionSessionTimeoutMs: database.idleInTransactionTimeoutMs } : {}),
          },
        ]),
      ),
    });
    this.passwords = {
      migrator: args.secrets.password("migrator"),
      app_rw: args.secrets.password("app-rw"),
      app_ro: args.secrets.password("app-ro"),
    };
    const roles = this.createRoles(model, context);
    this.ready = this.createPrivileges(model, roles);
    this.registerOutputs({});
  }

  private createRoles(model: DatabasePrivileges, context: StackContext): postgresql.Role[] {
    return model.roles.map(
      (role) =>
        new postgresql.Role(
          `${this.name}-${role.name}`,
          {
            name: role.name,
            login: role.login,
            password: this.verifier(role.name as DatabaseRole),
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
          },
          { ...this.owned(this.options), hooks: context.hooks.role },
        ),
    );
  }

  /**
   * A role and a schema own data: they are forgotten when the stack is destroyed, never dropped. Whether the data goes is
   * the volume's to say.
   */
  private owned(options: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
    return { ...options, retainOnDelete: true };
  }

  /**
   * What PostgreSQL stores of a password. Given in clear it would stand in the server's log beside CREATE ROLE; and only
   * so can a refresh tell that somebody changed it.
   */
  private verifier(role: DatabaseRole): pulumi.Output<string> {
    const salt = new random.RandomBytes(`${this.name}-${role}-salt`, { length: SALT_BYTES }, { parent: this });
    return pulumi.all([this.passwords[role], salt.base64]).apply(([password, saltBase64]) => scramSha256Verifier({ password, saltBase64 }));
  }

  /** One after the other: grants of one database that run side by side fail with "tuple concurrently updated". */
  private createPrivileges(model: DatabasePrivileges, roles: postgresql.Role[]): pulumi.Resource[] {
    const created: pulumi.Resource[] = [...roles];
    const options = (): pulumi.CustomResourceOptions => ({ ...this.options, dependsOn: [...roles, ...created.slice(-1)] });
    for (const schema of model.schemas) {
      created.push(new postgresql.Schema(`${this.name}-${schema.id}`, { name: schema.name, database: schema.database, owner: schema.owner }, this.owned(options())));
    }
    for (const grant of model.grants) {
      created.push(
        new postgresql.Grant(
          `${this.name}-${grant.id}`,
          {
            role: grant.role,
            database: grant.database,
            objectType: grant.objectType,
            privileges: [...grant.privileges],
            ...(grant.schema === undefined ? {} : { schema: grant.schema }),
            ...(grant.objects === undefined ? {} : { objects: [...grant.objects] }),
          },
          options(),
        ),
      );
    }
    for (const rule of model.defaultPrivileges) {
      created.push(
        new postgresql.DefaultPrivileges(
          `${this.name}-default-${rule.id}`,
          {
            role: rule.role,
            owner: rule.owner,
            database: rule.database,
            objectType: rule.objectType,
            privileges: [...rule.privileges],
            ...(rule.schema === undefined ? {} : { schema: rule.schema }),
          },
          options(),
        ),
      );
    }
    return created;
  }
}

/** The provider takes the authority inline only beside a client certificate, which the server never asks for. */
function verifyFull(authority: Authority): Pick<postgresql.ProviderArgs, "sslmode" | "sslrootcert" | "clientcert"> {
  const client = authority.client("provider");
  return { sslmode: "verify-full", sslrootcert: authority.certificate, clientcert: { cert: client.certificate, key: client.privateKey, sslinline: true } };
}
