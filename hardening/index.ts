/** Rampart's data and pure functions: no Pulumi, no engine. What a workload is, what it may do, and the rules that judge it. */
export * from "./confinement/apparmor";
export * from "./connection-urls";
export * from "./container/render";
export * from "./container/labels";
export * from "./container/networks";
export * from "./rules";
export * from "./confinement/seccomp";
export * from "./container/workload";
