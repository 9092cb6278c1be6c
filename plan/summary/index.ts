import type { StackConfig } from "../../config";
import type { Item } from "./item";
import { programItems } from "./programs";
import { routeItems } from "./routes";
import { dataItems, edgeItem } from "./stack";

export type { Fact, Item } from "./item";

/** What a reviewer has to see of a stack. It holds no secret. */
export interface Summary {
  readonly edge: Item;
  /** By URL. */
  readonly routes: readonly Item[];
  /** The services, and the migration. */
  readonly programs: readonly Item[];
  /** Postgres and Redis. */
  readonly data: readonly Item[];
}

export const summarise = (config: StackConfig): Summary => ({
  edge: edgeItem(config),
  routes: routeItems(config),
  programs: programItems(config),
  data: dataItems(config),
});
