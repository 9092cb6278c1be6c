import { DATA_RULES, judge, type DataFacts, type StackView } from "../../../hardening/rules";

const DATA: DataFacts = {
  at: "2026-11-24T12:00:00Z",
  database: true,
  redis: "tls",
  certificate: { end: "2027-10-06T00:00:00Z", renewFrom: "2026-12-03T00:00:00Z", authorityEnd: "2046-01-01T00:00:00Z" },
  tenancy: true,
  elevations: [],
  backups: "s3:https://s3.example.com/backups",
};
const view = (changes: Partial<DataFacts> = {}, environment: StackView["environment"] = "prod"): StackView => ({
  stack: "prod",
  environment,
  certificates: "letsencrypt",
  containers: [],
  networks: [],
  volumes: [],
  images: [],
  data: { ...DATA, ...changes },
});
const judged = (of: StackView): string[] =>
  judge(DATA_RULES, of).map(({ id, status, message }) => `${id}: ${status}: ${message}`);

test("the rules of data hold for a stack that does everything right", () => {
  expect(judged(view())).toEqual([
    "rampart-database-tls: pass: Postgres takes only TLS 1.3, verified by every client; " +
      "the certificate ends on 2027-10-06, and `pulumi up` renews it from 2026-12-03 on",
    "rampart-database-tls: pass: Redis takes only TLS 1.3; " +
      "the certificate ends on 2027-10-06, and `pulumi up` renews it from 2026-12-03 on",
    "rampart-database-tls: pass: the stack's authority ends on 2046-01-01",
    "rampart-tenancy: pass: row security is forced on every table of a tenant's",
    "rampart-elevations: pass: nobody is elevated",
    "rampart-backups: pass: they go to s3:https://s3.example.com/backups",
  ]);
});

test("the rules of data say nothing where there is no data", () => {
  const { data, ...without } = view();
  expect(data).toBeDefined();
  expect(judged(without)).toEqual([]);
  expect(judged(view({ database: false })).filter((line) => !line.includes("Redis"))).toEqual([
    "rampart-database-tls: pass: the stack's authority ends on 2046-01-01",
  ]);
  expect(judged(view({ database: false, redis: "clear" })).filter((line) => !line.includes("Redis"))).toEqual([]);
});

test.each<[string, Partial<DataFacts>, StackView["environment"], string]>([
  [
    "a certificate that ends soon",
    { at: "2027-09-20T00:00:00Z" },
    "prod",
    "rampart-database-tls: fail: Postgres: the certificate ends on 2027-10-06, " +
      "and `pulumi up` renews it from 2026-12-03 on: 16 days are left; run `pulumi up`",
  ],
  [
    "Redis' own, too",
    { at: "2027-09-20T00:00:00Z", database: false },
    "prod",
    "rampart-database-tls: fail: Redis: the certificate ends on 2027-10-06, " +
      "and `pulumi up` renews it from 2026-12-03 on: 16 days are left; run `pulumi up`",
  ],
  [
    "an authority that its certificates would outlive",
    {
      certificate: {
        end: "2046-01-02T00:00:00Z",
        renewFrom: "2045-03-01T00:00:00Z",
        authorityEnd: "2046-01-01T00:00:00Z",
      },
      at: "2044-12-01T00:00:00Z",
    },
    "prod",
    "rampart-database-tls: fail: the stack's authority ends on 2046-01-01, which `pulumi up` does not renew; " +
      "replace its seed, see docs/connections.md",
  ],
  [
    "one that has ended",
    { at: "2027-10-07T00:00:00Z" },
    "prod",
    "rampart-database-tls: fail: Postgres: the certificate ends on 2027-10-06, " +
      "and `pulumi up` renews it from 2026-12-03 on: clients refuse it; run `pulumi up`",
  ],
  [
    "Redis in clear",
    { redis: "clear" },
    "prod",
    "rampart-database-tls: open: Redis is in clear on the internal network (redis.tls: true encrypts it)",
  ],
  [
    "no tenancy",
    { tenancy: false },
    "prod",
    "rampart-tenancy: skip: no tenancy is configured (database.tenancy); " +
      "only you know whether the application has tenants",
  ],
  [
    "somebody elevated",
    { elevations: [{ who: "anna", role: "app_rw", until: "2026-11-24T18:00:00Z", reason: "ticket 4711" }] },
    "prod",
    "rampart-elevations: accepted: elevated_anna may act as app_rw until 2026-11-24T18:00:00Z: ticket 4711",
  ],
  [
    "one that is over",
    { elevations: [{ who: "anna", role: "app_rw", until: "2026-11-24T12:00:00Z", reason: "ticket 4711" }] },
    "prod",
    "rampart-elevations: open: elevated_anna is over since 2026-11-24T12:00:00Z; remove it",
  ],
  [
    "no backups in production",
    { backups: false },
    "prod",
    "rampart-backups: fail: there are none: database.backups is false",
  ],
  [
    "no backups elsewhere",
    { backups: false },
    "dev",
    "rampart-backups: accepted: there are none: database.backups is false, as this is dev",
  ],
  [
    "backups on the same host",
    { backups: "volume" },
    "prod",
    "rampart-backups: open: they lie on the same host as the database (database.backups.repository is volume)",
  ],
])("%s", (_case, changes, environment, line) => {
  expect(judged(view(changes, environment))).toContain(line);
});
