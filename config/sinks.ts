/** Where a stack's logs go, whichever way the configuration says so. */
import { defaultBuiltin, type BuiltinSink, type HttpSink, type TcpSink } from "./schema/logging";
import type { RouteConfig, StackConfig } from "./schema";
import { route } from "./schema/route";

/** The sink of a stack. */
export type LogSink =
  | ({ readonly kind: "builtin"; readonly retentionDays: number } & BuiltinSink)
  | ({ readonly kind: "fluentd" | "syslog" } & TcpSink)
  | ({ readonly kind: "loki" | "otlp" } & HttpSink);

type Logging = Pick<StackConfig, "environment" | "logging">;

/** Days for which the stack's own sink keeps logs, unless the stack says otherwise. */
const RETENTION_DAYS = 30;

/** The sink that lines are sent to; undefined where there is none. */
export function sinkOf({
  environment,
  logging: { sink, retentionDays = RETENTION_DAYS },
}: Logging): LogSink | undefined {
  if (sink === "none") return undefined;
  if (sink === "builtin") return { kind: "builtin", retentionDays, ...defaultBuiltin({ environment }) };
  const { builtin, fluentd, loki, otlp, syslog } = sink;
  if (builtin !== undefined) return { kind: "builtin", retentionDays, ...builtin };
  if (fluentd !== undefined) return { kind: "fluentd", ...fluentd };
  if (syslog !== undefined) return { kind: "syslog", ...syslog };
  if (loki !== undefined) return { kind: "loki", ...loki };
  if (otlp !== undefined) return { kind: "otlp", ...otlp };
  return undefined;
}

/** Whether lines are kept on this host, by a container of the stack's own. */
export const keepsLogs = (config: Logging): boolean => sinkOf(config)?.kind === "builtin";

/** Pictures within the style sheets of VictoriaLogs' pages; everything else is as strict as for any page. */
const SURFACE_POLICY =
  "default-src 'none'; base-uri 'none'; connect-src 'self'; font-src 'self'; form-action 'self'; " +
  "frame-ancestors 'none'; img-src 'self' data:; manifest-src 'self'; script-src 'self'; style-src 'self'";

/** The route to VictoriaLogs' pages: what reads, and nothing that writes. Undefined where nobody reaches them. */
export function surfaceRoute(config: Logging): RouteConfig | undefined {
  const sink = sinkOf(config);
  if (sink?.kind !== "builtin" || sink.surface === undefined) return undefined;
  return route({ environment: config.environment }).parse({
    ...sink.surface,
    headers: { contentSecurityPolicy: SURFACE_POLICY },
    methods: ["GET", "HEAD", "POST"],
    pathPrefix: "/select",
  });
}

/** Whether lines are sent to another place, for which the collector needs a way out. */
export const sendsLogs = (config: Logging): boolean => !["builtin", undefined].includes(sinkOf(config)?.kind);

/** Whether lines leave this host in clear. */
export const sendsInClear = (sink: LogSink): boolean =>
  sink.kind !== "builtin" && ("url" in sink ? sink.url.startsWith("http:") : !sink.tls);

/** Where a sink is, for a person: never a secret. */
export function sinkPlace(sink: LogSink): string {
  switch (sink.kind) {
    case "builtin":
      return "VictoriaLogs on this host";
    case "fluentd":
    case "syslog":
      return `${sink.kind} at ${sink.server}${sink.tls ? " over TLS" : " in clear"}`;
    case "loki":
    case "otlp":
      return `${sink.kind === "loki" ? "Loki" : "OTLP"} at ${sink.url}`;
    default: {
      const unknown: never = sink;
      throw new Error(`not a sink: ${JSON.stringify(unknown)}`);
    }
  }
}
