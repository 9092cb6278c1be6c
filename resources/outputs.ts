/** What a stack's program exports of its parts. */
import type * as pulumi from "@pulumi/pulumi";
import type { DatabaseRole, ServiceRole } from "../hardening/postgres/roles/roles";
import type { DatabaseAccess } from "./on-engine";

/** How an operator connects to the database; the passwords are secret outputs. */
export interface DatabaseOutputs {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly schema: string;
  /** All databases of the stack, the first of them `name`. */
  readonly databases: readonly string[];
  /** Where the provider reaches Postgres: `direct` or `forwarder`. */
  readonly access: DatabaseAccess;
  readonly superuser: string;
  readonly superuserPassword: pulumi.Output<string>;
  /** The certificate of the stack's authority in PEM, for sslmode=verify-full. */
  readonly ca: pulumi.Output<string>;
  /** When the server's certificate ends; `pulumi up` renews it long before. */
  readonly certificateEnd: string;
  /** When the authority ends, which `pulumi up` does not renew. */
  readonly authorityEnd: string;
  readonly passwords: Readonly<Record<DatabaseRole, pulumi.Output<string>>>;
  /** Passwords of elevated logins, by login. Absent where nobody is elevated. */
  readonly elevations?: Readonly<Record<string, pulumi.Output<string>>>;
  /** What services log in as until the next rotation, by the role that they become. */
  readonly logins: Readonly<Partial<Record<ServiceRole, pulumi.Output<string>>>>;
}

/** Where the backups are, and what opens them: keep the password where the state is not. */
export interface BackupOutputs {
  readonly repository: string;
  readonly password: pulumi.Output<string>;
}
