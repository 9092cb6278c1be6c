/** The host and its engine: what is so, and what has to be. Pure: nothing here asks a host. */
import { AUDIT_CONTROLS } from "./controls/audit";
import { CONFIGURATION_CONTROLS } from "./controls/configuration";
import { ENGINE_CONTROLS } from "./controls/engine";
import { ESCAPE_CONTROLS } from "./controls/escapes";
import { FILE_CONTROLS } from "./controls/files";
import { KERNEL_CONTROLS } from "./controls/kernel";
import { NETWORK_CONTROLS } from "./controls/network";
import { SYSTEM_CONTROLS } from "./controls/system";
import type { HostControl } from "./control";

export { FACTS_SCRIPT, HostFacts, parseFacts, saidFacts, unseenHost, type EngineFacts, type Fact } from "./facts";
export type { HostControl } from "./control";
export { engineConfig } from "./engine-config";
export { judgeHost, type HostCheck } from "./judge";
export { ESCAPES, ESCAPES_AS_OF } from "./escapes";

/** Every control of `rampart doctor`, in the order in which the command tells them. */
export const HOST_CONTROLS: readonly HostControl[] = [
  ...ESCAPE_CONTROLS,
  ...CONFIGURATION_CONTROLS,
  ...ENGINE_CONTROLS,
  ...FILE_CONTROLS,
  ...AUDIT_CONTROLS,
  ...NETWORK_CONTROLS,
  ...KERNEL_CONTROLS,
  ...SYSTEM_CONTROLS,
];
