import { isIPv4 } from "node:net";
import { z } from "zod";
import type { SchemaContext } from "../environment";
import { trustedProxyCheck } from "../values/edge";
import { checkedString, port, resources, toIssue } from "./fields";

/** Docker's and the common databases' and queues' own. */
const DATA_PORTS = [
  1433, 1521, 2375, 2376, 2377, 3306, 5432, 5672, 6379, 6380, 9042, 9092, 9200, 11_211, 15_672, 26_379, 27_017,
];

const edgePort = port.superRefine((value, refinement) => {
  if (DATA_PORTS.includes(value)) {
    refinement.issues.push(
      toIssue(
        {
          allowed:
            "a port that is not Docker's or a database's own (Postgres 5432, Redis 6379, Docker 2375); data ports are never published",
          fix: "use 443 and 80, or 8443 and 8080",
        },
        value,
      ),
    );
  }
});

export function edge(context: SchemaContext) {
  const dev = context.environment === "dev";
  const listen = checkedString((value) =>
    isIPv4(value) ? undefined : { allowed: "an IPv4 address", fix: "use 0.0.0.0, or one address of the host" },
  ).superRefine((value, refinement) => {
    if (dev && !value.startsWith("127.")) {
      refinement.issues.push(
        toIssue(
          { allowed: "a loopback address in environment dev", fix: "remove it, or set rampart:environment to staging" },
          value,
        ),
      );
    }
  });
  return z
    .strictObject({
      /** @default 127.0.0.1 in dev, else 0.0.0.0 */
      listenAddress: listen.default(dev ? "127.0.0.1" : "0.0.0.0"),
      /** @default 8080 in dev, else 80; false: no plain http at all */
      httpPort: z.union([edgePort, z.literal(false)]).default(dev ? 8080 : 80),
      /** @default 8443 in dev, else 443 */
      httpsPort: edgePort.default(dev ? 8443 : 443),
      /** Addresses or subnets of load balancers in front of the edge, whose X-Forwarded-* headers are believed. */
      trustedProxies: z.array(checkedString(trustedProxyCheck)).default([]),
      /** Mozilla's guideline to follow. @default "intermediate" */
      tls: z.enum(["modern", "intermediate"]).default("intermediate"),
      resources: resources({ memoryMiB: 256, cpus: 1, pids: 256 }, { memoryMiB: 64, pids: 32 }),
    })
    .refine((value) => value.httpPort !== value.httpsPort, {
      params: { allowed: "two different ports", fix: "change one" },
      path: ["httpPort"],
    })
    .prefault({});
}
