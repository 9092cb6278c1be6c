import type { KeyTexts } from "../key-text";

export const ROTATION: KeyTexts = {
  "rotation.everything": { allowed: "1 to 40 letters, digits and `. _ -`", example: '"2026-11-24"' },
  "rotation.roles": {
    default: "`{}`",
    allowed: "one such text for each of `superuser`, `migrator`, `app_rw`, `app_ro`, `backup`, `monitor`",
    example: '{ app_rw: "2026-11-24" }',
  },
  "rotation.certificates": {
    default: "none: certificates are renewed each quarter",
    allowed:
      "1 to 40 letters, digits and `. _ -`: new certificates and keys for Postgres, Redis and a self-signed edge",
    example: '"2"',
  },
  "rotation.redis": {
    default: "`{}`",
    allowed: "one text for the Redis user of each service, by the service's name",
    example: '{ api: "2" }',
  },
};
