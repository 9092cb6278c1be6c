import { CONTAINER_RULES } from "./containers";
import { DATA_RULES } from "./data";
import { DECLARED_RULES } from "./declared";
import { EXCEPTIONS_RULE } from "./exceptions";
import type { Rule } from "./rule";
import { STACK_RULES } from "./stack";

export * from "./judge";
export * from "./rule";
export { canBeExcepted, endOfException, STACK_SCOPE } from "./exceptions";
export { sourcesOf, type Source } from "./sources";
export * from "./view";
export { SECRET_MARKER, viewOfResources, type PlannedResource, type StackFacts } from "./planned";
export { isPrivilegedPort } from "./operation";
export { CONTAINER_RULES } from "./containers";
export { DATA_RULES } from "./data";
export { DECLARED_RULES } from "./declared";
export { STACK_RULES } from "./stack";

/** Every rule that Rampart judges a stack by. */
export const RULES: readonly Rule[] = [
  ...STACK_RULES,
  ...DATA_RULES,
  ...DECLARED_RULES,
  ...CONTAINER_RULES,
  EXCEPTIONS_RULE,
];
