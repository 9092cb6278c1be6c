import { tree } from "../hardening/tree";

/** A keeper of a receipt, among the inputs that its hook gets; undefined where there is none. */
export function keeper(inputs: unknown, name: string): string | undefined {
  const value = tree(tree(inputs)["keepers"])[name];
  return typeof value === "string" ? value : undefined;
}
