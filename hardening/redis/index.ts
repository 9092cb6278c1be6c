/** Redis as pure functions: its configuration, its users, and the scripts that its container runs. */
export * from "./acl";
export * from "./conf";
export * from "./scripts";
