import { loadConfig, type LoadedConfig } from "../config/load";
import { NAMESPACE } from "../config/raw";
import type { StackFile } from "./stack-file";

/**
 * The validated configuration that a stack's file holds, its secrets unread.
 * @throws ConfigError that names every fault
 */
export function configOf(file: StackFile): LoadedConfig {
  const prefix = `${NAMESPACE}:`;
  const own = Object.entries(file.values).filter(([key]) => key.startsWith(prefix));
  return loadConfig({
    stack: file.stack,
    values: Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value])),
    secretKeys: file.secretKeys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
  });
}
