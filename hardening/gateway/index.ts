export * from "./access";
export * from "./base-config";
export { canaryAlias, WATCH_PREFIX } from "./canary";
export { guardedPorts } from "./guarded-hosts";
export * from "./paths";
export * from "./route";
export * from "./routes-config";
