export * from "./access";
export * from "./base-config";
export { canaryAlias, canaryShare, isCanary } from "./canary";
export { guardedPorts } from "./guarded-hosts";
export * from "./paths";
export * from "./route";
export * from "./routes-config";
