/** The configuration of a stack: its schema, its defaults, and every fault of it in one error. */
export { imageFault, parseImage, type ImageReference } from "../hardening/container/image";
export * from "./certificates";
export * from "./derived";
export * from "./environment";
export * from "./faults";
export * from "./images";
export * from "./load";
export * from "./pulumi";
export { NAMESPACE, type RawConfig } from "./raw";
export * from "./schema";
export * from "./sinks";
