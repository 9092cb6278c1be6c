import { container, containers, docker, filesOf, nameOf, type Container } from "../lib/engine";
import { describeLoad, Load, type LoadResult } from "../lib/load";
import { tail } from "../lib/process";
import type { StackSettings } from "../lib/pulumi";
import { expect, expectMatch, type Suite } from "../lib/runner";
import { REDIS, type Context, type Images } from "../lib/stacks";

/** Each request logs in to Redis, with the password of the container that answers. */
const REQUESTS_PER_SECOND = 40;

interface Changes {
  readonly rotation?: object;
  readonly more?: boolean;
  readonly unhealthy?: boolean;
}

function settings(images: Images, changes: Changes = {}): StackSettings {
  const { app: image, traefik, postgres, redis, haproxy } = images;
  const health = (port: number): object => ({
    command: ["/usr/local/bin/app", "healthcheck", `http://127.0.0.1:${port}/healthz`],
    intervalSeconds: 1,
    startPeriodSeconds: 5,
  });
  const api = { image, command: ["api"], port: 3000, healthCheck: health(3000), cache: true };
  return {
    environment: "dev",
    name: "rampart-e2e-redis",
    network: { pool: REDIS.pool },
    edge: { listenAddress: "127.0.0.1", httpPort: REDIS.httpPort, httpsPort: REDIS.httpsPort },
    images: { traefik, postgres, redis, haproxy },
    ...(changes.rotation === undefined ? {} : { rotation: changes.rotation }),
    services: {
      api: {
        ...api,
        ...(changes.unhealthy === true ? { environment: { UNHEALTHY: "1" }, startTimeoutSeconds: 8 } : {}),
        routes: [{ host: REDIS.host, pathPrefix: "/api", rateLimit: { average: 20_000, burst: 20_000 } }],
      },
      other: api,
      ...(changes.more === true ? { more: api } : {}),
    },
  };
}

async function underLoad(act: () => Promise<unknown>): Promise<LoadResult> {
  const generator = new Load({ host: REDIS.host, port: REDIS.httpsPort, path: "/api/cache" }, REQUESTS_PER_SECOND);
  try {
    await act();
  } finally {
    await generator.stop();
  }
  return generator.stop();
}

function expectNoLoss(result: LoadResult): string {
  const tally = `${result.failed.length} of ${result.sent} requests lost, slowest ${result.longestMs} ms`;
  expect(
    result.failed.length === 0 && result.sent > 100,
    `${describeLoad(result).slice(0, 300)}\n${result.failed.slice(0, 8).join("\n")}`,
  );
  return tally;
}

async function password({ redis }: Context, service: string): Promise<string> {
  const files = await filesOf((await container(redis.name, service)).Id, "/run/secrets");
  const url = Object.entries(files).find(([path]) => path.endsWith("redis_url"))?.[1] ?? "";
  const found = /^redis:\/\/[^:]+:([^@]+)@/.exec(url)?.[1];
  if (found === undefined) throw new Error(`${service} has no REDIS_URL with a password`);
  return found;
}

async function login({ redis }: Context, user: string, secret: string): Promise<string> {
  const server = await container(redis.name, "redis");
  return (
    await docker([
      "exec",
      "--env",
      `REDISCLI_AUTH=${secret}`,
      server.Id,
      "redis-cli",
      "--user",
      user,
      "--no-auth-warning",
      "ping",
    ])
  ).output.trim();
}

const usersInForce = async ({ redis }: Context): Promise<string> => {
  const server = await container(redis.name, "redis");
  return (await docker(["exec", server.Id, "sh", "/etc/rampart/users.sh", "list"])).output.trim().split("\n").join();
};

const server = ({ redis }: Context): Promise<Container> => container(redis.name, "redis");

async function sameServer(context: Context, before: Container): Promise<void> {
  const after = await server(context);
  expect(after.Id === before.Id && after.State.StartedAt === before.State.StartedAt, "Redis was replaced or restarted");
}

async function isRefused(context: Context, user: string, secret: string): Promise<void> {
  expectMatch(await login(context, user, secret), /WRONGPASS/, `the old password of ${user}`);
}

export const redisRotation: Suite<Context> = {
  name: "redis users",
  stack: "redis",
  once: true,
  checks: [
    {
      name: "a stack with Redis deploys, and has nothing more to change",
      critical: true,
      run: async (context) => {
        await context.redis.init();
        await context.redis.mustUp(settings(context.images));
        const preview = await context.redis.preview(["--expect-no-changes"]);
        expect(preview.code === 0, tail(preview.output, 40));
        expect((await usersInForce(context)) === "api,other", await usersInForce(context));
      },
    },
    {
      name:
        "one key rotates one service's password under load: no request is lost, Redis runs on, " +
        "the old password is refused",
      run: async (context) => {
        const [before, api, other] = [
          await server(context),
          await password(context, "api"),
          await password(context, "other"),
        ];
        const result = await underLoad(() =>
          context.redis.mustUp(settings(context.images, { rotation: { redis: { api: "2" } } })),
        );
        await sameServer(context, before);
        await isRefused(context, "api", api);
        expect((await login(context, "api", await password(context, "api"))) === "PONG", "the new password is refused");
        expect((await password(context, "other")) === other, "the other service's password turned over, too");
        return expectNoLoss(result);
      },
    },
    {
      name: "a service more and a service less leave Redis running",
      run: async (context) => {
        const before = await server(context);
        const rotation = { redis: { api: "2" } };
        const added = await underLoad(() => context.redis.mustUp(settings(context.images, { rotation, more: true })));
        expect((await usersInForce(context)) === "api,more,other", await usersInForce(context));
        const more = await password(context, "more");
        const removed = await underLoad(() => context.redis.mustUp(settings(context.images, { rotation })));
        expect((await usersInForce(context)) === "api,other", await usersInForce(context));
        await isRefused(context, "more", more);
        await sameServer(context, before);
        return `${expectNoLoss(added)}; ${expectNoLoss(removed)}`;
      },
    },
    {
      name: "a rotation of everything that fails half-way loses no request, and the next update ends it",
      run: async (context) => {
        const [api, other] = [await password(context, "api"), await password(context, "other")];
        const broken = await underLoad(async () => {
          context.redis.configure(settings(context.images, { rotation: { everything: "3" }, unhealthy: true }));
          expect((await context.redis.up()).code !== 0, "the update to the unhealthy version passed");
        });
        expectNoLoss(broken);
        // The old container of the API still serves: its password is in force beside the new one.
        expect((await login(context, "api", api)) === "PONG", "the old password is refused while its container runs");
        const mended = await underLoad(() =>
          context.redis.mustUp(settings(context.images, { rotation: { everything: "3" } })),
        );
        for (const [user, secret] of [
          ["api", api],
          ["other", other],
        ] as const) {
          await isRefused(context, user, secret);
          expect(
            (await login(context, user, await password(context, user))) === "PONG",
            `the new password of ${user} is refused`,
          );
        }
        const left = (await containers(context.redis.name)).map(nameOf).sort().join(" ");
        expect(left === "api edge gateway other redis", left);
        const preview = await context.redis.preview(["--expect-no-changes"]);
        expect(preview.code === 0, tail(preview.output, 40));
        return `${expectNoLoss(broken)}; ${expectNoLoss(mended)}`;
      },
    },
    {
      name: "and destroys",
      run: async (context) => {
        const result = await context.redis.destroy();
        expect(result.code === 0, tail(result.output, 40));
      },
    },
  ],
};
