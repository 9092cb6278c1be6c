export * from "./bodies";
export * from "./clients";
export * from "./dynamic-config";
export * from "./headers";
export * from "./static-config";
export * from "./tls";
