/**
 * SCRAM-SHA-256 verifiers, computed on this side of the connection.
 *
 * `postgresql.Role` sends its password inside `CREATE ROLE … PASSWORD '…'`. In clear it would stand in the server's log
 * as soon as `log_statement = ddl` is on or the statement fails, and the provider, seeing a hash in `pg_authid`, could
 * only trust its own state. Given the verifier, the log holds nothing that logs in, and refresh compares it with
 * `pg_authid` byte for byte: a password that was changed behind Pulumi's back is a diff.
 */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { alphanumericPassword } from "../../values";

/** PostgreSQL's own default (`scram_iterations`). */
const ITERATIONS = 4096;
const SALT_BYTES = 16;

/** Whether a text has a verifier's form. */
export const isScramVerifier = (text: string): boolean =>
  /^SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/.test(text);

export interface ScramVerifierArgs {
  /** Alphanumeric, so that SASLprep leaves it as it is. */
  readonly password: string;
  /** 16 random bytes in base64, kept with the password: another salt is another verifier, and a diff. */
  readonly saltBase64: string;
}

/**
 * The text that `pg_authid.rolpassword` holds. Source: PostgreSQL, src/common/scram-common.c, RFC 5802 and RFC 7677.
 */
export function scramSha256Verifier({ password, saltBase64 }: ScramVerifierArgs): string {
  const salt = Buffer.from(saltBase64, "base64");
  if (salt.length !== SALT_BYTES || salt.toString("base64") !== saltBase64) {
    throw new Error(`saltBase64: has to be ${SALT_BYTES} bytes in base64`);
  }
  const salted = pbkdf2Sync(alphanumericPassword("password", password), salt, ITERATIONS, 32, "sha256");
  const hmac = (text: string): Buffer => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${saltBase64}$${storedKey}:${hmac("Server Key").toString("base64")}`;
}
