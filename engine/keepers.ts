import { tree } from "../hardening/tree";

/** The keeper of a receipt of health that holds the container's id. */
export const HEALTHY_CONTAINER_KEEPER = "container";
/** The keeper that holds the container's label `io.rampart.name`, for whoever shows the receipt. */
export const HEALTHY_NAME_KEEPER = "name";

/** A keeper of a receipt, among the inputs that its hook gets; undefined where there is none. */
export function keeper(inputs: unknown, name: string): string | undefined {
  const value = tree(tree(inputs)["keepers"])[name];
  return typeof value === "string" ? value : undefined;
}
