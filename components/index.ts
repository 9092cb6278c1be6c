/** Everything that a Pulumi program of one's own can take from Rampart: the whole stack, or one component. */
export {
  ConfigError,
  loadConfig,
  loadStackConfig,
  type LoadedConfig,
  type RawConfig,
  type StackConfig,
} from "../config";
export * from "../engine/docker";
export * from "../engine/engine";
export * from "../engine/hooks";
export * from "../resources/carrier";
export * from "../resources/context";
export * from "../resources/outputs";
export * from "./authority";
export * from "./backup";
export * from "./data-volume";
export * from "./database-roles";
export * from "./edge";
export * from "./egress-proxy";
export * from "./forwarder";
export * from "./gateway";
export * from "./images";
export * from "./job";
export * from "./job-scheduler";
export * from "./jobs";
export * from "./log-sink";
export * from "./migration-job";
export * from "./mounted-files";
export * from "./monitoring";
export * from "./networks";
export * from "./postgres";
export * from "./redis";
export * from "./secrets";
export * from "./service";
export * from "./socket-proxy";
export * from "./stack";
