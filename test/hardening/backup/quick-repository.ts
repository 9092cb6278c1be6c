/**
 * A new repository of restic's whose key costs nothing to derive (scrypt with N = 2, where `restic init` chooses what
 * takes half a second): each call of restic derives it. restic 0.18.1 made it; its key was then encrypted again.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What opens the repository. It protects nothing. */
export const QUICK_PASSWORD = "aRepositoryPassword123";

const SALT = "PEawsfvUm7trJ8NEfabCpZYPBU0o/1Alx3qWiTZooCiPPXjauSbf2BDf92XPwudBCWx8+G+iJ+Y7qAqCsq0T1w==";
const DATA =
  "ti7O6uYNxSvJWDjPuDyy1oWariZ7B03ZSXIb2Ezy+FESTZmguRh61I94ewOJQn//3g+IkaDGW9QbXOQpBO4Ebqh3LaBufAzeMBa+" +
  "7529IJlyIy9THt/frLscmA4VNOdrC3FwrvERXQjbLFeSir4lL+v2/8m6edKfqDqAN8ZtP66Q/Hr0Ts3MzLsNA0JUAVOjnyQWCNvs" +
  "EdsCvLbfVZTDUg==";
const CONFIG =
  "VmCkJKZHtksimOdatRIZT/csSz/+9A3vUsTYXqcjK5/H40kTEfwhusaL2PUqMF7vBklt2og1db1DaCRj2tPBIhXTCilGyHg/anw/" +
  "+tR8si651V3T2RlXXuop/g2WRQXufkGEcO3/Z5hdLiRQkxQw2zRKS9vpiBV5IuiT718Rb4fWSg3J4uw9VFjYg6bKBj5J3bRJsGM5" +
  "w1vfbrE=";

/** Writes the repository into a directory that is there. */
export function writeQuickRepository(directory: string): void {
  for (const part of ["data", "index", "keys", "locks", "snapshots"]) mkdirSync(join(directory, part));
  const kdf = { kdf: "scrypt", N: 2, r: 1, p: 1, salt: SALT, data: DATA };
  const key = JSON.stringify({ created: "2026-11-28T00:00:00Z", username: "nobody", hostname: "store", ...kdf });
  writeFileSync(join(directory, "keys", createHash("sha256").update(key).digest("hex")), key);
  writeFileSync(join(directory, "config"), Buffer.from(CONFIG, "base64"));
}
