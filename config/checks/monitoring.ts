/** Receivers of alerts: each secret is set, encrypted, and what it has to be. */
import { monitoringOf } from "../derived";
import type { Fault } from "../faults";
import { UNREADABLE } from "../raw";
import type { StackConfig } from "../schema";
import type { SecretReference } from "../schema/secret";
import type { LookUp, ShowPath } from "./check";
import { howToSet, secretFault, shownReference } from "./secrets";

export function monitoringFaults(config: StackConfig, show: ShowPath, lookUp: LookUp): Fault[] {
  const monitoring = monitoringOf(config);
  if (monitoring === undefined) return [];
  const { webhook, ntfy, email } = monitoring;
  const urls = [
    [["webhook"], webhook],
    [["ntfy", "url"], ntfy?.url],
  ] as const;
  // A service issues its tokens itself: their form is not for Rampart to judge.
  const tokens = [
    [["ntfy", "token"], ntfy?.token],
    [["email", "password"], email?.password],
  ] as const;
  const judge = (path: readonly string[], secret: SecretReference | undefined, isUrl: boolean): Fault[] => {
    if (secret === undefined) return [];
    const found = lookUp(secret);
    const fault =
      found.kind !== "secret"
        ? secretFault("ALERT_RECEIVER", secret, found)
        : isUrl && found.value !== UNREADABLE
          ? urlFault(found.value, secret, config.environment === "dev")
          : undefined;
    return fault === undefined
      ? []
      : [{ path: show(["monitoring", ...path]), ...fault, given: fault.given ?? shownReference(secret) }];
  };
  return [
    ...urls.flatMap(([path, secret]) => judge(path, secret, true)),
    ...tokens.flatMap(([path, secret]) => judge(path, secret, false)),
  ];
}

function urlFault(value: string, secret: SecretReference, plain: boolean) {
  const schemes = plain ? ["https:", "http:"] : ["https:"];
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && schemes.includes(url.protocol)) return undefined;
  return {
    given: `${shownReference(secret)}, whose value (hidden) is no such URL`,
    allowed: plain ? "a URL with https or http" : "a URL with https",
    fix: `${howToSet(secret)} with the receiver's URL`,
  };
}
