/** The secrets of a stack that other programs keep, in the order of the stack's file. */
import { programs } from "../checks/programs";
import type { StackConfig } from "../schema";
import type { SourcedSecret } from "./read";

export const sourcedSecrets = (config: StackConfig): SourcedSecret[] =>
  programs(config).flatMap(([at, program]) =>
    Object.entries(program.secrets).flatMap(([name, spec]) =>
      typeof spec === "object" && "from" in spec ? [{ name, path: [...at, "secrets", name], from: spec.from }] : [],
    ),
  );
