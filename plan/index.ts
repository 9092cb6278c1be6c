export { evaluate, type Plan } from "./evaluate";
export { recordResources, type RecordedResource } from "./monitor";
export { planJson, renderPlan, type PlanJson } from "./render";
export { readStackFile, StackFileError, type StackFile } from "./stack-file";
export { configOf } from "./stack-config";
