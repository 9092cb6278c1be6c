/** A stack that measures itself: what is measured, who can reach it, and alerts that fire and arrive. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { container, containers, docker, inNetworkOf, kindOf, mustDocker, nameOf } from "../lib/engine";
import { ask } from "../lib/http";
import { tail, until } from "../lib/process";
import { Stack } from "../lib/pulumi";
import { expect, expectNone, type Suite } from "../lib/runner";
import { MONITORED, monitoredSettings, unmonitoredSettings, type Context } from "../lib/stacks";

const STACK = "e2e-monitoring";
const KEY = "alertUrl";
/** Seconds: a rule's time, an evaluation, and Alertmanager's wait. */
const FIRES_WITHIN = 240;

let made: Stack | undefined;
const stackOf = ({ work }: Context): Stack => (made ??= new Stack(STACK, work));

interface Alert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
}
/** What the webhook was told. */
const arrived: Alert[] = [];
let server: Server | undefined;

/** The team's receiver: on this machine, as Alertmanager's way out leads to it. */
async function receiver(): Promise<string> {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      arrived.push(...(JSON.parse(body) as { readonly alerts: readonly Alert[] }).alerts);
      response.end();
    });
  }).listen(0, "0.0.0.0");
  await once(server, "listening");
  server.unref();
  return `http://${MONITORED.receiver}:${(server.address() as AddressInfo).port}/${"hook".repeat(8)}`;
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}
const address = (host: number): string => MONITORED.pool.replace(/0\.0\/16$/, `255.${host}`);

/** Asks Prometheus in its own container's network. */
async function query(text: string): Promise<readonly Sample[]> {
  const url = `http://${address(10)}:9090/api/v1/query?query=${encodeURIComponent(text)}`;
  const command = ["curl", "--noproxy", "*", "-sS", "-m", "10", url];
  const { stdout, stderr, code } = await inNetworkOf(await container(STACK, "prometheus"), command);
  if (code !== 0) throw new Error(stderr);
  return (JSON.parse(stdout) as { readonly data: { readonly result: readonly Sample[] } }).data.result;
}

const at = (host: string, path: string): Promise<{ readonly status: number }> =>
  ask({ host, port: MONITORED.httpsPort, path });

/** Waits until the webhook was told of an alert. */
const told = (alertname: string, labels: Readonly<Record<string, string>>): Promise<Alert> =>
  until(`the receiver is told of ${alertname}`, FIRES_WITHIN, async () =>
    Promise.resolve(
      arrived.find(
        (one) =>
          one.labels["alertname"] === alertname &&
          Object.entries(labels).every(([name, value]) => one.labels[name] === value),
      ),
    ),
  );

export const monitoring: Suite<Context> = {
  name: "monitoring",
  stack: "monitoring",
  once: true,
  sequence: true,
  checks: [
    {
      name: "everything that is measured answers",
      critical: true,
      run: async (context) => {
        const stack = stackOf(context);
        await stack.init();
        await stack.setSecret(`rampart:${KEY}`, await receiver());
        await stack.mustUp(monitoredSettings(context.images, KEY));
        const targets = await until("all targets are up", 60, async () => {
          const found = await query("up");
          return found.length === 9 && found.every(({ value }) => value[1] === "1") && found;
        });
        return targets
          .map(({ metric }) => metric["job"])
          .sort()
          .join(", ");
      },
    },
    {
      name: "the metrics that the rules need are there",
      run: async () => {
        const wanted = [
          "rampart_engine_up == 1",
          'rampart_container_healthy{container="postgres"} == 1',
          'rampart_certificate_end_seconds{certificate="postgres"} > time()',
          'rampart_certificate_end_seconds{certificate="authority"} > time()',
          "rampart_edge_certificate_longest_seconds >= rampart_edge_certificate_left_seconds",
          "node_memory_MemAvailable_bytes > 0",
          "node_filesystem_avail_bytes > 0",
          "node_vmstat_oom_kill >= 0",
          "pg_up == 1",
          "redis_up == 1",
          "redis_memory_used_bytes / redis_memory_max_bytes > 0",
          "redis_aof_last_write_status == 1",
          "pg_settings_max_connections > 0",
          "haproxy_process_max_connections > 0",
          'haproxy_backend_http_responses_total{proxy="route_api"}',
          'rampart_gateway_answers_total{route="api",status="429"}',
        ];
        await until("memory is known, which is asked for beside the scrapes", 60, async () => {
          const found = await query('rampart_container_memory_bytes{container="redis-metrics"} > 0');
          return found.length > 0;
        });
        const found = await Promise.all(wanted.map(async (text) => ((await query(text)).length > 0 ? [] : [text])));
        expectNone(found.flat(), "not there");
      },
    },
    {
      name: "a preview after the deployment is empty",
      run: async (context) => {
        const { output } = await stackOf(context).preview();
        expect(!/\b\d+ to (?:create|update|replace|delete)\b/.test(output), tail(output, 40));
      },
    },
    {
      name: "services reach nothing of it, and nothing of it is published",
      run: async () => {
        const api = await container(STACK, "api");
        const gateway = await container(STACK, "gateway");
        const exporter = await container(STACK, "postgres-metrics");
        const redis = await container(STACK, "redis-metrics");
        const own = (one: typeof api, network: string): string =>
          one.NetworkSettings.Networks[`${MONITORED.name}-${network}`]?.IPAddress ?? "";
        const places = [
          ...[`${address(10)}:9090`, `${address(11)}:9093`, `${address(12)}:9101`, `${address(13)}:9102`],
          ...[`${address(14)}:9100`, `${address(15)}:9103`, `${address(16)}:9187`],
          ...[`${own(gateway, "proxy")}:9101`, `${own(exporter, "internal")}:9187`, `${own(redis, "internal")}:9121`],
          `${address(17)}:9121`,
        ];
        const faults = await Promise.all(
          places.map(async (place) => {
            const command = ["curl", "--noproxy", "*", "-s", "-m", "3", `http://${place}/metrics`];
            return (await inNetworkOf(api, command)).stdout === "" ? [] : [`api reads ${place}`];
          }),
        );
        const published = (await containers(STACK))
          .filter((one) => kindOf(one) === "monitoring")
          .filter((one) => Object.values(one.NetworkSettings.Ports).some((ports) => (ports ?? []).length > 0))
          .map((one) => `${nameOf(one)} publishes a port`);
        expectNone([...faults.flat(), ...published]);
        // The same from where it has to work.
        const reached = await inNetworkOf(await container(STACK, "prometheus"), [
          "curl",
          "--noproxy",
          "*",
          "-s",
          "-m",
          "3",
          `http://${address(12)}:9101/answers`,
        ]);
        expect(reached.stdout.includes("rampart_gateway_answers_total"), reached.stdout);
      },
    },
    {
      name: "a CA that does not answer: the alert of a host without a certificate begins to count",
      run: async (context) => {
        const before = (await container(STACK, "api")).Id;
        const directory = `https://${MONITORED.receiver}:1/dir`;
        const certificates = { directory, challenge: "http-01" };
        await stackOf(context).mustUp({ ...monitoredSettings(context.images, KEY), certificates });
        const pending = 'ALERTS{alertname="EdgeCertificateMissing",alertstate="pending"}';
        const found = await until("Prometheus finds no certificate", 120, async () => {
          const alerts = await query(pending);
          return alerts.length === 2 && alerts;
        }).catch(async (error: unknown) => {
          const evidence = await query('{__name__=~"ALERTS|traefik_tls_certs_not_after"} or up');
          throw new Error(`${String(error)}: ${evidence.map((one) => JSON.stringify(one)).join("\n")}`);
        });
        const hosts = found.map(({ metric }) => metric["host"]).sort();
        expect(hosts.join() === [MONITORED.brokenHost, MONITORED.host].sort().join(), hosts.join());
        const { output } = await docker(["logs", (await container(STACK, "edge")).Id]);
        expect(/ACME/.test(output), tail(output, 10));
        expect((await container(STACK, "api")).Id === before, "the API was replaced");
        await stackOf(context).mustUp(monitoredSettings(context.images, KEY));
        // The program that evaluated it ended, and what it last said is shown for five minutes.
        const young = 'count_over_time(ALERTS{alertname="EdgeCertificateMissing"}[30s])';
        await until("it is over", 60, async () => (await query(young)).length === 0);
        expect((await at(MONITORED.host, "/api/version")).status === 200, "the API does not serve");
        return hosts.join();
      },
    },
    {
      name: "a service that answers 500, and a target that is gone: both alerts arrive at the webhook",
      run: async () => {
        await mustDocker(["stop", (await container(STACK, "host-metrics")).Id]);
        const started = Date.now();
        let fails = 0;
        let waiting = true;
        const failing = (async (): Promise<void> => {
          while (waiting) {
            fails += (await at(MONITORED.brokenHost, "/api/cache")).status === 500 ? 1 : 0;
            await new Promise((done) => setTimeout(done, 500));
          }
        })();
        try {
          const [, alert] = await Promise.all([
            told("TargetDown", { job: "host" }),
            told("ServerErrors", { proxy: "route_broken" }),
            told("ContainerStopped", { container: "host-metrics" }),
          ]);
          expect(alert.labels["stack"] === STACK, JSON.stringify(alert.labels));
        } finally {
          waiting = false;
          await failing;
        }
        expectNone(
          arrived.filter(({ labels }) => labels["alertname"] === "Watchdog").map(() => "the Watchdog was sent"),
        );
        return `after ${((Date.now() - started) / 1000).toFixed(0)} s and ${fails} answers of 500`;
      },
    },
    {
      name: "refusals are counted by route and status",
      run: async () => {
        const statuses = await Promise.all(Array.from({ length: 60 }, () => at(MONITORED.host, "/api/version")));
        expect(
          statuses.some(({ status }) => status === 429),
          "nothing was refused",
        );
        await until("Prometheus has the count", 60, async () => {
          const found = await query('rampart_gateway_answers_total{route="api",status="429"} > 0');
          return found.length > 0;
        });
      },
    },
    {
      name: "the receiver's URL is neither in the state, nor in the log, nor on the engine, nor shown by Alertmanager",
      run: async (context) => {
        const stack = stackOf(context);
        const all = (await containers(STACK, true)).map(({ Id }) => Id);
        const status = ["curl", "--noproxy", "*", "-sS", "-m", "5", `http://${address(11)}:9093/metrics`];
        const places = {
          state: await stack.written(),
          log: stack.log,
          engine: (await docker(["inspect", ...all])).stdout,
          alertmanager: (await inNetworkOf(await container(STACK, "alertmanager"), status)).stdout,
        };
        expectNone(
          Object.entries(places).flatMap(([place, text]) => (text.includes("hookhook") ? [place] : [])),
          "shows the URL",
        );
      },
    },
    {
      name: "Prometheus and Alertmanager stay far below their limits",
      run: async () => {
        // An engine is asked for one container's memory after the other, and one that was replaced is still shown for
        // five minutes.
        const found = await until("Prometheus knows the memory of both", 120, async () => {
          const both = await query(
            'max by (container) (rampart_container_memory_bytes{container=~"prometheus|alertmanager"}) / 1048576',
          );
          return both.length === 2 && both;
        });
        const high = found.filter(({ value }) => Number(value[1]) > 120);
        expectNone(high.map(({ metric, value }) => `${metric["container"] ?? ""} uses ${value[1]} MiB`));
        return found
          .map(({ metric, value }) => `${metric["container"] ?? ""} ${Number(value[1]).toFixed(0)} MiB`)
          .join();
      },
    },
    {
      name: "switched off again, it is gone; destroy leaves nothing behind",
      run: async (context) => {
        const stack = stackOf(context);
        await stack.mustUp(unmonitoredSettings(context.images, KEY));
        expectNone((await containers(STACK, true)).filter((one) => kindOf(one) === "monitoring").map(nameOf), "left");
        const result = await stack.destroy();
        expect(result.code === 0, tail(result.output, 40));
        server?.closeAllConnections();
        server?.close();
      },
    },
  ],
};
