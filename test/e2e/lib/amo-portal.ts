/** examples/amo-portal.yaml itself, with what a test has to replace: images, hosts, certificate, ports, addresses. */
import { isTree, type Tree } from "../../../hardening/tree";
import { exampleKeys, treeOf } from "./example";
import type { StackSettings } from "./pulumi";
import type { Images } from "./stacks";

export const AMO = {
  stack: "e2e-amo",
  host: "portal.e2e.example.org",
  httpsPort: 34_843,
  pool: "10.247.0.0/16",
} as const;

/** What the portal's migrations make: tables of tenants, and those that belong to none. */
export const AMO_TABLES = `
CREATE TABLE IF NOT EXISTS app.amos (id uuid PRIMARY KEY, name text);
CREATE TABLE IF NOT EXISTS app.alembic_version (version_num text);
CREATE TABLE IF NOT EXISTS app.records (id bigint PRIMARY KEY, amo_id uuid NOT NULL, note text);
`;

const FILE = "examples/amo-portal.yaml";

const tree = treeOf(FILE);

/** Keys that only a stack on the internet has. */
const LEFT_OUT = ["sample", "acmeEmail", "backupKeyId", "backupKey"];

const health = (port: number): Tree => ({
  command: ["/usr/local/bin/app", "healthcheck", `http://127.0.0.1:${port}/healthz`],
  intervalSeconds: 2,
  startPeriodSeconds: 6,
});

/** The test comes to the edge from the engine's own address on the stack's network. */
function withSources(routes: unknown): readonly unknown[] {
  return (Array.isArray(routes) ? (routes as readonly unknown[]) : []).map((route) =>
    isTree(route) && isTree(route["access"])
      ? { ...route, access: { ...route["access"], sources: [AMO.pool] } }
      : route,
  );
}

export function amoSettings(images: Images): StackSettings {
  const kept = exampleKeys(FILE, [["portal.example.com", AMO.host]], LEFT_OUT);
  const { app, traefik, postgres, redis, haproxy, socat, restic } = images;
  const [database, services] = [tree(kept, "database"), tree(kept, "services")];
  const [frontend, api] = [tree(services, "frontend"), tree(services, "api")];
  const tenancy = tree(database, "tenancy");
  const shared = tenancy["sharedTables"] as readonly string[];
  return {
    ...kept,
    environment: "staging",
    name: "rampart-e2e-amo",
    certificates: "self-signed",
    network: { pool: AMO.pool },
    edge: { ...tree(kept, "edge"), httpsPort: AMO.httpsPort },
    images: { traefik, postgres, redis, haproxy, socat, restic },
    // The program of the test makes a table more.
    database: { ...database, backups: false, tenancy: { ...tenancy, sharedTables: [...shared, "app.items"] } },
    migration: {
      ...tree(kept, "migration"),
      image: app,
      command: ["migrate"],
      environment: { MIGRATION_SQL: AMO_TABLES },
    },
    services: {
      frontend: { ...frontend, image: app, command: ["frontend"], healthCheck: health(8080) },
      api: {
        ...api,
        image: app,
        command: ["api"],
        environment: { ...tree(api, "environment"), LISTEN: ":8000" },
        healthCheck: health(8000),
        routes: withSources(api["routes"]),
      },
    },
  };
}
