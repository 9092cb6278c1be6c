/** How the Docker provider reaches the engine, by the keys `docker:*` of the stack. */
import type { Environment } from "../environment";
import type { Fault } from "../faults";
import type { RawConfig } from "../raw";
import { quote } from "../text";
import { isPlainTcp, shownEngine } from "../values/engine";

/** Whoever speaks to the engine is root on its host: in clear, that is everybody on the way. */
export function engineFaults({ others = {} }: Pick<RawConfig, "others">, environment: Environment): Fault[] {
  const host = others["docker:host"];
  if (environment === "dev" || typeof host !== "string" || !isPlainTcp(host, Object.keys(others))) return [];
  return [
    {
      path: "docker:host",
      given: `${quote(shownEngine(host))}, without TLS`,
      allowed: "ssh://<user>@<host>, unix://<path>, or tcp:// with docker:certPath",
      fix: "use ssh://<user>@<host>, or set docker:certPath to the directory with ca.pem, cert.pem and key.pem",
    },
  ];
}
