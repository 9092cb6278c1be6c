import type { KeyTexts } from "../key-text";

export const EDGE: KeyTexts = {
  "edge.listenAddress": {
    default: "`127.0.0.1` in dev, else `0.0.0.0`",
    allowed:
      "an IPv4 address of the host; in dev a loopback one, " +
      "with Let's Encrypt another unless `trustedProxies` names a load balancer",
    example: "203.0.113.7",
  },
  "edge.httpPort": {
    default: "8080 in dev, else 80",
    allowed:
      "{range}, but no data port (5432, 6379, 2375 …) and none that browsers block (22, 25 …); " +
      "`false` for no plain http; the challenge `http-01` needs plain http, " +
      "and Let's Encrypt asks on port 80 unless `trustedProxies` names a load balancer",
    example: "80",
  },
  "edge.httpsPort": {
    default: "8443 in dev, else 443",
    allowed: "{range}, but no data port and none that browsers block; different from `httpPort`",
    example: "443",
  },
  "edge.tls": { allowed: "Mozilla's `modern` or `intermediate`", example: "modern" },
  "edge.ipv6": {
    allowed:
      "`true`: clients reach the edge by IPv6 as well; the engine has to keep their addresses: [IPv6](edge.md#ipv6)",
    example: "true",
  },
  "edge.trustedProxies": {
    allowed:
      "addresses or subnets (8 bits or more; public 10, IPv6 24) of load balancers in front of the edge; " +
      "the edge believes their `X-Forwarded-*` headers",
    example: "[10.0.0.0/24]",
  },
  "edge.connections.perClient": {
    allowed: "{range} connections of one client (an IPv4 address, an IPv6 /64), idle ones included; more are closed",
    example: "64",
  },
  "edge.connections.total": {
    allowed: "{range} connections of all; [each takes memory](edge.md#memory)",
    example: "3000",
  },
  "edge.clientCertificates": {
    allowed: "hosts of routes that ask for a client's certificate: [client certificates](edge.md#client-certificates)",
    example: '{ admin.your-company.com: { ca: "-----BEGIN CERTIFICATE-----…" } }',
  },
  "edge.clientCertificates.ca": {
    allowed: "certificates in PEM, without a key: the CA that signs your clients' certificates",
    example: '"-----BEGIN CERTIFICATE-----\\n…\\n-----END CERTIFICATE-----\\n"',
  },
  "edge.maintenance": {
    allowed:
      "a message for each host that is out of service: one line of at most 300 characters; every request gets " +
      "503, see [maintenance](edge.md#maintenance)",
    example: '{ app.example.com: "Back at 18:00 UTC." }',
  },
  "edge.gateway": {
    default: "128 MiB, 1 core, 64 pids",
    allowed: "limits of HAProxy, as `resources.*`; at least 56 MiB and 16 pids",
    example: "{ memoryMiB: 256 }",
  },
  "edge.resources": {
    default: "256 MiB, 1 core, 256 pids",
    allowed:
      "limits of Traefik, as `resources.*`; at least 64 MiB and 32 pids, and enough memory for `connections.total`: " +
      "[edge](edge.md#memory)",
    example: "{ memoryMiB: 512 }",
  },
};
