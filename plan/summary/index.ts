import type { StackConfig } from "../../config";
import type { Item } from "./item";
import { jobItems } from "./jobs";
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
  /** What ends, on a schedule or once for each change. @default none */
  readonly jobs?: readonly Item[];
  /** Postgres and Redis. */
  readonly data: readonly Item[];
}

/** @param now From which the next runs of jobs are counted */
export const summarise = (config: StackConfig, now = new Date()): Summary => ({
  edge: edgeItem(config),
  routes: routeItems(config),
  programs: programItems(config),
  ...(Object.keys(config.jobs).length === 0 ? {} : { jobs: jobItems(config, now) }),
  data: dataItems(config),
});
