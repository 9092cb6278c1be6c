export * from "./access";
export * from "./base-config";
export { guardedPorts } from "./guarded-hosts";
export * from "./paths";
export * from "./route";
export * from "./routes-config";
