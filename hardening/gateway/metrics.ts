/** What the gateway tells a monitored stack's Prometheus: HAProxy's own metrics, and answers by route and status. */
import { ANSWERS_PATH, MONITORING_PARTS } from "../monitoring/parts";
import type { GatewayRoute } from "./route";
import { section } from "./text";

/** HAProxy's own metrics know only classes of statuses (4xx), in which these are lost. */
const COUNTED = [401, 403, 429] as const;
/** More lines than this would not fit into one buffer. */
const LARGEST_PAGE = 49_152;

const variable = ({ name }: Pick<GatewayRoute, "name">, status: number): string =>
  `proc.answers_${name.replaceAll("-", "_")}_${status}`;

/**
 * Counts a route's answers, whoever gave them. A count is kept by the process, so it starts at 0 after a reload, as all
 * of HAProxy's do.
 */
export const countAnswers = (route: Pick<GatewayRoute, "name">): string[] =>
  COUNTED.map(
    (status) =>
      `http-after-response set-var(${variable(route, status)}) var(${variable(route, status)},0),add(1) ` +
      `if { status ${status} }`,
  );

/** @param subnet The network whose members may ask (CIDR) */
export function metricsFrontend(subnet: string, routes: readonly Pick<GatewayRoute, "name">[]): string[] {
  const lines = routes.flatMap((route) =>
    COUNTED.map(
      (status) =>
        String.raw`rampart_gateway_answers_total{route=\"${route.name}\",status=\"${status}\"} ` +
        String.raw`%[var(${variable(route, status)},0)]\n`,
    ),
  );
  const page = [String.raw`# TYPE rampart_gateway_answers_total counter\n`, ...lines].join("");
  if (page.length > LARGEST_PAGE)
    throw new Error(`${routes.length} routes are too many to be counted one by one; set rampart:monitoring to false`);
  return section("frontend metrics", [
    `bind *:${MONITORING_PARTS.gateway.port}`,
    `tcp-request connection reject unless { src ${subnet} }`,
    "http-request set-log-level silent",
    "http-request use-service prometheus-exporter if { method GET } { path /metrics }",
    `http-request return status 200 content-type "text/plain; version=0.0.4; charset=utf-8" lf-string "${page}" ` +
      `if { method GET } { path ${ANSWERS_PATH} }`,
    "http-request return status 404",
  ]);
}
