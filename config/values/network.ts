/** The addresses of a stack's networks. */
import { isIPv4 } from "node:net";
import type { Check } from "./check";

/** A /16 for the stack's networks. */
export const poolCheck: Check<string> = (given) => {
  const [address = "", bits] = given.split("/");
  const private16 =
    bits === "16" && isIPv4(address) && /^(?:10\.\d+|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.0\.0$/.test(address);
  if (private16 && address !== "172.17.0.0") return undefined;
  return {
    allowed: "a private /16, such as 10.201.0.0/16, other than the engine's own 172.17.0.0/16",
    fix: "choose a /16 that nothing else on the host uses",
  };
};
