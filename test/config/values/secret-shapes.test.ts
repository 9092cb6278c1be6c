import { createHash } from "node:crypto";
import { secretValueCheck } from "../../../config/values/program";
import {
  hasCredentials,
  hasUrlCredentials,
  isSecretName,
  looksLikePlaceholder,
} from "../../../config/values/secret-shapes";
import { faultsOf, GOOD_SECRET, pathsOf } from "../support";

test.each([
  "JWT_SECRET",
  "SECRET_KEY",
  "SECRET",
  "DATABASE_URL",
  "DB_URL",
  "REDIS_URL",
  "MONGODB_URI",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "STRIPE_API_KEY",
  "API_KEY",
  "OPENAI_KEY",
  "DB_PASSWORD",
  "PGPASSWORD",
  "DB_PASS",
  "MYSQL_PWD",
  "SMTP_PASS",
  "GITHUB_TOKEN",
  "GITHUB_PAT",
  "PRIVATE_KEY",
  "SECRET_KEY_BASE",
  "RAILS_MASTER_KEY",
  "APP_KEY",
  "SESSION_SECRET",
  "CLIENT_SECRET",
  "ENCRYPTION_KEY",
  "GOOGLE_CREDENTIALS",
  "JWT",
  "CELERY_BROKER_URL",
  "POSTGRES_PASSWORD",
  "PASSPHRASE",
])("the variable %s holds a secret wherever it stands", (name) => {
  expect(isSecretName(name)).toBe(true);
  const faults = faultsOf({ [`services.api.environment.${name}`]: "hunter2hunter2" });
  expect(pathsOf(faults)).toContain(`services.api.environment.${name}`);
  expect(JSON.stringify(faults)).not.toContain("hunter2");
});

test.each([
  "ACCESS_TOKEN_EXPIRE_MINUTES",
  "JWT_ALGORITHM",
  "JWT_EXPIRES_IN",
  "PASSWORD_MIN_LENGTH",
  "TOKEN_URL",
  "WEBHOOK_SECRET_FILE",
  "PUBLIC_KEY",
  "STRIPE_PUBLISHABLE_KEY",
  "RECAPTCHA_SITE_KEY",
  "CACHE_KEY",
  "PORT",
  "API_URL",
  "KEYCLOAK_REALM",
  "BYPASS",
  "COMPASS",
  "SECRET_ROTATION_DAYS",
  "PATH",
  "PATTERN",
])("the variable %s holds no secret", (name) => {
  expect(isSecretName(name)).toBe(false);
  expect(faultsOf({ [`services.api.environment.${name}`]: "15" })).toEqual([]);
});

test.each([
  "postgres://app:hunter2@db:5432/app",
  "amqp://:hunter2@mq",
  "https://ci:hunter2@git.example/x",
  "redis://u:hun/ter2@r",
  "host=db user=app password=hunter2",
  "-----BEGIN RSA PRIVATE KEY-----\nhunter2",
  "AKIAIOSFODNN7EXAMPLE",
  `ghp_${"a1B2".repeat(9)}`,
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.hunter2",
  "sk_live_hunter2hunter2hunter2",
  "Authorization: Bearer hunter2",
])("the value %j carries a credential, under any name", (value) => {
  expect(hasCredentials(value)).toBe(true);
  const faults = faultsOf({
    "services.api.environment.MODE": value,
    "services.api.command": ["serve", value],
    "services.api.image": value,
    "services.worker.port": value,
    database: value,
  });
  expect(pathsOf(faults)).toEqual([
    "database",
    "services.api.command[1]",
    "services.api.environment.MODE",
    "services.api.image",
    "services.worker.port",
  ]);
  expect(JSON.stringify(faults)).not.toMatch(/hunter2|hun\/ter2|AKIA|ghp_/);
});

test.each([
  "http://api:3000/users@home",
  "https://a.example:8443/x@y",
  "http://a.example",
  "postgres://db:5432/app",
  "a:b@c",
  "https://a.example/?q=a:b@c",
])("the value %j carries no credential", (value) => {
  expect(hasUrlCredentials(value)).toBe(false);
});

test("a secret on a command line is found", () => {
  expect(
    pathsOf(
      faultsOf({
        "services.api.command": ["serve", "--jwt-secret=hunter2hunter2"],
        "services.api.entrypoint": ["sh", "-c", "serve --password hunter2"],
      }),
    ),
  ).toEqual(["services.api.command[1]", "services.api.entrypoint[2]"]);
  expect(
    faultsOf({ "services.api.command": ["serve", "--token-expiry=15", "--password-file=/run/secrets/db"] }),
  ).toEqual([]);
});

test.each([
  "hunter2hunter2hunter2hunter2hunter2",
  { value: "hunter2" },
  { generated: 8 },
  { generated: "48" },
  { config: "a:b" },
  { config: "" },
  null,
  7,
  ["generated"],
  { generated: 48, config: "jwtSecret" },
])("the secret %j is refused for its form", (spec) => {
  const faults = faultsOf({ "services.api.secrets.JWT_SECRET": spec, jwtSecret: undefined });
  expect(faults).not.toEqual([]);
  expect(pathsOf(faults).every((path) => path.startsWith("services.api.secrets.JWT_SECRET"))).toBe(true);
  expect(JSON.stringify(faults)).not.toContain("hunter2");
});

test("a generated signing secret is no shorter than one from the configuration", () => {
  expect(faultsOf({ "services.api.secrets.SESSION_SECRET": { generated: 31 } })).toMatchObject([
    { given: "31 characters", allowed: "at least 32 characters" },
  ]);
  expect(faultsOf({ "services.api.secrets.SESSION_SECRET": { generated: 32 } })).toEqual([]);
});

test.each([
  "changeme",
  "changemechangemechangemechangeme",
  "change-this-secret-before-production!!",
  "your-secret-key-here-your-secret-key",
  "your-256-bit-secret-0000000000000000",
  "PLACEHOLDER__SET_IN_SECRET_STORE",
  "UNKNOWN__FILL_ME_0000000000000000000",
  "ASSUMPTION__REVIEW_aaaaaaaaaaaaaaaaa",
  "a".repeat(64),
  "abababababababababababababababababab",
  "hunter2hunter2hunter2hunter2hunter2",
  "aaaabbbbccccddddeeeeffffgggg1111",
  "0123456789abcdef0123456789abcdef",
  "abcdefghijklmnopqrstuvwxyz012345",
  "supersecretjwtkeythatnobodyknows",
  "this-is-a-very-long-secret-key-for-jwt",
  "my_super_secret_jwt_signing_key_here",
  "django-insecure-9x7k2m4p8q1w3e5r6t0y",
  "replace-with-a-random-string-please!",
  "<your secret of at least 32 characters>",
  "${JWT_SECRET_FROM_THE_ENVIRONMENT_00}",
  "keyboard cat keyboard cat keyboard!!",
  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
  "passwordpasswordpasswordpassword",
  "at-least-32-characters-long-secret-key",
])("the value %j is a placeholder", (value) => {
  expect(secretValueCheck("JWT_SECRET", value)).toMatchObject({ allowed: "a value that nobody can guess" });
});

test("a value padded with blanks is as short as it is", () => {
  expect(secretValueCheck("JWT_SECRET", `  ${GOOD_SECRET.slice(0, 12)}${" ".repeat(40)}`)).toMatchObject({
    given: "a value of 12 characters (hidden)",
    allowed: "at least 32 characters",
  });
});

test.each([
  "JWT_SECRET",
  "jwtSecret",
  "jwt-secret",
  "SECRET_KEY",
  "AUTH_SECRET",
  "NEXTAUTH_SECRET",
  "REFRESH_TOKEN_SECRET",
  "SECRET",
  "COOKIE_SECRET",
  "ENCRYPTION_KEY",
])("the secret %s signs something, so that it needs 32 characters", (name) => {
  expect(secretValueCheck(name, GOOD_SECRET.slice(0, 31))).toMatchObject({ allowed: "at least 32 characters" });
  expect(secretValueCheck(name, GOOD_SECRET.slice(0, 32))).toBeUndefined();
});

test("random secrets in base64 and hex are not taken for placeholders", () => {
  // Random in kind, and the same in every run: by chance one in some ten thousand looks like a template's.
  const random = (index: number): Buffer => createHash("sha384").update(`secret ${index}`).digest();
  const refused = Array.from({ length: 2000 }, (_, index) => random(index))
    .flatMap((bytes) => [bytes.toString("base64"), bytes.toString("hex"), bytes.toString("base64url").slice(0, 32)])
    .filter((value) => looksLikePlaceholder(value));
  expect(refused.length).toBeLessThanOrEqual(2);
});
