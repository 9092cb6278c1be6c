export * from "./access";
export * from "./base-config";
export * from "./paths";
export * from "./route";
export * from "./routes-config";
