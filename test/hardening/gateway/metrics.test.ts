import { renderGatewayRoutes } from "../../../hardening/gateway";
import { metricsFrontend } from "../../../hardening/gateway/metrics";
import { input, route } from "./input";

const SUBNET = "10.201.255.0/24";
const config = (more: object = {}): string =>
  renderGatewayRoutes({ ...input, edge: { host: "edge", tls: 8443 }, http: true, ...more }).config;

test("without monitoring there is nothing to ask, and nothing is counted", () => {
  expect(config()).not.toMatch(/metrics|proc\./);
});

test("each route counts its refusals by status, whoever refused", () => {
  const lines = config({ metricsSubnet: SUBNET, routes: [{ ...route, name: "2-api" }] }).split("\n");
  const counting = lines
    .map((line) => line.trim())
    .filter((line) => line.startsWith("http-after-response set-var(proc."));
  expect(counting).toEqual(
    [401, 403, 429].map(
      (status) =>
        `http-after-response set-var(proc.answers_2_api_${status}) var(proc.answers_2_api_${status},0),add(1) ` +
        `if { status ${status} }`,
    ),
  );
});

test("only the network of monitoring may ask", () => {
  expect(metricsFrontend(SUBNET, [{ name: "api" }]).map((line) => line.trim())).toEqual([
    "frontend metrics",
    "bind *:9101",
    "tcp-request connection reject unless { src 10.201.255.0/24 }",
    "http-request set-log-level silent",
    "http-request use-service prometheus-exporter if { method GET } { path /metrics }",
    'http-request return status 200 content-type "text/plain; version=0.0.4; charset=utf-8" lf-string ' +
      String.raw`"# TYPE rampart_gateway_answers_total counter\n` +
      [401, 403, 429]
        .map(
          (status) =>
            String.raw`rampart_gateway_answers_total{route=\"api\",status=\"${status}\"} ` +
            String.raw`%[var(proc.answers_api_${status},0)]\n`,
        )
        .join("") +
      '" if { method GET } { path /answers }',
    "http-request return status 404",
    "",
  ]);
});

test("more routes than fit on a page are refused", () => {
  const many = Array.from({ length: 400 }, (_, index) => ({ name: `service-${index}` }));
  expect(() => metricsFrontend(SUBNET, many)).toThrow("400 routes are too many to be counted one by one");
});
