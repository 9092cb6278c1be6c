export * from "./dynamic-config";
export * from "./given-certificates";
export * from "./headers";
export * from "./static-config";
export * from "./tls";
