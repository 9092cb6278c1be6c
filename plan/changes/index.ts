export { compareConfigs, compareControls, type Change, type ControlChange } from "./compare";
export type { Direction } from "./direction";
