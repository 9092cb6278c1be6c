import { fileText } from "../files";

/** Where the gateway's container finds its files. The script has the same paths. */
export const GATEWAY_PATHS = { base: "/etc/rampart", routes: "/routes" } as const;
/** Names of files below `GATEWAY_PATHS.base`. */
export const GATEWAY_BASE_FILES = { config: "haproxy.cfg", apply: "apply.sh", auth: "auth-request.lua" } as const;
/** Names of files below `GATEWAY_PATHS.routes`. HAProxy reads those of them that end with `.cfg`. */
export const GATEWAY_ROUTE_FILES = { config: "routes.cfg", servers: "servers", shape: "shape" } as const;

/** What has a running gateway serve the routes in its volume: POSIX sh with the tools of BusyBox. */
export const gatewayApplyScript = (): string => fileText(__dirname, "apply.sh");
