/** Everything that a Pulumi program of one's own can take from Rampart: the whole stack, or one component. */
export * from "./authority";
export {
  ConfigError,
  loadConfig,
  loadStackConfig,
  type LoadedConfig,
  type RawConfig,
  type StackConfig,
} from "../config";
export * from "./stack";
export * from "./backup";
export * from "../resources/context";
export * from "./data-volume";
export * from "./database-roles";
export * from "./edge";
export * from "../engine/docker";
export * from "./forwarder";
export * from "../engine/hooks";
export * from "./images";
export * from "./migration-job";
export * from "./mounted-files";
export * from "./networks";
export * from "./postgres";
export * from "./redis";
export * from "./secrets";
export * from "./service";
export * from "./socket-proxy";
