/** A second version beside the first: its share, who is replaced for it, and what happens when it is not well. */
import https from "node:https";
import { container, containers, docker, mustDocker, nameOf } from "../lib/engine";
import { ask } from "../lib/http";
import { describeLoad, Load } from "../lib/load";
import { run, tail, until } from "../lib/process";
import { REPOSITORY, Stack } from "../lib/pulumi";
import { expect, expectMatch, type Suite } from "../lib/runner";
import { CANARY, canarySettings, type Context } from "../lib/stacks";

const STACK = "e2e-canary";
const MAIN_VERSION = "1.0.0";
const NEXT_VERSION = "2.0.0";
const ASKED = 400;

let made: Stack | undefined;
const stackOf = ({ work }: Context): Stack => (made ??= new Stack(STACK, work));

const canaryOf = ({ images }: Context, weight: number, environment: object = {}): object => ({
  image: images.appNext,
  weight,
  healthPath: "/healthz",
  environment,
});

const up = (context: Context, weight: number): Promise<unknown> =>
  stackOf(context).mustUp(canarySettings(context.images, context.images.app, canaryOf(context, weight)));

const version = async (agent?: https.Agent): Promise<string> => {
  const target = { host: CANARY.host, port: CANARY.httpsPort, path: "/api/version" };
  const { status, body } = await ask({ ...target, ...(agent === undefined ? {} : { agent }) });
  expect(status === 200, `${status} ${body}`);
  return body;
};

/** How many of so many requests the canary answers. */
async function answered(): Promise<number> {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  let canary = 0;
  for (let sent = 0; sent < ASKED; sent += 1) if ((await version(agent)) === NEXT_VERSION) canary += 1;
  agent.destroy();
  return canary;
}

/** Every container that runs, but for carriers, by the engine's ids. */
const running = async (): Promise<string> =>
  (await containers(STACK))
    .map((one) => `${nameOf(one)} ${one.Id.slice(0, 12)}`)
    .sort()
    .join("\n");

/** The process that takes connections now. */
async function gatewayProcess(): Promise<string> {
  const { Id } = await container(STACK, "gateway");
  const said = await mustDocker(["exec", Id, "sh", "-c", "echo show info | busybox nc 127.0.0.1 8083"]);
  return /^Pid: (\d+)/m.exec(said)?.[1] ?? "";
}

/** In one round of a hundred requests each version gets exactly its part; a round may have begun. */
function expectShare(canary: number, weight: number): string {
  const told = `${canary} of ${ASKED} requests`;
  expect(Math.abs(canary - (ASKED * weight) / 100) <= 2, `${told}, not ${weight} %`);
  return told;
}

export const canary: Suite<Context> = {
  name: "canary",
  stack: "canary",
  once: true,
  sequence: true,
  checks: [
    {
      name: "a second version of a service with two containers gets its share, and the log says who answered",
      critical: true,
      run: async (context) => {
        await stackOf(context).init();
        await stackOf(context).mustUp(canarySettings(context.images, context.images.app));
        const before = await running();
        await up(context, 10);
        const after = (await running()).split("\n");
        const fresh = after.filter((one) => !before.includes(one));
        expect(
          fresh.length === 1 && fresh[0]?.startsWith("api.canary ") === true,
          `these are new: ${fresh.join(", ")}`,
        );
        const told = expectShare(await answered(), 10);
        const { stdout } = await docker(["logs", (await container(STACK, "gateway")).Id]);
        const servers = new Set([...stdout.matchAll(/"route":"api","server":"(\w+)"/g)].map(([, server]) => server));
        expect([...servers].sort().join() === "c1,v1,v2", [...servers].join());
        return told;
      },
    },
    {
      name: "another weight replaces no container and no process, and closes no connection",
      run: async (context) => {
        const before = `${await running()}\n${await gatewayProcess()}`;
        const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
        const sockets = new Set<unknown>();
        const remember = (): void =>
          Object.values(agent.freeSockets)
            .flat()
            .forEach((one) => void sockets.add(one));
        await version(agent);
        remember();
        const told: string[] = [];
        for (const weight of [50, 0, 99]) {
          await up(context, weight);
          told.push(`${weight} %: ${expectShare(await answered(), weight)}`);
          await version(agent);
          remember();
        }
        agent.destroy();
        const after = `${await running()}\n${await gatewayProcess()}`;
        expect(before === after, `${before}\n\nbecame\n${after}`);
        expect(sockets.size === 1, `${sockets.size} connections`);
        return told.join(", ");
      },
    },
    {
      name: "a canary that is not well gets no request, and its share once it is well again",
      run: async (context) => {
        await up(context, 50);
        const { Id } = await container(STACK, "api.canary");
        await mustDocker(["exec", Id, "/usr/local/bin/app", "unwell"]);
        const well = (state: string) => async (): Promise<boolean> => {
          const told = await run(
            "node",
            ["bin/rampart.cjs", "status", STACK, "--json", "--config-file", stackOf(context).file],
            {
              cwd: REPOSITORY,
              env: stackOf(context).env,
              timeoutSeconds: 120,
            },
          );
          return told.stdout.includes(`"well": ${state}`) || told.stdout.includes(`"well":${state}`);
        };
        await until("status says that the canary is not well", 60, well("false"));
        expect((await answered()) === 0, "the canary was asked");
        await mustDocker(["exec", Id, "/usr/local/bin/app", "well"]);
        await until("status says that the canary is well", 60, well("true"));
        return expectShare(await answered(), 50);
      },
    },
    {
      name: "a canary that never gets healthy fails the update, and the version serves every request",
      run: async (context) => {
        const load = new Load({ host: CANARY.host, port: CANARY.httpsPort, path: "/api/version" }, 60);
        const ill = canaryOf(context, 50, { UNHEALTHY: "1" });
        stackOf(context).configure(canarySettings(context.images, context.images.app, ill));
        const result = await stackOf(context).up();
        const served = await load.stop();
        expect(result.code !== 0, "the update passed");
        expectMatch(result.output, /api\.canary did not become healthy/, tail(result.output, 20));
        expect(served.failed.length === 0, `${describeLoad(served)}\n${served.failed.slice(0, 8).join("\n")}`);
        return describeLoad(served);
      },
    },
    {
      name: "a promotion loses no request, and leaves one version",
      run: async (context) => {
        await up(context, 50);
        const load = new Load({ host: CANARY.host, port: CANARY.httpsPort, path: "/api/version" }, 120);
        try {
          await stackOf(context).mustUp(canarySettings(context.images, context.images.appNext));
        } finally {
          await load.stop();
        }
        const served = await load.stop();
        expect(served.failed.length === 0, `${describeLoad(served)}\n${served.failed.slice(0, 8).join("\n")}`);
        const left = (await containers(STACK)).map(nameOf).sort().join(" ");
        expect(left === "api api edge gateway", left);
        expect((await answered()) === ASKED, `the version before still answers`);
        expect(served.versions[MAIN_VERSION] !== undefined, describeLoad(served));
        return describeLoad(served);
      },
    },
    {
      name: "destroy takes everything away",
      run: async (context) => {
        const result = await stackOf(context).destroy();
        expect(result.code === 0, tail(result.output, 40));
        expect((await containers(STACK, true)).length === 0, "containers are left");
      },
    },
  ],
};
