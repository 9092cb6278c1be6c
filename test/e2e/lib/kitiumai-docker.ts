/** examples/kitiumai-docker.yaml itself, with what a test has to replace: images, hosts, certificate, ports. */
import { exampleKeys, treeOf } from "./example";
import type { StackSettings } from "./pulumi";
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

const tree = treeOf(FILE);

/** Keys that lead to somebody else's machine: each has suites of its own. */
const LEFT_OUT = [
  ...["sample", "acmeEmail", "registries", "registryToken", "monitoring", "smtpPassword", "backupKeyId", "backupKey"],
  // Of this engine's socket.
  "dockerSocketGroup",
];

export function kitiumSettings(images: Images): StackSettings {
  const kept = exampleKeys(
    FILE,
    [
      ["api.example.com", KITIUM.host],
      ["https://app.example.com", KITIUM.origin],
    ],
    LEFT_OUT,
  );
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
