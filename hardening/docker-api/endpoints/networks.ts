import type { Endpoint } from "./endpoint";

/** Networks. */
export const NETWORK_ENDPOINTS = [
  { permission: "GET /networks", danger: "low", preset: "NETWORKS", body: "none", what: "List networks." },
  {
    permission: "GET /networks/{id}",
    danger: "low",
    preset: "NETWORKS",
    body: "none",
    what: "Inspect a network: addresses of its containers.",
  },
  {
    permission: "POST /networks/create",
    danger: "medium",
    preset: "NETWORKS",
    body: "network",
    what: "Create a bridge network; the body is judged.",
  },
  {
    permission: "POST /networks/{id}/connect",
    danger: "high",
    preset: "NETWORKS",
    body: "network-connect",
    what: "Put a container on a network.",
  },
  {
    permission: "POST /networks/{id}/disconnect",
    danger: "high",
    preset: "NETWORKS",
    body: "flat",
    what: "Take a container off a network.",
  },
  {
    permission: "DELETE /networks/{id}",
    danger: "high",
    preset: "NETWORKS",
    body: "flat",
    what: "Delete a network that nothing uses.",
  },
  {
    permission: "POST /networks/prune",
    danger: "high",
    preset: null,
    body: "flat",
    what: "Delete all unused networks.",
  },
] as const satisfies readonly Endpoint[];
