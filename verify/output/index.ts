export { controlsOf, countsOf, OUTCOMES, type ControlResult } from "./controls";
export { junit } from "./junit";
export { sarif } from "./sarif";
