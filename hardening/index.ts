/** Rampart's data and pure functions: no Pulumi, no engine. What a workload is, what it may do, and the rules that judge it. */
export * from "./apparmor";
export * from "./connection-urls";
export * from "./container-args";
export * from "./labels";
export * from "./networks";
export * from "./rules";
export * from "./seccomp";
export * from "./workload";
