/** Receivers of alerts: each secret is set, encrypted, and what it has to be. */
import { monitoringOf } from "../derived";
import type { Fault } from "../faults";
import { UNREADABLE, type SecretLookup } from "../raw";
import type { StackConfig } from "../schema";
import type { ShowPath } from "./check";
import { secretFault } from "./secrets";

export function monitoringFaults(config: StackConfig, show: ShowPath, lookUp: (key: string) => SecretLookup): Fault[] {
  const monitoring = monitoringOf(config);
  if (monitoring === undefined) return [];
  const { webhook, ntfy, email } = monitoring;
  const urls = [
    [["webhook"], webhook?.config],
    [["ntfy", "url"], ntfy?.url.config],
  ] as const;
  // A service issues its tokens itself: their form is not for Rampart to judge.
  const tokens = [
    [["ntfy", "token"], ntfy?.token?.config],
    [["email", "password"], email?.password?.config],
  ] as const;
  const judge = (path: readonly string[], key: string | undefined, isUrl: boolean): Fault[] => {
    if (key === undefined) return [];
    const found = lookUp(key);
    const fault =
      found.kind !== "secret"
        ? secretFault("ALERT_RECEIVER", key, found)
        : isUrl && found.value !== UNREADABLE
          ? urlFault(found.value, key, config.environment === "dev")
          : undefined;
    return fault === undefined
      ? []
      : [{ path: show(["monitoring", ...path]), ...fault, given: fault.given ?? `rampart:${key}` }];
  };
  return [
    ...urls.flatMap(([path, key]) => judge(path, key, true)),
    ...tokens.flatMap(([path, key]) => judge(path, key, false)),
  ];
}

function urlFault(value: string, key: string, plain: boolean) {
  const schemes = plain ? ["https:", "http:"] : ["https:"];
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && schemes.includes(url.protocol)) return undefined;
  return {
    given: `rampart:${key}, whose value (hidden) is no such URL`,
    allowed: plain ? "a URL with https or http" : "a URL with https",
    fix: `\`pulumi config set --secret rampart:${key}\` with the receiver's URL`,
  };
}
