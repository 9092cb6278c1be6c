/**
 * Rampart's data and pure functions: no Pulumi, no engine. What a workload is, what it may do, and the rules that judge
 * it.
 */
export * from "./confinement/apparmor";
export * from "./confinement/seccomp";
export * from "./container/labels";
export * from "./container/networks";
export * from "./container/render";
export * from "./container/workload";
export * from "./postgres/server/url";
export * from "./redis/url";
export * from "./rules";
