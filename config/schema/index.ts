export { GRANTABLE_CAPABILITIES } from "./confinement";
export { disk, type DiskConfig } from "./disk";
export * from "./stack";
