import { expandPermissions } from "../../../hardening/docker-api/permissions";
import { foreignBodies, harmfulBodies } from "../../../verify/docker-api/harmful";
import { NEVER_PERMITTED, PATH_FORMS, unpermitted, type ApiRequest } from "../../../verify/docker-api/requests";
import { container, docker, inNetworkOf, mustDocker, type Container } from "../lib/engine";
import { until } from "../lib/process";
import { expect, expectNone, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** Lets the worker's own program send a request to its Docker API. */
async function viaWorker({ main }: Context, method: string, path: string, body?: string): Promise<Reply> {
  const worker = await container(main.name, "worker");
  const url = `http://127.0.0.1:3001/docker?method=${method}&path=${encodeURIComponent(path)}`;
  const send = body === undefined ? [] : ["-H", "Content-Type: application/json", "--data-binary", "@-"];
  const result = await inNetworkOf(
    worker,
    ["curl", "--noproxy", "*", "-sS", "-m", "15", ...send, url],
    body === undefined ? {} : { input: body },
  );
  try {
    return JSON.parse(result.stdout) as Reply;
  } catch {
    throw new Error(`the worker answered ${result.output}`);
  }
}

const CREATE = "/v1.41/containers/create";

/** The worker's, in stacks.ts. */
const PERMISSIONS = expandPermissions({
  presets: ["PING", "CONTAINERS", "IMAGES", "POST", "ALLOW_START", "ALLOW_STOP"],
});
const FORBIDDEN: readonly ApiRequest[] = [...unpermitted(PERMISSIONS), ...NEVER_PERMITTED, ...PATH_FORMS];

const metric = async ({ main }: Context): Promise<number> => {
  const proxy = await container(main.name, "docker-api-worker");
  const { stdout } = await inNetworkOf(proxy, [
    "curl",
    "--noproxy",
    "*",
    "-s",
    "-m",
    "5",
    "http://127.0.0.1:8080/metrics",
  ]);
  return Number(/^haproxy_frontend_requests_denied_total\{proxy="docker-api"\} (\d+)/m.exec(stdout)?.[1] ?? NaN);
};

/** What the worker's permissions include, about one container. */
const OTHERS: readonly (readonly [string, string])[] = [
  ["GET", "/json"],
  ["GET", "/top"],
  ["GET", "/changes"],
  ["POST", "/stop?t=0"],
  ["POST", "/kill"],
  ["POST", "/pause"],
  ["POST", "/restart"],
  ["POST", "/rename?name=edge"],
  ["DELETE", "?force=1&v=1"],
];

export const dockerApi: Suite<Context> = {
  name: "docker-api",
  stack: "main",
  smoke: true,
  checks: [
    {
      name: "the worker lists containers and pings",
      repeatable: true,
      run: async (context) => {
        const [ps, ping] = [
          await viaWorker(context, "GET", "/v1.41/containers/json"),
          await viaWorker(context, "GET", "/_ping"),
        ];
        // None of them is its own.
        expect(
          ps.status === 200 && ps.body.trim() === "[]" && ping.status === 200,
          JSON.stringify({ ps: ps.status, ping: ping.status, body: ps.body.slice(0, 200) }),
        );
      },
    },
    {
      name: "it creates and starts an ordinary container",
      repeatable: true,
      run: async (context) => {
        const body = JSON.stringify({
          Image: context.images.app,
          Cmd: ["sleep"],
          Labels: { "rampart-e2e": "1" },
          HostConfig: { Memory: 67_108_864, CapDrop: ["ALL"] },
        });
        const created = await viaWorker(context, "POST", CREATE, body);
        expect(created.status === 201, JSON.stringify(created));
        const { Id } = JSON.parse(created.body) as { Id: string };
        try {
          const started = await viaWorker(context, "POST", `/v1.41/containers/${Id}/start`);
          expect(started.status === 204, JSON.stringify(started));
          const listed = await viaWorker(context, "GET", "/v1.41/containers/json?all=1");
          expect(
            (JSON.parse(listed.body) as { readonly Id: string }[]).map((one) => one.Id).join() === Id,
            `it sees ${listed.body.slice(0, 300)}`,
          );
          const made = JSON.parse(await mustDocker(["inspect", "--format", "{{json .}}", Id])) as Container;
          const { Memory, PidsLimit, SecurityOpt, LogConfig } = made.HostConfig;
          const { "io.rampart.consumer": owner } = made.Config.Labels;
          expect(
            Memory === 67_108_864 &&
              PidsLimit === 256 &&
              SecurityOpt?.join() === "no-new-privileges:true" &&
              LogConfig.Config["max-size"] === "10m" &&
              owner === "rampart-e2e.worker",
            JSON.stringify({ Memory, PidsLimit, SecurityOpt, LogConfig, owner }),
          );
        } finally {
          await docker(["rm", "--force", "--volumes", Id]);
        }
      },
    },
    {
      name: "containers that it did not create are refused: the stack's, by name and by id, and anybody else's",
      run: async (context) => {
        const postgres = await container(context.main.name, "postgres");
        const stranger = (await mustDocker(["run", "--detach", context.images.app, "frontend"])).trim();
        const faults: string[] = [];
        try {
          for (const id of [postgres.Id, postgres.Id.slice(0, 12), postgres.Name.slice(1), stranger])
            for (const [method, what] of OTHERS) {
              const { status, body } = await viaWorker(context, method, `/v1.41/containers/${id}${what}`);
              if (status !== 403) faults.push(`${method} ${id}${what}: ${status} ${body.slice(0, 120)}`);
            }
          const after = await container(context.main.name, "postgres");
          if (after.State.StartedAt !== postgres.State.StartedAt || !after.State.Running)
            faults.push("Postgres was touched");
        } finally {
          await docker(["rm", "--force", stranger]);
        }
        expectNone(faults);
        return `${4 * OTHERS.length} refused`;
      },
    },
    {
      name: "a container that would be root on the host is refused, in any spelling",
      run: async (context) => {
        const faults: string[] = [];
        const bodies = harmfulBodies(context.images.app);
        for (const [what, body] of bodies) {
          const reply = await viaWorker(context, "POST", CREATE, body);
          if (reply.status !== 403) faults.push(`${what}: ${reply.status} ${reply.body.slice(0, 120)}`);
          if (reply.status === 201) await docker(["rm", "--force", (JSON.parse(reply.body) as { Id: string }).Id]);
        }
        expectNone(faults);
        return `${bodies.length} refused`;
      },
    },
    {
      name: "no volume or network of the stack can be mounted or joined, the worker's own secrets and proxy included",
      run: async (context) => {
        const label = `label=io.rampart.stack=${context.main.name}`;
        const names = async (kind: string): Promise<string[]> =>
          (await mustDocker([kind, "ls", "--filter", label, "--format", "{{.Name}}"]))
            .split("\n")
            .filter((name) => name !== "");
        const [volumes, networks] = [await names("volume"), await names("network")];
        expect(
          volumes.some((name) => name.includes("-worker-secrets-")) &&
            networks.some((name) => name.endsWith("-docker-api-worker")),
          [...volumes, ...networks].join(", "),
        );
        const attempts = foreignBodies(context.images.app, { volumes, networks });
        const faults: string[] = [];
        for (const [name, body] of attempts) {
          const reply = await viaWorker(context, "POST", CREATE, body);
          if (reply.status !== 403) faults.push(`${name}: ${reply.status} ${reply.body.slice(0, 120)}`);
          if (reply.status === 201) await docker(["rm", "--force", (JSON.parse(reply.body) as { Id: string }).Id]);
        }
        expectNone(faults);
        const worker = await container(context.main.name, "worker");
        const prefix = (worker.Config.Env ?? []).flatMap(
          (entry) => /^DOCKER_NAME_PREFIX=(.*)$/.exec(entry)?.[1] ?? [],
        )[0];
        const own = `${prefix ?? ""}cache`;
        const [[, mountsOwn] = ["", ""]] = foreignBodies(context.images.app, { volumes: [own], networks: [] });
        const created = await viaWorker(context, "POST", CREATE, mountsOwn);
        expect(created.status === 201, `its own volume ${own}: ${JSON.stringify(created)}`);
        await docker(["rm", "--force", "--volumes", (JSON.parse(created.body) as { Id: string }).Id]);
        await docker(["volume", "rm", own]);
        return `${attempts.length} refused`;
      },
    },
    {
      name: "what was not listed is refused",
      run: async (context) => {
        const faults: string[] = [];
        for (const { what, method, target, body } of FORBIDDEN) {
          const reply = await viaWorker(context, method, target, body);
          if (reply.status !== 403 && reply.status !== 400)
            faults.push(`${what}: ${reply.status} ${reply.body.slice(0, 120)}`);
        }
        expectNone(faults);
        return `${FORBIDDEN.length} refused`;
      },
    },
    {
      name: "refusals are logged with the consumer's name and counted",
      repeatable: true,
      run: async (context) => {
        const before = await metric(context);
        const mark = `e2e${Date.now()}`;
        await viaWorker(context, "GET", `/volumes/${mark}`);
        const after = await metric(context);
        expect(after === before + 1, `the counter went from ${before} to ${after}`);
        const proxy = await container(context.main.name, "docker-api-worker");
        // HAProxy writes its line when the request has ended, which its client may know before the engine has the line.
        const line = await until("the refusal is in the log", 10, async () =>
          (await mustDocker(["logs", "--tail", "50", proxy.Id])).split("\n").find((text) => text.includes(mark)),
        );
        expect(
          /^refused consumer=worker method=GET .*rule=not-permitted .*status=403/.test(line),
          `the log says: ${line}`,
        );
        return `${after} refusals counted`;
      },
    },
  ],
};
