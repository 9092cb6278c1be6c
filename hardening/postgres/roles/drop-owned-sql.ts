/**
 * `DROP OWNED BY` itself is every role's right, even of one that may only read. It would take the role out of the
 * default privileges, so that what later migrations make is not covered for it. Only an event trigger can refuse it.
 */
import { fileStatement } from "../../files";
import { identifier, quoted } from "../server/identifiers";
import { TENANCY_SCHEMA } from "../tenancy/tenancy";

const FUNCTION = `${TENANCY_SCHEMA}.refuse_drop_owned()`;
export const DROP_OWNED_TRIGGER = "rampart_drop_owned";

/** Statements for the superuser, for each database. Applying them again changes nothing. */
export function renderDropOwnedSql(superuser: string): string[] {
  const owner = quoted(identifier("superuser", superuser));
  return [
    "SET LOCAL client_min_messages = warning",
    `CREATE SCHEMA IF NOT EXISTS ${TENANCY_SCHEMA}`,
    `ALTER SCHEMA ${TENANCY_SCHEMA} OWNER TO ${owner}`,
    `REVOKE ALL ON SCHEMA ${TENANCY_SCHEMA} FROM PUBLIC`,
    fileStatement(__dirname, "refuse-drop-owned.sql"),
    `ALTER FUNCTION ${FUNCTION} OWNER TO ${owner}`,
    `REVOKE ALL ON FUNCTION ${FUNCTION} FROM PUBLIC`,
    `DROP EVENT TRIGGER IF EXISTS ${DROP_OWNED_TRIGGER}`,
    `CREATE EVENT TRIGGER ${DROP_OWNED_TRIGGER} ON ddl_command_start WHEN TAG IN ('DROP OWNED') ` +
      `EXECUTE FUNCTION ${FUNCTION}`,
    `ALTER EVENT TRIGGER ${DROP_OWNED_TRIGGER} ENABLE ALWAYS`,
  ];
}
