import type { Endpoint } from "./endpoint";

/** The engine itself. */
export const SYSTEM_ENDPOINTS = [
  {
    permission: "GET /_ping",
    danger: "low",
    preset: "PING",
    body: "none",
    what: "See that the engine lives, and its API version.",
  },
  {
    permission: "HEAD /_ping",
    danger: "low",
    preset: "PING",
    body: "none",
    what: "The same; every client's first request.",
  },
  { permission: "GET /version", danger: "low", preset: "VERSION", body: "none", what: "Engine and kernel version." },
  {
    permission: "GET /info",
    danger: "low",
    preset: "INFO",
    body: "none",
    what: "Host facts: name, kernel, counts, registries.",
  },
  {
    permission: "GET /system/df",
    danger: "low",
    preset: "SYSTEM",
    body: "none",
    what: "Disk use by image, container and volume.",
  },
  {
    permission: "GET /events",
    danger: "medium",
    preset: "EVENTS",
    body: "none",
    what: "Follow what happens to every container.",
  },
] as const satisfies readonly Endpoint[];
