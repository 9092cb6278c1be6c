import { repositoryCredentials, UNJUDGED_CREDENTIALS } from "../../hardening/backup/repository";
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import type { SecretReference } from "../schema/secret";
import type { LookUp, ShowPath } from "./check";
import { secretFault, shownReference } from "./secrets";
import { correction, nearestKey } from "../nearest";
import { quote } from "../text";

/** The credentials of a repository of backups: those that it takes and needs, each set as a secret. */
export function backupFaults(config: StackConfig, show: ShowPath, lookUp: LookUp): Fault[] {
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
  const secrets: [path: string[], name: string, secret: SecretReference][] = given
    .filter(([variable]) => allowed.includes(variable))
    .map(([variable, secret]) => [[...at, "credentials", variable], variable, secret]);
  if (typeof backups.password === "object") secrets.push([[...at, "password"], "BACKUP_PASSWORD", backups.password]);
  const values = secrets.flatMap(([path, name, secret]): Fault[] => {
    const found = lookUp(secret);
    if (found.kind === "secret" && UNJUDGED_CREDENTIALS.includes(name)) return [];
    const fault = secretFault(name, secret, found);
    return fault === undefined ? [] : [{ path: show(path), given: shownReference(secret), ...fault }];
  });
  return [...unknown, ...missing, ...values];
}
