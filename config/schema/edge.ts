import { z } from "zod";
import type { SchemaContext } from "../environment";
import { caCheck } from "../values/ca";
import { hostCheck } from "../values/edge";
import { isLoopback, listenCheck, trustedProxyCheck } from "../values/addresses";
import { LEAST_GATEWAY_MIB } from "../../hardening/gateway/base-config";
import { messageCheck } from "../values/maintenance";
import { checkedString, port, resources, toIssue } from "./fields";

/** Docker's and the common databases' and queues' own. */
const DATA_PORTS = [
  1433, 1521, 2375, 2376, 2377, 3306, 5432, 5672, 6379, 6380, 9042, 9092, 9200, 11_211, 15_672, 26_379, 27_017,
];

/** Ports to which no browser connects. Source: WHATWG Fetch, "port blocking". */
const BLOCKED_PORTS = [
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080,
];

const edgePort = port.superRefine((value, refinement) => {
  if (DATA_PORTS.includes(value)) {
    refinement.issues.push(
      toIssue(
        {
          allowed:
            "a port that is not Docker's or a database's own (Postgres 5432, Redis 6379, Docker 2375); " +
            "data ports are never published",
          fix: "use 443 and 80, or 8443 and 8080",
        },
        value,
      ),
    );
  }
  if (BLOCKED_PORTS.includes(value)) {
    refinement.issues.push(
      toIssue(
        {
          allowed:
            "a port to which browsers connect; they do not connect to those of other protocols, such as ssh's 22",
          fix: "use 443 and 80, or 8443 and 8080",
        },
        value,
      ),
    );
  }
});

export function edge(context: SchemaContext) {
  const dev = context.environment === "dev";
  const listen = checkedString(listenCheck).superRefine((value, refinement) => {
    if (dev && !isLoopback(value)) {
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
      /** Whether clients reach the edge by IPv6 as well. @default false */
      ipv6: z.boolean().default(false),
      /** Addresses or subnets of load balancers in front of the edge, whose X-Forwarded-* headers are believed. */
      trustedProxies: z.array(checkedString(trustedProxyCheck)).default([]),
      /** Mozilla's guideline to follow. @default "intermediate" */
      tls: z.enum(["modern", "intermediate"]).default("intermediate"),
      /** Connections at a time, idle ones included: of one client (an IPv4 address, an IPv6 /64), and of all. */
      connections: z
        .strictObject({
          perClient: z.int().min(4).max(100_000).default(256),
          // HAProxy takes four file descriptors for each, of 16,384.
          total: z.int().min(64).max(3_900).default(1500),
        })
        .refine((value) => value.perClient <= value.total, {
          params: { allowed: "perClient of at most total", fix: "raise total, or lower perClient" },
        })
        .prefault({}),
      /** Hosts that ask for a client's certificate, and the CA's certificates in PEM that have signed those. */
      clientCertificates: z
        .record(
          checkedString((value) => hostCheck(value, context.environment)),
          z.strictObject({
            ca: checkedString(caCheck(undefined, "the CA that signs your clients' certificates"), 65_536),
          }),
        )
        .default({}),
      /** Hosts that the gateway answers for with 503, and what it says to their visitors. */
      maintenance: z.record(z.string(), checkedString(messageCheck)).default({}),
      /** Traefik's. */
      resources: resources({ memoryMiB: 256, cpus: 1, pids: 256 }, { memoryMiB: 64, pids: 32 }),
      /** The gateway's, HAProxy. */
      gateway: resources({ memoryMiB: 128, cpus: 1, pids: 64 }, { memoryMiB: LEAST_GATEWAY_MIB, pids: 16 }),
    })
    .refine((value) => value.httpPort !== value.httpsPort, {
      params: { allowed: "two different ports", fix: "change one" },
      path: ["httpPort"],
    })
    .refine((value) => !value.ipv6 || value.listenAddress === "0.0.0.0", {
      params: {
        allowed: "false, or listenAddress 0.0.0.0: the edge then listens on all addresses of both families",
        fix: "remove it, or remove listenAddress (in environment dev, where that is a loopback address, remove it)",
      },
      path: ["ipv6"],
    })
    .prefault({});
}
