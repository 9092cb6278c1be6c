export * from "./dynamic-config";
export * from "./headers";
export * from "./static-config";
export * from "./tls";
