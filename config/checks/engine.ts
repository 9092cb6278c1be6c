/** How the Docker provider reaches the engine, by the keys `docker:*` of the stack. */
import type { Environment } from "../environment";
import type { Fault } from "../faults";
import type { RawConfig } from "../raw";
import { quote } from "../text";
import { hasEnginePassword, isEngine, isPlainTcp, shownEngine } from "../values/engine";

const PATH = "docker:host";
const EXAMPLE = "ssh://<user>@<host>";
const ALLOWED = "ssh://<user>@<host>, unix://<path>, or tcp:// with docker:certPath";

/** Whoever speaks to the engine is root on its host: in clear, that is everybody on the way. */
export function engineFaults({ others = {} }: Pick<RawConfig, "others">, environment: Environment): Fault[] {
  const host = others["docker:host"];
  if (typeof host !== "string" || host === "") return [];
  const given = quote(shownEngine(host));
  if (!isEngine(host)) return [{ path: PATH, given, allowed: ALLOWED, fix: `write it as ${EXAMPLE}` }];
  if (hasEnginePassword(host))
    return [
      {
        path: PATH,
        given: `${given}, with a password (hidden)`,
        allowed: `${ALLOWED}; without a password`,
        fix: "remove it, and log in by a key",
      },
    ];
  const keys = Object.keys(others).filter((key) => others[key] !== "");
  if (environment === "dev" || !isPlainTcp(host, keys)) return [];
  return [
    {
      path: PATH,
      given: `${given}, without TLS`,
      allowed: ALLOWED,
      fix: "use ssh://<user>@<host>, or set docker:certPath to the directory with ca.pem, cert.pem and key.pem",
    },
  ];
}
