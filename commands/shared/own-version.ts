import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { field, parseJson, text } from "./json";

/** Rampart's own version. */
export function ownVersion(): string {
  // dist/commands/shared in the package, commands/shared in a clone.
  const file = [join(__dirname, "../../package.json"), join(__dirname, "../../../package.json")].find((path) =>
    existsSync(path),
  );
  return text(field(parseJson(readFileSync(file ?? "", "utf8")), "version")) ?? "unknown";
}
