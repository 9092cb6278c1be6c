import { CONTAINER_RULES } from "./containers";
import { DATA_RULES } from "./data";
import { DECLARED_RULES } from "./declared";
import { EXCEPTIONS_RULE } from "./exceptions";
import { DATABASE_RULES } from "./database";
import { ROUTE_RULES } from "./routes";
import type { Rule } from "./rule";
import { SERVICE_RULES } from "./services";
import { STACK_RULES } from "./stack";
import { UPKEEP_RULES } from "./upkeep";

export * from "./judge";
export * from "./rule";
export { canBeExcepted, endOfException, STACK_SCOPE } from "./exceptions";
export * from "./settings";
export * from "./view";
export { isSecretValue, SECRET_MARKER, viewOfResources, type PlannedResource, type StackFacts } from "./planned";
export { isPrivilegedPort } from "./operation";
export { CONTAINER_RULES } from "./containers";
export { DATA_RULES } from "./data";
export { DECLARED_RULES } from "./declared";
export { DATABASE_RULES } from "./database";
export { ROUTE_RULES } from "./routes";
export { SERVICE_RULES } from "./services";
export { STACK_RULES } from "./stack";
export { UPKEEP_RULES } from "./upkeep";

/** Every rule that Rampart judges a stack by. */
export const RULES: readonly Rule[] = [
  ...STACK_RULES,
  ...DATA_RULES,
  ...DECLARED_RULES,
  ...CONTAINER_RULES,
  ...ROUTE_RULES,
  ...SERVICE_RULES,
  ...DATABASE_RULES,
  ...UPKEEP_RULES,
  EXCEPTIONS_RULE,
];
