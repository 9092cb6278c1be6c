/** Figures that bound something: in bounds, larger than most need, or so large that nothing is bounded. */
import type { Status, Verdict } from "./rule";
import type { StackView } from "./view";

export interface Bound {
  readonly value: number;
  /** What is bounded, after the figure: `requests a second of one client`. */
  readonly what: string;
  /** More than this is more than most applications need. */
  readonly ordinary: number;
  /** More than this bounds nothing. @default there is no such figure */
  readonly absurd?: number;
}

/** What is wrong with a figure: `open` where a person should look, `fail` where it is no limit; undefined in bounds. */
export function boundFault({
  value,
  what,
  ordinary,
  absurd = Infinity,
}: Bound): Pick<Verdict, "status" | "message"> | undefined {
  if (value > absurd) return { status: "fail", message: `${value} ${what} is no limit` };
  if (value > ordinary)
    return { status: "open", message: `${value} ${what}: see that more than ${ordinary} are needed` };
  return undefined;
}

/** A failure outside of production is accepted, as nobody's data is there. */
export function inProduction(
  status: Status,
  message: string,
  { environment }: StackView,
): Pick<Verdict, "status" | "message"> {
  return status !== "fail" || environment === "prod"
    ? { status, message }
    : { status: "accepted", message: `${message}, as this is ${environment}` };
}

/** Addresses of an IPv4 subnet or of an IPv6 one in networks of /64; one address is one. */
export function addressesOf(source: string): number {
  const [address = "", bits] = source.split("/");
  const longest = address.includes(":") ? 64 : 32;
  return bits === undefined ? 1 : 2 ** Math.max(0, longest - Number(bits));
}
