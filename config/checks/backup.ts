import { repositoryCredentials, UNJUDGED_CREDENTIALS } from "../../hardening/backup/repository";
import type { Fault } from "../faults";
import { correction, nearestKey } from "../nearest";
import type { SecretLookup } from "../raw";
import type { StackConfig } from "../schema";
import { quote } from "../text";
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
  const strangers = given.map(([variable]) => variable).filter((variable) => !allowed.includes(variable));
  const absent = allowed.filter((variable) => !Object.hasOwn(backups.credentials, variable));
  const unknown = strangers.map((variable): Fault => ({
    path: show([...at, "credentials", variable]),
    given: quote(variable),
    allowed: named,
    fix: correction(variable, absent, "remove it, or correct its name"),
  }));
  const meant = strangers.map((variable) => nearestKey(variable, absent));
  const missing = required
    .filter((variable) => !Object.hasOwn(backups.credentials, variable) && !meant.includes(variable))
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
