/** examples/kitiumai-docker.yaml itself, with what a test has to replace: images, hosts, certificate, ports. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { isTree, type Tree } from "../../../hardening/tree";
import { REPOSITORY, type StackSettings } from "./pulumi";
import type { Images } from "./stacks";

export const KITIUM = {
  stack: "e2e-kitium",
  host: "api.e2e.example.org",
  origin: "https://app.e2e.example.org",
  httpPort: 34_780,
  httpsPort: 35_843,
  pool: "10.251.0.0/16",
} as const;

const FILE = "examples/kitiumai-docker.yaml";

const tree = (value: unknown, key: string): Tree => {
  const found = isTree(value) ? value[key] : undefined;
  if (!isTree(found)) throw new Error(`${FILE}: ${key} is not there`);
  return found;
};

/** Keys that lead to somebody else's machine: each has suites of its own. */
const LEFT_OUT = [
  ...["sample", "acmeEmail", "registries", "registryToken", "monitoring", "smtpPassword", "backupKeyId", "backupKey"],
  // Of this engine's socket.
  "dockerSocketGroup",
];

/** The example's keys, without their namespace, for the test's hosts. */
function example(): Tree {
  const text = readFileSync(join(REPOSITORY, FILE), "utf8")
    .replaceAll("api.example.com", KITIUM.host)
    .replaceAll("https://app.example.com", KITIUM.origin);
  const own = Object.entries(tree(parse(text), "config")).map(([key, value]): [string, unknown] => [
    key.replace(/^rampart:/, ""),
    value,
  ]);
  return Object.fromEntries(own.filter(([key]) => !LEFT_OUT.includes(key)));
}

export function kitiumSettings(images: Images): StackSettings {
  const kept = example();
  const { app, traefik, postgres, redis, haproxy, socat, restic } = images;
  const api = tree(tree(kept, "services"), "api");
  const { maxSizeMiB, maxFiles } = tree(kept, "logging");
  return {
    ...kept,
    environment: "staging",
    name: "rampart-e2e-kitium",
    certificates: "self-signed",
    network: { pool: KITIUM.pool },
    edge: { listenAddress: "127.0.0.1", httpPort: KITIUM.httpPort, httpsPort: KITIUM.httpsPort },
    images: { traefik, postgres, redis, haproxy, socat, restic },
    // What the syslog receiver would get is the business of the suite `logging`.
    logging: { maxSizeMiB, maxFiles },
    database: { ...tree(kept, "database"), backups: false },
    migration: { ...tree(kept, "migration"), image: app, command: ["migrate"] },
    services: {
      api: {
        ...api,
        image: app,
        command: ["api"],
        environment: { ...tree(api, "environment"), LISTEN: ":3000" },
        healthCheck: {
          command: ["/usr/local/bin/app", "healthcheck", "http://127.0.0.1:3000/healthz"],
          intervalSeconds: 2,
          startPeriodSeconds: 6,
        },
      },
    },
  };
}
