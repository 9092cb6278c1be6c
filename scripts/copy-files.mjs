// `copy-files.mjs [DIRECTORY]`: puts the scripts and the SQL of hardening/ and verify/ where tsc puts the modules that
// read them.
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";

const destination = process.argv[2] ?? "dist";
for (const folder of ["hardening", "verify"]) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => /\.(lua|sh|sql|yml)$/.test(file));
  for (const file of files) cpSync(join(folder, file), join(destination, folder, file));
}
