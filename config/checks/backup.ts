import { repositoryCredentials, UNJUDGED_CREDENTIALS } from "../../hardening/backup/repository";
import type { Fault } from "../faults";
import type { SecretLookup } from "../raw";
import type { StackConfig } from "../schema";
import type { ShowPath } from "./check";
import { secretFault } from "./secrets";

/** The credentials of a repository of backups: those that it takes and needs, each set as a secret. */
export function backupFaults(config: StackConfig, show: ShowPath, lookUp: (key: string) => SecretLookup): Fault[] {
  const { backups } = config.database;
  if (backups === false) return [];
  const at = ["database", "backups"];
  const { allowed, required } = repositoryCredentials(backups.repository);
  const given = Object.entries(backups.credentials);
  const named = allowed.length === 0 ? "none for this repository" : `${allowed.join(", ")} for this repository`;
  const unknown = given
    .filter(([variable]) => !allowed.includes(variable))
    .map(([variable]): Fault => ({
      path: show([...at, "credentials", variable]),
      given: JSON.stringify(variable),
      allowed: named,
      fix: "remove it, or correct its name",
    }));
  const missing = required
    .filter((variable) => !Object.hasOwn(backups.credentials, variable))
    .map((variable): Fault => ({
      path: show([...at, "credentials", variable]),
      given: "nothing",
      allowed: `${required.join(" and ")} for this repository`,
      fix: `add ${variable}: { config: <key> }`,
    }));
  const secrets: [path: string[], name: string, key: string][] = given
    .filter(([variable]) => allowed.includes(variable))
    .map(([variable, { config: key }]) => [[...at, "credentials", variable], variable, key]);
  if (typeof backups.password === "object")
    secrets.push([[...at, "password"], "BACKUP_PASSWORD", backups.password.config]);
  const values = secrets.flatMap(([path, name, key]): Fault[] => {
    const found = lookUp(key);
    if (found.kind === "secret" && UNJUDGED_CREDENTIALS.includes(name)) return [];
    const fault = secretFault(name, key, found);
    return fault === undefined ? [] : [{ path: show(path), given: `rampart:${key}`, ...fault }];
  });
  return [...unknown, ...missing, ...values];
}
