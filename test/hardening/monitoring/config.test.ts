import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { renderAlertmanagerConfig, type AlertReceivers } from "../../../hardening/monitoring/alertmanager-config";
import { MONITORING_CONTAINERS, MONITORING_PARTS, monitoringEndpoint } from "../../../hardening/monitoring/parts";
import { prometheusRules, renderPrometheusConfig } from "../../../hardening/monitoring/prometheus-config";
import { describeWith } from "../../programs";

const SUBNET = "10.201.255.0/24";
const INPUT = { subnet: SUBNET, stack: "prod", postgres: true, redis: true, acme: false, logs: false, jobs: false };
const EMAIL = { to: ["a@acme.com", "b@acme.com"], from: "alerts@acme.com", server: "smtp.acme.com:587" };
const ALL: AlertReceivers = {
  webhook: "https://hooks.acme.com/T0",
  ntfy: { url: "https://ntfy.sh/acme", token: "tk_1" },
  email: { ...EMAIL, username: "alerts", password: "pass" },
};

interface Prometheus {
  readonly global: { readonly external_labels: object };
  readonly alerting: unknown;
  readonly scrape_configs: readonly {
    readonly job_name: string;
    readonly metrics_path: string;
    readonly static_configs: readonly { readonly targets: readonly string[] }[];
  }[];
}
const targets = (data: boolean): Record<string, string> =>
  Object.fromEntries(
    (parse(renderPrometheusConfig({ ...INPUT, postgres: data, redis: data })) as Prometheus).scrape_configs.map(
      (one) => [one.job_name, `${one.static_configs[0]?.targets[0] ?? ""}${one.metrics_path}`],
    ),
  );

describe("where parts are", () => {
  test("an address and a port of its own for each", () => {
    const endpoints = Object.keys(MONITORING_PARTS).map((part) =>
      monitoringEndpoint(SUBNET, part as keyof typeof MONITORING_PARTS),
    );
    expect(new Set(endpoints.map((one) => one.split(":")[0])).size).toBe(endpoints.length);
    expect(monitoringEndpoint(SUBNET, "prometheus")).toBe("10.201.255.10:9090");
  });

  test("gateway and edge are the stack's own containers", () => {
    expect(MONITORING_CONTAINERS).toEqual([
      "prometheus",
      "alertmanager",
      "host-metrics",
      "engine-metrics",
      "postgres-metrics",
      "redis-metrics",
    ]);
  });
});

describe("prometheus.yml", () => {
  test("what is scraped", () => {
    expect(targets(true)).toEqual({
      prometheus: "10.201.255.10:9090/metrics",
      alertmanager: "10.201.255.11:9093/metrics",
      gateway: "10.201.255.12:9101/metrics",
      answers: "10.201.255.12:9101/answers",
      edge: "10.201.255.13:9102/metrics",
      host: "10.201.255.14:9100/metrics",
      engine: "10.201.255.15:9103/metrics",
      postgres: "10.201.255.16:9187/metrics",
      redis: "10.201.255.17:9121/metrics",
    });
  });

  test("without a database and Redis, none is", () => {
    expect(Object.keys(targets(false))).not.toEqual(expect.arrayContaining(["postgres"]));
    expect(Object.keys(targets(false))).not.toEqual(expect.arrayContaining(["redis"]));
  });

  test("alerts carry the stack's name, and go to Alertmanager", () => {
    const { global, alerting } = parse(renderPrometheusConfig(INPUT)) as Prometheus;
    expect(global.external_labels).toEqual({ stack: "prod" });
    expect(alerting).toEqual({ alertmanagers: [{ static_configs: [{ targets: ["10.201.255.11:9093"] }] }] });
  });
});

interface Alertmanager {
  readonly receivers: readonly { readonly name: string }[];
  readonly route: { readonly receiver: string; readonly routes: readonly unknown[] };
}
interface Mail {
  readonly receivers: readonly { readonly email_configs: readonly { readonly require_tls: boolean }[] }[];
}
const alertmanager = (receivers: AlertReceivers): Alertmanager =>
  parse(renderAlertmanagerConfig(receivers)) as Alertmanager;

describe("alertmanager.yml", () => {
  test("without a receiver, alerts are only shown", () => {
    const { receivers, route } = alertmanager({});
    expect(receivers).toEqual([{ name: "shown" }]);
    expect(route.receiver).toBe("shown");
  });

  test("all receivers are told of the same alerts, and of their end", () => {
    const { receivers, route } = alertmanager(ALL);
    expect(route.receiver).toBe("team");
    expect(receivers).toEqual([
      { name: "shown" },
      {
        name: "team",
        email_configs: [
          {
            auth_password: "pass",
            auth_username: "alerts",
            from: "alerts@acme.com",
            require_tls: true,
            send_resolved: true,
            smarthost: "smtp.acme.com:587",
            to: "a@acme.com, b@acme.com",
          },
        ],
        webhook_configs: [
          { send_resolved: true, url: "https://hooks.acme.com/T0" },
          {
            http_config: { authorization: { credentials: "tk_1", type: "Bearer" } },
            send_resolved: true,
            url: "https://ntfy.sh/acme?template=alertmanager",
          },
        ],
      },
    ]);
  });

  test("mail goes over TLS: by STARTTLS, on port 465 from the first byte", () => {
    const tls = (port: number): unknown =>
      (alertmanager({ email: { ...EMAIL, server: `smtp.acme.com:${port}` } }) as unknown as Mail).receivers[1]
        ?.email_configs[0]?.require_tls;
    expect([25, 465, 587].map(tls)).toEqual([true, false, true]);
  });

  test("the Watchdog is sent to nobody", () => {
    expect(alertmanager(ALL).route.routes).toEqual([{ matchers: ['alertname="Watchdog"'], receiver: "shown" }]);
  });
});

describeWith("promtool", "amtool")("their own judges", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "monitoring-"));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const judge = (program: string, args: readonly string[], file: string, text: string): string => {
    writeFileSync(join(directory, file), text);
    return execFileSync(program, [...args, file], { cwd: directory, encoding: "utf8", stdio: "pipe" });
  };

  test("promtool takes prometheus.yml", () => {
    writeFileSync(join(directory, "rules.yml"), prometheusRules());
    const text = renderPrometheusConfig(INPUT).replace("/etc/prometheus/rules.yml", "rules.yml");
    expect(judge("promtool", ["check", "config"], "prometheus.yml", text)).toContain("SUCCESS");
  });

  test.each([
    ["none", {}],
    ["all", ALL],
    ["mail without a login", { email: EMAIL }],
  ] as const)("amtool takes alertmanager.yml, receivers: %s", (_, receivers) => {
    const text = renderAlertmanagerConfig(receivers);
    expect(judge("amtool", ["check-config"], "alertmanager.yml", text)).toContain("SUCCESS");
  });
});
