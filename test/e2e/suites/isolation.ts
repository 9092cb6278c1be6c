import { container, type Container } from "../lib/engine";
import { Outside, OUTSIDE } from "../lib/outside";
import { connects, withProbe } from "../lib/probe";
import { expect, expectNone, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";

/** [service, name or address:port, whether it may]. What may is the control for what may not. */
const CONNECTIONS: readonly (readonly [string, string, boolean])[] = [
  ["api", "postgres:5432", true],
  ["api", "redis:6379", true],
  ["api", "docker-api:2375", false],
  ["web", "postgres:5432", false],
  ["web", "redis:6379", false],
  ["web", "docker-api:2375", false],
  ["web", "worker:3001", false],
  ["worker", "postgres:5432", true],
  ["worker", "docker-api:2375", true],
  ["worker", "web:8080", false],
  ["reports", "postgres:5432", true],
  ["reports", "docker-api:2375", false],
];

const addresses = (one: Container): string[] =>
  Object.values(one.NetworkSettings.Networks)
    .map(({ IPAddress }) => IPAddress)
    .filter((address) => address !== "");

export const isolation: Suite<Context> = {
  name: "isolation",
  stack: "main",
  smoke: true,
  checks: [
    {
      name: "from inside, each service reaches what it should by name, and nothing else",
      run: async ({ main }) => {
        const faults: string[] = [];
        for (const service of ["api", "web", "worker", "reports"]) {
          await withProbe(await container(main.name, service), async (probe) => {
            for (const [, target, may] of CONNECTIONS.filter(([from]) => from === service)) {
              const { ok, error } = await probe.try("egress", target);
              if (ok !== may)
                faults.push(
                  `${service} ${ok ? "reaches" : "does not reach"} ${target}${error === undefined ? "" : `: ${error}`}`,
                );
            }
          });
        }
        expectNone(faults);
        return `${CONNECTIONS.length} connections tried`;
      },
    },
    {
      name:
        "nor by address: the frontend to Postgres, Redis and the socket proxy, " +
        "anyone but the worker to the socket proxy",
      run: async ({ main }) => {
        const [postgres, redis, proxy] = await Promise.all(
          ["postgres", "redis", "docker-api-worker"].map((name) => container(main.name, name)),
        );
        expect(postgres !== undefined && redis !== undefined && proxy !== undefined, "a container is missing");
        const targets: [string, string, number][] = [
          ...["web", "edge", "gateway"].flatMap((from): [string, string, number][] => [
            ...addresses(postgres).map((ip): [string, string, number] => [from, ip, 5432]),
            ...addresses(redis).map((ip): [string, string, number] => [from, ip, 6379]),
          ]),
          ...["web", "edge", "gateway", "api", "reports", "postgres", "redis"].flatMap((from) =>
            addresses(proxy).map((ip): [string, string, number] => [from, ip, 2375]),
          ),
        ];
        const faults = await Promise.all(
          targets.map(async ([from, ip, port]) =>
            (await connects(await container(main.name, from), ip, port)) ? [`${from} reaches ${ip}:${port}`] : [],
          ),
        );
        expectNone(faults.flat());
        const worker = await container(main.name, "worker");
        expect(
          await connects(worker, addresses(proxy)[0] ?? "", 2375),
          "the control failed: the worker does not reach its own proxy by address",
        );
        return `${targets.length} connections tried`;
      },
    },
    {
      name: "only the service with egress reaches the outside (a listener beyond the engine's bridges)",
      run: async ({ main }) => {
        const outside = new Outside();
        try {
          await outside.open();
          const may: Record<string, boolean> = {
            api: false,
            "docker-api-worker": false,
            edge: false,
            postgres: false,
            redis: false,
            reports: false,
            web: false,
            worker: true,
          };
          const faults: string[] = [];
          for (const [name, wanted] of Object.entries(may)) {
            const reached = await connects(await container(main.name, name), OUTSIDE.address, OUTSIDE.port);
            if (reached !== wanted) faults.push(`${name} ${reached ? "reaches" : "does not reach"} the outside`);
          }
          for (const name of ["api", "web", "worker"]) {
            const { ok, error } = await withProbe(await container(main.name, name), (probe) =>
              probe.try("egress", `${OUTSIDE.address}:${OUTSIDE.port}`),
            );
            if (ok !== may[name])
              faults.push(
                `${name}'s own program ${ok ? "reaches" : "does not reach"} the ` +
                  `outside${error === undefined ? "" : `: ${error}`}`,
              );
          }
          // Ports are published on a network of the gateway's, from which nothing is translated on its way out.
          await outside.forgetPrivateAddresses();
          for (const [name, wanted] of Object.entries({ gateway: false, worker: true })) {
            const reached = await connects(await container(main.name, name), OUTSIDE.address, OUTSIDE.port);
            if (reached !== wanted) faults.push(`${name} ${reached ? "reaches" : "does not reach"} the internet`);
          }
          expectNone(faults);
        } finally {
          await outside.close();
        }
      },
    },
    {
      name: "the name of the socket proxy is known only to the worker",
      run: async ({ main }) => {
        const answers = await Promise.all(
          ["api", "web", "reports", "worker"].map(
            async (name) =>
              [
                name,
                (await withProbe(await container(main.name, name), (probe) => probe.try("resolve", "docker-api"))).ok,
              ] as const,
          ),
        );
        expectNone(
          answers
            .filter(([name, ok]) => ok !== (name === "worker"))
            .map(([name, ok]) => `${name} ${ok ? "resolves" : "does not resolve"} docker-api`),
        );
      },
    },
  ],
};
