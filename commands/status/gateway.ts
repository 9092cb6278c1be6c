/** The gateway's own view of its routes, from its control port. */
import { defined } from "../../hardening/defined";
import { WATCH_PREFIX } from "../../hardening/gateway";

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
  const addresses = new Map<string, string[]>();
  const canaries = new Map<string, NonNullable<RouteFact["canary"]>>();
  for (const line of said.split("\n")) {
    // be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight …
    const [, backend = "", , , address = "", state = "", , weight = "0"] = /^\d+ /.test(line) ? line.split(" ") : [];
    if (backend.startsWith(WATCH_PREFIX)) {
      const route = backend.slice(WATCH_PREFIX.length);
      canaries.set(route, { share: Number(weight), well: canaries.get(route)?.well === true || state !== DOWN });
    }
    if (!backend.startsWith(PREFIX)) continue;
    const known = addresses.get(backend) ?? [];
    addresses.set(backend, address === "-" || address === "" ? known : [...known, address]);
  }
  const figures = figuresOf(said);
  return [...addresses]
    .map(([route, found]) => ({
      route: route.slice(PREFIX.length),
      addresses: found,
      ...defined({ canary: canaries.get(route.slice(PREFIX.length)) }),
      inFlight: figures.get(route)?.inFlight ?? 0,
      requests: figures.get(route)?.requests ?? 0,
      failed: figures.get(route)?.failed ?? 0,
    }))
    .sort((a, b) => (a.route < b.route ? -1 : 1));
}

/** HAProxy's figure for a server that gets no requests. */
const DOWN = "0";

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
