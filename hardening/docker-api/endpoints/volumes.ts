import type { Endpoint } from "./endpoint";

/** Volumes. */
export const VOLUME_ENDPOINTS = [
  { permission: "GET /volumes", danger: "low", preset: "VOLUMES", body: "none", what: "List volumes." },
  { permission: "GET /volumes/{name}", danger: "low", preset: "VOLUMES", body: "none", what: "Inspect a volume." },
  {
    permission: "POST /volumes/create",
    danger: "medium",
    preset: "VOLUMES",
    body: "volume",
    what: "Create a local volume; the body is judged.",
  },
  {
    permission: "DELETE /volumes/{name}",
    danger: "high",
    preset: "VOLUMES",
    body: "flat",
    what: "Delete a volume that no container uses.",
  },
  {
    permission: "POST /volumes/prune",
    danger: "high",
    preset: null,
    body: "flat",
    what: "Delete unused volumes and the data in them.",
  },
] as const satisfies readonly Endpoint[];
