import type { KeyTexts } from "../key-text";

export const DATABASE: KeyTexts = {
  "database.name": { allowed: "a lower-case SQL identifier that PostgreSQL does not reserve", example: "shop" },
  "database.schema": {
    allowed: "a lower-case SQL identifier; not `public`, and not `extensions`, which holds the extensions",
    example: "shop",
  },
  "database.schemas": { allowed: "more schemas, with the same roles and rights", example: "[audit]" },
  "database.extensions": {
    allowed: "the contrib modules of PostgreSQL that `hardening/postgres/server/extensions.ts` lists",
    example: "[citext, pgcrypto]",
  },
  "database.databases": {
    allowed: "more databases by name, each with `schemas` (default `[app]`) and `extensions`",
    example: "{ analytics: {} }",
  },
  "database.databases.schemas": { allowed: "at least one", example: "[main]" },
  "database.databases.extensions": { allowed: "the same modules as `database.extensions`", example: "[hstore]" },
  "database.databases.tenancy": {
    default: "the whole of tenancy",
    allowed: "tenancy holds in every database; this object says what tenancy leaves out in this database",
    example: "{ sharedTables: [app.countries] }",
  },
  "database.databases.tenancy.sharedTables": {
    default: "as `database.tenancy.sharedTables`",
    allowed: "`<schema>.<table>` in this database",
    example: "[app.countries]",
  },
  "database.databases.tenancy.exceptions": {
    allowed: "views and functions of this database that somebody has checked",
    example: '[{ object: app.totals, reason: "counts only" }]',
  },
  "database.databases.tenancy.exceptions.object": { allowed: "`<schema>.<name>`", example: "app.totals" },
  "database.databases.tenancy.exceptions.reason": {
    allowed: "at least 10 characters",
    example: '"counts only, no rows"',
  },
  "database.tenancy": {
    default: "none: no row security",
    allowed: "row-level security by tenant: [tenancy](tenancy.md)",
    example: "{ variable: app.tenant_id, column: tenant_id, type: uuid }",
  },
  "database.tenancy.variable": { allowed: "a session variable with one dot", example: "app.tenant_id" },
  "database.tenancy.column": { allowed: "the column of every table that holds rows of tenants", example: "tenant_id" },
  "database.tenancy.type": { allowed: "{values}", example: "uuid" },
  "database.tenancy.sharedTables": {
    default: "tables without the column that refer to no table with the column",
    allowed: "`<schema>.<table>`; if you give the list, every table without the column must be on the list",
    example: "[app.countries]",
  },
  "database.tenancy.exceptions": {
    allowed: "views and functions that somebody has checked",
    example: '[{ object: app.totals, reason: "counts only" }]',
  },
  "database.tenancy.exceptions.object": { allowed: "`<schema>.<name>`", example: "app.totals" },
  "database.tenancy.exceptions.reason": { allowed: "at least 10 characters", example: '"counts only, no rows"' },
  "database.elevations": {
    default: "`[]`",
    allowed: "logins of people, with an end time: [elevation](elevation.md)",
    example: '[{ who: anna, role: app_rw, until: "2026-11-24T18:00:00Z", reason: "ticket 4711: repair" }]',
  },
  "database.elevations.who": {
    allowed: "2 to 31 lower-case letters, digits and `_`; the login is `elevated_<who>`",
    example: "anna",
  },
  "database.elevations.role": { allowed: "{values}", example: "app_rw" },
  "database.elevations.until": {
    allowed: "a time with its zone, at most `elevationMaximumHours` from now",
    example: '"2026-11-24T18:00:00Z"',
  },
  "database.elevations.reason": { allowed: "at least 10 characters", example: '"ticket 4711: repair"' },
  "database.elevationMaximumHours": { allowed: "{range}", example: "4" },
  "database.backups": {
    default: "`false` in dev, else the defaults below",
    allowed: "daily backups: [backups](backups.md)",
    example: '{ at: "03:00" }',
  },
  "database.backups.at": { allowed: "a time of day in UTC", example: '"03:00"' },
  "database.backups.repository": {
    allowed: "`volume`, `s3:https://…`, `rest:https://…`, `sftp:user@host:/path`, without a password",
    example: "s3:https://s3.example.com/backups",
  },
  "database.backups.credentials": {
    allowed: "the variables that the repository needs, each `{ config: <key> }`",
    example: "{ AWS_ACCESS_KEY_ID: { config: s3Id }, AWS_SECRET_ACCESS_KEY: { config: s3Key } }",
  },
  "database.backups.credentials.config": { allowed: "the flat key that holds the value, encrypted", example: "s3Key" },
  "database.backups.password": { allowed: "`generated` or `{ config: <key> }`", example: "{ config: backupPassword }" },
  "database.backups.password.config": {
    allowed: "the flat key that holds the password, encrypted",
    example: "backupPassword",
  },
  "database.backups.keep": {
    default: "the defaults below",
    allowed: "restic's keep-daily, keep-weekly, keep-monthly",
    example: "{ daily: 14 }",
  },
  "database.backups.keep.daily": { allowed: "{range}", example: "14" },
  "database.backups.keep.weekly": { allowed: "{range}", example: "8" },
  "database.backups.keep.monthly": { allowed: "{range}", example: "12" },
  "database.backups.maxAgeHours": {
    allowed: "{range}: the container is unhealthy when the newest backup is older",
    example: "50",
  },
  "database.backups.drillEveryDays": { allowed: "{range}", example: "1" },
  "database.backups.readDailyPercent": {
    allowed: "{range}: the share of the repository's data that the check reads a day; all of it up to 1 GiB",
    example: "100",
  },
  "database.backups.resources": {
    default: "512 MiB, 0.5 cores, 96 pids",
    allowed: "limits of the backup container, as `resources.*`; at least 128 MiB and 32 pids",
    example: "{ memoryMiB: 1024 }",
  },
  "database.access": {
    default: "`direct` on a local Linux engine, else `forwarder`",
    allowed: "{values}: how the Pulumi provider reaches Postgres",
    example: "forwarder",
  },
  "database.forwarderPort": { allowed: "{range}, on 127.0.0.1 only; not a port of the edge", example: "15433" },
  "database.connectionLimits": {
    default: "the defaults below",
    allowed:
      "`migrator`, `app_rw`, `app_ro`, `backup`, `monitor`; the memory must be enough for all connections together",
    example: "{ app_rw: 80 }",
  },
  "database.connectionLimits.migrator": { allowed: "{range}", example: "3" },
  "database.connectionLimits.app_rw": { allowed: "{range}", example: "80" },
  "database.connectionLimits.app_ro": { allowed: "{range}", example: "10" },
  "database.connectionLimits.backup": { allowed: "{range}", example: "4" },
  "database.connectionLimits.monitor": { allowed: "{range}", example: "5" },
  "database.statementTimeoutMs": { allowed: "0 (no limit) to 86400000, for `app_rw`", example: "10000" },
  "database.idleInTransactionTimeoutMs": { allowed: "0 (no limit) to 86400000, for `app_rw`", example: "30000" },
  "database.resources": {
    default: "512 MiB, 1 core, 256 pids",
    allowed: "limits of Postgres, as `resources.*`; at least 128 MiB, and one process for each connection",
    example: "{ memoryMiB: 2048, cpus: 2 }",
  },
  "database.previousMajors": {
    allowed:
      "major versions of PostgreSQL, 16 or later, but not the version of the image; Rampart keeps their data volumes",
    example: "[16]",
  },
  "database.protect": {
    default: "false in dev, else true",
    allowed: "`true`: Pulumi refuses to delete the data volume",
    example: "true",
  },
};
