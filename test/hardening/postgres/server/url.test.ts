import { postgresUrl } from "../../../../hardening/postgres/server/url";

const POSTGRES = { host: "postgres", database: "app", role: "app_rw", password: "Secret1" } as const;

test("a URL for Postgres holds role, password, host, port, database and the application's name", () => {
  expect(postgresUrl({ ...POSTGRES, applicationName: "api" })).toBe(
    "postgresql://app_rw:Secret1@postgres:5432/app?application_name=api&sslmode=disable",
  );
});

test("a URL for Postgres with verify-full names the certificate of the CA", () => {
  expect(postgresUrl({ ...POSTGRES, port: 5433, sslMode: "verify-full", sslRootCert: "/run/secrets/ca.pem" })).toBe(
    "postgresql://app_rw:Secret1@postgres:5433/app?sslmode=verify-full&sslrootcert=%2Frun%2Fsecrets%2Fca.pem",
  );
});

test("every part of a URL for Postgres survives a URL parser", () => {
  const url = new URL(postgresUrl(POSTGRES));
  expect([url.username, url.password, url.hostname, url.port, url.pathname]).toEqual([
    "app_rw",
    "Secret1",
    "postgres",
    "5432",
    "/app",
  ]);
});

test.each([
  [{ ...POSTGRES, sslMode: "verify-full" as const }, "sslRootCert: none given"],
  [{ ...POSTGRES, host: "postgres/x" }, 'host: "postgres/x" is not a host name'],
  [{ ...POSTGRES, port: 70_000 }, "port: 70000 is not a port"],
  [{ ...POSTGRES, role: "App" }, 'role: "App" cannot be a name'],
])("a URL for Postgres is refused for %j", (args, message) => {
  expect(() => postgresUrl(args)).toThrow(message);
});

test("a URL for Postgres is refused for a password that would need escaping, without showing it", () => {
  const build = (): string => postgresUrl({ ...POSTGRES, password: "p@ss" });
  expect(build).toThrow("password: a password has to be 1 to 99 letters and digits");
  expect(build).not.toThrow("p@ss");
});
