/** Logins of registries: each is for a registry that the stack pulls from, and its password is set as a secret. */
import { registryOf } from "../../hardening/container/image";
import { imageReferences } from "../derived";
import { correction } from "../nearest";
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import type { LookUp, ShowPath } from "./check";
import { secretFault, shownReference } from "./secrets";

export function registryFaults(config: StackConfig, show: ShowPath, lookUp: LookUp): Fault[] {
  const pulledFrom = [...new Set(imageReferences(config).map(registryOf))].sort();
  return Object.entries(config.registries).flatMap(([registry, login]): Fault[] => {
    const path = ["registries", registry];
    // A misspelt name would leave the right registry without its login.
    const stray: Fault[] = pulledFrom.includes(registry)
      ? []
      : [
          {
            path: show(path),
            given: `"${registry}", from which the stack pulls no image`,
            allowed: `registries that the stack pulls from: ${pulledFrom.join(", ")}`,
            fix: correction(registry, pulledFrom, "correct the name, or remove it"),
          },
        ];
    if ("login" in login) return stray;
    const { password } = login;
    const found = lookUp(password);
    // A registry issues its tokens itself: their form is not for Rampart to judge.
    const fault = found.kind === "secret" ? undefined : secretFault("REGISTRY_PASSWORD", password, found);
    return fault === undefined
      ? stray
      : [...stray, { path: show([...path, "password"]), given: shownReference(password), ...fault }];
  });
}
