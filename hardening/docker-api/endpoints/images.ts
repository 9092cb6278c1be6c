import type { Endpoint } from "./endpoint";

/** Images, and what builds them. */
export const IMAGE_ENDPOINTS = [
  { permission: "GET /images/json", danger: "low", preset: "IMAGES", body: "none", what: "List images." },
  {
    permission: "GET /images/{name}/json",
    danger: "medium",
    preset: "IMAGES",
    body: "none",
    what: "Inspect an image: its environment and history of commands.",
  },
  {
    permission: "GET /images/{name}/history",
    danger: "medium",
    preset: "IMAGES",
    body: "none",
    what: "An image's layers, with build arguments.",
  },
  {
    permission: "GET /images/search",
    danger: "low",
    preset: null,
    body: "none",
    what: "Make the engine ask Docker Hub.",
  },
  {
    permission: "POST /images/create",
    danger: "medium",
    preset: "IMAGES",
    body: "flat",
    query: "image-pull",
    what: "Pull an image; importing one from a URL is refused.",
  },
  {
    permission: "POST /images/{name}/tag",
    danger: "high",
    preset: "IMAGES",
    body: "flat",
    what: "Give an image any name, also that of another service's.",
  },
  {
    permission: "POST /images/{name}/push",
    danger: "high",
    preset: null,
    body: "flat",
    what: "Send an image to any registry.",
  },
  {
    permission: "POST /images/load",
    danger: "high",
    preset: null,
    body: "tar",
    what: "Load images, under any name, from an archive.",
  },
  {
    permission: "POST /images/prune",
    danger: "high",
    preset: null,
    body: "flat",
    what: "Delete unused images, those kept for a rollback among them.",
  },
  {
    permission: "DELETE /images/{name}",
    danger: "high",
    preset: "IMAGES",
    body: "flat",
    what: "Delete or untag an image.",
  },
  {
    permission: "POST /build",
    danger: "high",
    preset: "BUILD",
    body: "tar",
    query: "build",
    what: "Build an image from the archive sent; its steps reach the internet.",
  },
  { permission: "POST /build/prune", danger: "low", preset: null, body: "flat", what: "Delete the build cache." },
] as const satisfies readonly Endpoint[];
