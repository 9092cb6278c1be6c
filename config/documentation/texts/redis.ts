import type { KeyTexts } from "../key-text";

export const REDIS: KeyTexts = {
  "redis.tls": {
    default: "`false`: in clear on the internal network",
    allowed: "`true`: Redis takes TLS only",
    example: "true",
  },
  "redis.resources": {
    default: "256 MiB, 0.5 cores, 64 pids",
    allowed: "limits of Redis, as `resources.*`; at least 32 MiB and 8 pids",
    example: "{ memoryMiB: 512 }",
  },
  "redis.protect": {
    default: "false in dev, else true",
    allowed: "`true`: Pulumi refuses to delete the data volume",
    example: "true",
  },
};
