/** The gateway's own view of its routes, from its control port. */
import { defined } from "../../hardening/defined";
import { canaryShare, isCanary } from "../../hardening/gateway";

/**
 * Asked within the gateway's container: where each route leads, and what the routes have served since the routes
 * were read.
 */
export const GATEWAY_QUESTIONS = ["show servers state", "show stat -1 2 -1"] as const;
export const gatewayScript = (port: number): string =>
  `for question in ${GATEWAY_QUESTIONS.map((one) => `'${one}'`).join(" ")}; do printf '%s\\n' "$question" | ` +
  `busybox nc 127.0.0.1 ${port}; done`;

export interface RouteFact {
  /** The route's name in the access log. */
  readonly route: string;
  /** Addresses that requests are led to. */
  readonly addresses: readonly string[];
  /** Percent of the requests that its canary gets, and whether the gateway finds it well; absent without a canary. */
  readonly canary?: { readonly share: number; readonly well: boolean };
  /** Requests that wait for their answer now; of all since the last change of the routes; those that ended with 5xx. */
  readonly inFlight: number;
  readonly requests: number;
  readonly failed: number;
}

const PREFIX = "route_";

/** @param said what the two questions gave, one after the other */
export function routeFacts(said: string): RouteFact[] {
  const servers = new Map<string, ServerState[]>();
  for (const line of said.split("\n")) {
    // be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight …
    const [, route = "", , name = "", address = "", state = "", , weight = "0"] = /^\d+ /.test(line)
      ? line.split(" ")
      : [];
    if (!route.startsWith(PREFIX)) continue;
    const one = { name, address, up: state !== DOWN, weight: Number(weight) };
    servers.set(route, [...(servers.get(route) ?? []), one]);
  }
  const figures = figuresOf(said);
  return [...servers]
    .map(([route, found]) => ({
      route: route.slice(PREFIX.length),
      addresses: found.flatMap(({ address }) => (address === "-" || address === "" ? [] : [address])),
      ...defined({ canary: canaryState(found) }),
      inFlight: figures.get(route)?.inFlight ?? 0,
      requests: figures.get(route)?.requests ?? 0,
      failed: figures.get(route)?.failed ?? 0,
    }))
    .sort((a, b) => (a.route < b.route ? -1 : 1));
}

interface ServerState {
  readonly name: string;
  readonly address: string;
  readonly up: boolean;
  readonly weight: number;
}

/** HAProxy's figure for a server that gets no requests. */
const DOWN = "0";

function canaryState(servers: readonly ServerState[]): RouteFact["canary"] {
  const share = canaryShare(servers);
  return share === undefined ? undefined : { share, well: servers.some((one) => isCanary(one) && one.up) };
}

function figuresOf(said: string): Map<string, Pick<RouteFact, "inFlight" | "requests" | "failed">> {
  const lines = said.split("\n");
  const names = (lines.find((line) => line.startsWith("# pxname,")) ?? "").slice(2).split(",");
  const rows = lines.filter((line) => line.startsWith(PREFIX)).map((line) => line.split(","));
  return new Map(
    rows.map((row) => {
      const figure = (name: string): number => Number(row[names.indexOf(name)] ?? 0);
      return [row[0] ?? "", { inFlight: figure("scur"), requests: figure("stot"), failed: figure("hrsp_5xx") }];
    }),
  );
}
