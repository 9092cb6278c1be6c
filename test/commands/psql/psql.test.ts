import { hostname } from "node:os";
import { accessOf, passwordOf } from "../../../commands/psql/access";
import { passwordLine } from "../../../hardening/postgres/session/client-session";
import { OPTIONS, psqlOptions, type PsqlOptions } from "../../../commands/psql/options";
import { isOrphan, sshCommand, tunnelText } from "../../../commands/psql/tunnel";
import { parse } from "../../../commands/shared/options";

const OUTPUTS = {
  networks: { internal: "shop-internal" },
  database: { name: "app", superuser: "postgres", passwords: { app_ro: "ReadersOwnPassword", app_rw: "x" } },
};
const refusal = (run: () => unknown): string => {
  try {
    return JSON.stringify(run());
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
const rest = { value: "<arguments of psql>", summary: "" };
const read = (...args: string[]): PsqlOptions =>
  psqlOptions(parse({ name: "psql", stack: "required", options: OPTIONS, rest }, args));
const refused = (...args: string[]): string => refusal(() => read(...args));

test("the role is the one that only reads unless another is named; what follows -- is psql's", () => {
  expect(read("prod")).toEqual({ stack: "prod", role: "app_ro", args: [] });
  expect(read("prod", "--role", "elevated_anna", "--database", "analytics", "--", "-c", "select 1")).toEqual({
    stack: "prod",
    role: "elevated_anna",
    database: "analytics",
    args: ["-c", "select 1"],
  });
  expect(read("prod", "-r", "app_rw", "-d", "analytics")).toMatchObject({ role: "app_rw", database: "analytics" });
  expect(read("prod", "--tunnel", "15433")).toMatchObject({ tunnel: 15433 });
  expect(read("prod", "--config-file", "x.yaml")).toEqual({ stack: "prod", role: "app_ro", args: [] });
});

test("rampart psql refuses wrong command lines", () => {
  expect(refused()).toBe("<stack>: given nothing; allowed: the name of one stack");
  expect(refused("prod", "--role", "a b")).toBe(
    "--role: given 'a b'; allowed: migrator, app_rw, app_ro, backup, monitor, elevated_<who> or superuser",
  );
  expect(refused("prod", "--database", "a b")).toBe("--database: given 'a b'; allowed: a database's name");
  expect(refused("prod", "--tunnel", "80")).toBe("--tunnel: given '80'; allowed: a port from 1024 to 65535");
  expect(refused("prod", "--tunnel", "0x5000")).toMatch(/^--tunnel: given/);
  expect(refused("prod", "--role", "superuser", "--tunnel", "5433")).toBe(
    "--role: given 'superuser'; allowed: with --tunnel any role but the superuser, whom pg_hba.conf refuses there",
  );
  expect(refused("prod", "--tunnel", "5433", "--", "-c", "x")).toBe(
    "--tunnel starts no psql, so nothing may follow `--`",
  );
});

test("a role that the stack has not got is named beside those that it has, and no password is shown", () => {
  const access = accessOf("prod", {
    ...OUTPUTS,
    database: { ...OUTPUTS.database, elevations: { elevated_anna: "y" } },
  });
  expect(passwordOf(access, "elevated_anna")).toBe("y");
  const text = refusal(() => passwordOf(access, "migrator"));
  expect(text).toMatch(/^--role: given 'migrator'; this stack has app_ro, app_rw, elevated_anna, superuser\./);
  expect(text).not.toContain("ReadersOwnPassword");
  expect(refusal(() => accessOf("prod", { networks: {} }))).toMatch(/^Stack prod has no database/);
});

test("a password file escapes what separates its fields", () =>
  expect(passwordLine("a", "b:c\\d")).toBe("*:*:*:a:b\\:c\\\\d\n"));

test("a tunnel tells how to connect, with the CA where there is one, and without the password", () => {
  const options = { stack: "prod", role: "app_ro", args: [], tunnel: 5433 };
  const plain = tunnelText(accessOf("prod", OUTPUTS), options, "unix:///var/run/docker.sock");
  expect(plain).toContain("postgresql://app_ro@127.0.0.1:5433/app?sslmode=disable\n");
  expect(plain).not.toContain("ssh");
  const tls = tunnelText({ ...accessOf("prod", OUTPUTS), ca: "PEM" }, options, "ssh://ops@db.example.com:2222");
  expect(tls).toContain("sslmode=verify-full&sslrootcert=ca.pem");
  expect(tls).toContain("ssh -N -L 5433:127.0.0.1:5433 -p 2222 ops@db.example.com\n");
  expect(plain + tls).not.toContain("ReadersOwnPassword");
  expect(sshCommand("ssh://db.example.com", 5433)).toBe("ssh -N -L 5433:127.0.0.1:5433 db.example.com");
});

test("only what a dead process of this machine left is an orphan", () => {
  expect(isOrphan(`${hostname()}:12`, () => false)).toBe(true);
  expect(isOrphan(`${hostname()}:12`, () => true)).toBe(false);
  expect(isOrphan("elsewhere:12", () => false)).toBe(false);
  expect(isOrphan("", () => false)).toBe(false);
});
