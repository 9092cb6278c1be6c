export { GRANTABLE_CAPABILITIES } from "./confinement";
export * from "./stack";
