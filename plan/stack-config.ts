import { loadConfig, type LoadedConfig } from "../config/load";
import { isOthers, NAMESPACE } from "../config/raw";
import type { StackFile } from "./stack-file";

/**
 * The validated configuration that a stack's file holds, its secrets unread.
 * @param deploys Whether it is about to be deployed. @default false
 * @throws ConfigError that names every fault
 */
export function configOf(file: StackFile, deploys = false): LoadedConfig {
  const prefix = `${NAMESPACE}:`;
  const own = Object.entries(file.values).filter(([key]) => key.startsWith(prefix));
  const raw = {
    others: Object.fromEntries(Object.entries(file.values).filter(([key]) => isOthers(key, file.project))),
    stack: file.stack,
    values: Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value])),
    secretKeys: file.secretKeys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
  };
  return loadConfig(raw, { whole: true, deploys });
}
