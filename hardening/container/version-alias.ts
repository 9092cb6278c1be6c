import { createHash, createHmac } from "node:crypto";
import { canonicalJson } from "../canonical-json";

/**
 * The DNS name of one version of a service: `<service>-<ten hex digits>` of everything that makes the version what it
 * is. The order in which keys were written is no part of that.
 * @param parts The workload, the names of its volumes, and its secret environment if it has one.
 * @param key Keys the digest where a part is secret, so that the name tells nothing. @default none
 */
export function versionAlias(service: string, parts: readonly unknown[], key?: string): string {
  const hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
  return `${service}-${hash.update(canonicalJson(parts)).digest("hex").slice(0, 10)}`;
}
