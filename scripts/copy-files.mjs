// `copy-files.mjs [DIRECTORY]`: puts the scripts and the SQL of hardening/ where tsc puts the modules that read them.
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";

const destination = process.argv[2] ?? "dist";
const files = readdirSync("hardening", { recursive: true }).filter((file) => /\.(lua|sh|sql|yml)$/.test(file));
for (const file of files) cpSync(join("hardening", file), join(destination, "hardening", file));
