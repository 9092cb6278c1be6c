/** A stack whose logs go to a sink: what arrives, who can reach it, and what happens while the sink is gone. */
import { container, containers, docker, inNetworkOf, kindOf, mustDocker, nameOf } from "../lib/engine";
import { ask } from "../lib/http";
import { describeLoad, Load } from "../lib/load";
import { query, Receiver, storeUrl, type Line } from "../lib/log-receivers";
import { tail, until } from "../lib/process";
import { Stack } from "../lib/pulumi";
import { expect, expectNone, type Suite } from "../lib/runner";
import { LOGGED, loggedSettings, type Context } from "../lib/stacks";

const STACK = "e2e-logging";
const COLLECTOR = "log-collector";
const STORE = "log-store";
const ARRIVES_WITHIN = 60;
const IN_CLEAR = "the receiver is on this machine";

let made: Stack | undefined;
const stackOf = ({ work }: Context): Stack => (made ??= new Stack(STACK, work));

const search = async (text: string): Promise<readonly Line[]> =>
  query(await container(STACK, STORE), storeUrl(LOGGED.pool), text);

/** Sends a request, and gives the id by which the access log has it. */
async function request(path: string): Promise<string> {
  const answer = await ask({ host: LOGGED.host, port: LOGGED.httpsPort, path });
  const id = answer.headers["x-request-id"];
  expect(typeof id === "string" && id !== "", `no request id: ${JSON.stringify(answer.headers)}`);
  return String(id);
}

/** The containers of the stack that no sink is part of, by name. */
async function others(): Promise<Readonly<Record<string, string>>> {
  const found = (await containers(STACK)).filter((one) => !nameOf(one).includes("log-"));
  return Object.fromEntries(found.map((one) => [nameOf(one), one.Id]));
}

interface Remote {
  readonly name: string;
  readonly image: (context: Context) => string;
  readonly file: string;
  readonly sink: object;
}

const OTEL = { image: ({ images }: Context) => images.otelCollector, file: "/lines/lines.json" };
const REMOTES: readonly Remote[] = [
  {
    ...OTEL,
    name: "otlp",
    sink: { otlp: { url: `http://${LOGGED.receiver}:${LOGGED.ports.otlp}/v1/logs`, reason: IN_CLEAR } },
  },
  {
    ...OTEL,
    name: "fluentd",
    sink: { fluentd: { server: `${LOGGED.receiver}:${LOGGED.ports.fluentd}`, tls: false, reason: IN_CLEAR } },
  },
  {
    name: "syslog",
    image: ({ images }) => images.rsyslog,
    file: "/lines/lines.txt",
    sink: { syslog: { server: `${LOGGED.receiver}:${LOGGED.ports.syslog}`, tls: false, reason: IN_CLEAR } },
  },
];

const PATH = "/api/version";
/** The ids of the requests for PATH that a sink has. */
type Ids = () => Promise<ReadonlySet<string>>;

const storedIds: Ids = async () =>
  new Set((await search(`container:gateway path:="${PATH}" | fields id`)).map((line) => line["id"] ?? ""));

const idsIn = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/id\\?":\\?"([0-9a-f-]{36})/g)].map(([, id]) => id ?? ""));

/** A sink is gone under load; when it is back, it has every request, and nobody noticed. */
async function outage(ids: Ids, gone: () => Promise<unknown>, back: () => Promise<unknown>): Promise<string> {
  const before = (await ids()).size;
  const web = await container(STACK, "web");
  await gone();
  const load = new Load({ host: LOGGED.host, port: LOGGED.httpsPort, path: PATH }, 100);
  const started = Date.now();
  let restarted = 0;
  try {
    await mustDocker(["restart", "--time", "10", web.Id]);
    restarted = Date.now() - started;
    await until("the collector has found the sink gone", 30, async () => {
      const { stdout, stderr } = await docker(["logs", "--tail", "1", (await container(STACK, COLLECTOR)).Id]);
      return `${stdout}${stderr}`.includes("takes no logs");
    });
  } finally {
    // Whatever came of it, the load ends and the sink comes back.
    await Promise.all([load.stop(), back()]);
  }
  const result = await load.stop();
  expectNone(result.failed.slice(0, 5), `${result.failed.length} requests failed`);
  expect(restarted < 9_000, `a container took ${restarted} ms to stop and start`);
  const all = await until("the sink has every request", ARRIVES_WITHIN, async () => {
    const { size } = await ids();
    return size >= before + result.sent && size;
  });
  expect(all === before + result.sent, `${all - before} arrived of ${result.sent}`);
  return `${describeLoad(result)}; a container restarted in ${restarted} ms`;
}

const remoteChecks = REMOTES.flatMap((remote): Suite<Context>["checks"] => {
  let made_: Receiver | undefined;
  const receiver = (context: Context): Receiver =>
    (made_ ??= new Receiver(`e2e-logging-${remote.name}`, remote.image(context), remote.file));
  return [
    {
      name: `${remote.name}: the lines arrive, and no other container is replaced for it`,
      run: async (context) => {
        const before = await others();
        await receiver(context).start();
        await stackOf(context).mustUp(loggedSettings(context.images, { sink: remote.sink }));
        expect(JSON.stringify(await others()) === JSON.stringify(before), "containers were replaced");
        const id = await request(PATH);
        await until(`${remote.name} has the request`, ARRIVES_WITHIN, async () =>
          idsIn(await receiver(context).lines()).has(id),
        );
      },
    },
    {
      name: `${remote.name}: while the receiver is gone nobody waits, and afterwards nothing is missing`,
      run: async (context) => {
        const target = receiver(context);
        const note = await outage(
          async () => idsIn(await target.lines()),
          () => target.stop(),
          () => target.again(),
        ).catch(async (error: unknown) => {
          throw new Error(
            `${String(error)}\n${tail((await docker(["logs", (await container(STACK, COLLECTOR)).Id])).stdout, 5)}`,
          );
        });
        await target.remove();
        return note;
      },
    },
  ];
});

export const logging: Suite<Context> = {
  name: "logging",
  stack: "logging",
  sequence: true,
  checks: [
    {
      name: "without a sink there is nothing of it",
      critical: true,
      run: async (context) => {
        const stack = stackOf(context);
        await stack.init();
        await stack.mustUp(loggedSettings(context.images, {}));
        expectNone((await containers(STACK, true)).filter((one) => kindOf(one) === "logging").map(nameOf));
      },
    },
    {
      name: "switched on, it replaces no container, and has what was printed before",
      critical: true,
      run: async (context) => {
        const id = await request(PATH);
        const before = await others();
        await stackOf(context).mustUp(
          loggedSettings(context.images, { retentionDays: 7, sink: { builtin: { maxDiskMiB: 256 } } }),
        );
        expect(JSON.stringify(await others()) === JSON.stringify(before), "containers were replaced");
        const [line] = await until("the request is found by its id", ARRIVES_WITHIN, async () => {
          const found = await search(`id:="${id}"`);
          return found.length === 1 && found;
        });
        expect(line?.["path"] === PATH && line["status"] === "200", JSON.stringify(line));
        const names = await until("lines of every container that prints", ARRIVES_WITHIN, async () => {
          const found = (await search("* | uniq by (container)")).map((one) => one.container).sort();
          return ["api", "edge", "gateway", "web"].every((name) => found.includes(name)) && found;
        });
        return names.join(", ");
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
      name: "the engine's own files are there as before",
      run: async () => {
        const gateway = await container(STACK, "gateway");
        expect(gateway.HostConfig.LogConfig.Type === "json-file", JSON.stringify(gateway.HostConfig.LogConfig));
        expect((await docker(["logs", gateway.Id])).stdout.includes('"method":"GET"'), "docker logs shows nothing");
      },
    },
    {
      name: "services reach neither the store nor the collector, and the collector asks the engine two things only",
      run: async () => {
        const collector = await container(STACK, COLLECTOR);
        const from = async (one: typeof collector, url: string): Promise<string> =>
          (
            await inNetworkOf(one, [
              ...["curl", "--noproxy", "*", "-s", "-m", "3", "-o", "/dev/null", "-w", "%{http_code}", url],
            ])
          ).stdout;
        const store = storeUrl(LOGGED.pool);
        const proxy = Object.entries(collector.NetworkSettings.Networks).find(([name]) => name.includes("docker-api"));
        const socketProxy = await container(STACK, `docker-api-${COLLECTOR}`);
        const engine = `http://${socketProxy.NetworkSettings.Networks[proxy?.[0] ?? ""]?.IPAddress ?? ""}:2375`;
        const api = await container(STACK, "api");
        const gateway = await container(STACK, "gateway");
        const got = {
          store: await from(collector, `${store}/health`),
          list: await from(collector, `${engine}/containers/json`),
          logs: await from(collector, `${engine}/containers/${api.Id}/logs?stdout=1&tail=1`),
          inspect: await from(collector, `${engine}/containers/${api.Id}/json`),
          stop: await from(collector, `${engine}/containers/${api.Id}/stop`),
          info: await from(collector, `${engine}/info`),
          "store from the API": await from(api, `${store}/health`),
          "store from the gateway": await from(gateway, `${store}/health`),
          "engine from the API": await from(api, `${engine}/containers/json`),
        };
        const wanted: typeof got = {
          store: "200",
          list: "200",
          logs: "200",
          inspect: "403",
          stop: "403",
          info: "403",
          "store from the API": "000",
          "store from the gateway": "000",
          "engine from the API": "000",
        };
        expect(JSON.stringify(got) === JSON.stringify(wanted), JSON.stringify(got));
        const published = (await containers(STACK))
          .filter((one) => kindOf(one) === "logging")
          .filter((one) => Object.values(one.NetworkSettings.Ports).some((ports) => (ports ?? []).length > 0));
        expectNone(published.map(nameOf), "publishes a port");
      },
    },
    {
      name: "builtin: while the store is gone nobody waits, and afterwards nothing is missing",
      run: async () => {
        const store = await container(STACK, STORE);
        return outage(
          storedIds,
          () => mustDocker(["stop", "--time", "5", store.Id]),
          () => mustDocker(["start", store.Id]),
        );
      },
    },
    {
      name: "a collector that is killed goes on where it was: nothing is missing",
      run: async () => {
        const collector = await container(STACK, COLLECTOR);
        await mustDocker(["kill", collector.Id]);
        const id = await request(PATH);
        await mustDocker(["start", collector.Id]);
        await until(
          "the request is found by its id",
          ARRIVES_WITHIN,
          async () => (await search(`id:="${id}"`)).length > 0,
        );
      },
    },
    {
      name: "a management surface searches, for who has the password, and writes nothing",
      run: async (context) => {
        const access = { sources: [LOGGED.pool], basicAuth: { users: ["alice"] } };
        const sink = { builtin: { maxDiskMiB: 256, surface: { host: LOGGED.surface, access } } };
        await stackOf(context).mustUp(loggedSettings(context.images, { retentionDays: 7, sink }));
        const { access: passwords = {} } = await stackOf(context).outputs();
        const at = (path: string, password?: string) =>
          ask({
            host: LOGGED.surface,
            port: LOGGED.httpsPort,
            path,
            ...(password === undefined
              ? {}
              : { headers: { authorization: `Basic ${Buffer.from(`alice:${password}`).toString("base64")}` } }),
          });
        const id = await request(PATH);
        const search_ = `/select/logsql/query?query=${encodeURIComponent(`id:="${id}"`)}`;
        const password = passwords["alice"] ?? "";
        await until("the request is found", ARRIVES_WITHIN, async () =>
          (await at(search_, password)).body.includes(id),
        );
        const page = await at("/select/vmui/", password);
        expect(page.status === 200 && page.body.includes("VictoriaLogs"), `${page.status} ${page.body.slice(0, 200)}`);
        const statuses = await Promise.all([
          at(search_),
          at(search_, "wrong"),
          at("/insert/jsonline", password),
          at("/internal/force_flush", password),
          at("/select/../insert/jsonline", password),
          at("/", password),
        ]);
        const got = statuses.map(({ status }) => status).join(" ");
        expect(got === "401 401 404 404 400 404", got);
        // Closed again, the host is none of the stack's.
        await stackOf(context).mustUp(
          loggedSettings(context.images, { retentionDays: 7, sink: { builtin: { maxDiskMiB: 256 } } }),
        );
        const closed = await at(search_, password).then(
          ({ status }) => status,
          () => 0,
        );
        expect(closed === 404, `closed, and it answers ${closed}`);
      },
    },
    ...remoteChecks,
    {
      name: "switched off again, it is gone; destroy leaves nothing behind",
      run: async (context) => {
        const stack = stackOf(context);
        await stack.mustUp(loggedSettings(context.images, { sink: "none" }));
        expectNone((await containers(STACK, true)).filter((one) => kindOf(one) === "logging").map(nameOf), "left");
        const result = await stack.destroy();
        expect(result.code === 0, tail(result.output, 40));
      },
    },
  ],
};
