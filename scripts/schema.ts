/** `npm run schema`: writes again what comes from the zod schemas and the rules: config/documentation. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { WRITTEN } from "../config/documentation";

const ROOT = join(__dirname, "..");

for (const { path, text } of WRITTEN) {
  const file = join(ROOT, path);
  const content = text((other) => readFileSync(join(ROOT, other), "utf8"));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
