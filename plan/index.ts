export { evaluate, type Plan } from "./evaluate";
export { recordResources, type RecordedResource } from "./monitor";
export { compare, planJson, renderComparison, renderPlan, type PlanJson } from "./render";
export type { Change, ControlChange, Direction } from "./changes";
export type { Fact, Item, Summary } from "./summary";
export type { Comparison } from "./text/changes";
export type { PageOptions } from "./text/page";
export { readStackFile, StackFileError, type StackFile } from "./stack-file";
export { configOf } from "./stack-config";
