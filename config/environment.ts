/** dev, staging or prod: which rules a stack is held to. */
import { basename } from "node:path";
import type { Fault } from "./faults";

export const ENVIRONMENTS = ["dev", "staging", "prod"] as const;

export type Environment = (typeof ENVIRONMENTS)[number];

/** What the schema must know of the surroundings to judge a value. */
export interface SchemaContext {
  readonly environment: Environment;
}

/** dev, staging and prod by the stack's name; a stack of another name is held to production's rules. */
export function environmentOf(stack: string, configured: unknown): Environment {
  const known = ENVIRONMENTS.find((one) => one === configured);
  if (known !== undefined) return known;
  // Misspelt, but meant: "production", "Prod". The misspelling is a fault too; these are the rules for the rest.
  if (typeof configured === "string" && /^\s*prod/i.test(configured)) return "prod";
  const short = basename(stack);
  return ENVIRONMENTS.find((one) => one === short) ?? "prod";
}

/** A stack that says production in its name and something weaker in a key is one of the two by mistake. */
export function environmentFaults(stack: string, environment: Environment): Fault[] {
  if (environment === "prod" || !/^(?:prod|production|live)$/i.test(basename(stack))) return [];
  return [
    {
      path: "rampart:environment",
      given: `${environment}, for a stack named "${basename(stack)}"`,
      allowed: "prod for a stack of this name",
      fix: "remove the key, or rename the stack",
    },
  ];
}
