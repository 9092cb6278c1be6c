import { container, containers, kindOf, nameOf } from "../lib/engine";
import { describeLoad, Load, type LoadResult } from "../lib/load";
import { describeMixed, MixedLoad, totalOf } from "../lib/mixed-load";
import { tail, type RunResult } from "../lib/process";
import { expect, expectMatch, type Suite } from "../lib/runner";
import { MAIN, mainSettings, type Context } from "../lib/stacks";

const REQUESTS_PER_SECOND = 120;
const MORE_REPLACEMENTS = 4;
/** A busy machine needs more replacements for so many requests. */
const PROOF = { replacements: 10, requests: 50_000, most: 25 } as const;
/** What is under way when a container is told to stop takes eight seconds at most; a busy machine, a little longer. */
const PATIENT = { apiEnvironment: { DRAIN_SECONDS: "30" }, stopGraceSeconds: 40 } as const;
/** Long enough to be healthy twice over, short enough to wait for one that never is. */
const SHORT_START_SECONDS = 8;

const load = (path = "/api/version"): Load =>
  new Load({ host: MAIN.host, port: MAIN.httpsPort, path }, REQUESTS_PER_SECOND);

async function underLoad(act: () => Promise<void>): Promise<LoadResult> {
  const generator = load();
  try {
    await act();
  } finally {
    await generator.stop();
  }
  return generator.stop();
}

function expectNoLoss(result: LoadResult, versions: readonly string[]): void {
  expect(
    result.failed.length === 0 && result.sent > 500,
    `${describeLoad(result)}\n${result.failed.slice(0, 8).join("\n")}`,
  );
  const others = Object.keys(result.versions).filter((version) => !versions.includes(version));
  expect(others.length === 0, `answers of ${others.join(", ")}; ${describeLoad(result)}`);
}

const strays = async ({ main }: Context): Promise<string[]> => {
  const all = await containers(main.name, true);
  const workloads = all.filter((one) => kindOf(one) !== "carrier");
  return workloads
    .filter((one) => workloads.filter((other) => nameOf(other) === nameOf(one)).length > 1)
    .map((one) => `${one.Name} (${one.State.Status})`);
};

/** Brings one version after the other up. The stack runs another one than the first of them before. */
async function replaceUnderLoad(context: Context, versions: readonly string[]): Promise<string> {
  const { main, images } = context;
  let seconds = 0;
  const result = await underLoad(async () => {
    for (const app of versions) seconds += (await main.mustUp(mainSettings(images, { app }))).seconds;
  });
  expectNoLoss(result, ["1.0.0", "2.0.0"]);
  expect(Object.keys(result.versions).length === 2, describeLoad(result));
  const left = await strays(context);
  expect(left.length === 0, `left behind: ${left.join(", ")}`);
  return `${describeLoad(result)}, ${(seconds / versions.length).toFixed(1)} s an update`;
}

/**
 * The proof of the page on the edge: every kind of request, from every core, while one version follows the other. The
 * API has to be patient with what it was asked before: that is the application's part.
 */
async function prove({ main, images }: Context): Promise<string> {
  await main.mustUp(mainSettings(images, PATIENT));
  const load = new MixedLoad({ host: MAIN.host, port: MAIN.httpsPort });
  let seconds = 0;
  let rounds = 0;
  const goesOn = (): boolean => rounds < PROOF.replacements || (load.total < PROOF.requests && rounds < PROOF.most);
  try {
    for (; goesOn(); rounds += 1) {
      const app = rounds % 2 === 0 ? images.appNext : images.app;
      seconds += (await main.mustUp(mainSettings(images, { ...PATIENT, app }))).seconds;
    }
  } finally {
    await load.stop();
  }
  const result = await load.stop();
  const told = `${describeMixed(result)}, ${rounds} replacements of ${(seconds / rounds).toFixed(1)} s`;
  expect(result.failed.length === 0, `${told}\n${result.failed.slice(0, 12).join("\n")}`);
  expect(totalOf(result.sent) >= PROOF.requests, told);
  const { stream, upload } = result.outlived;
  expect(Math.min(stream, upload) >= PROOF.replacements, told);
  return told;
}

const unhealthy = ({ images }: Context) =>
  mainSettings(images, {
    app: images.appNext,
    apiEnvironment: { UNHEALTHY: "1" },
    startTimeoutSeconds: SHORT_START_SECONDS,
  });

export const replacement: Suite<Context> = {
  name: "replacement",
  stack: "main",
  checks: [
    {
      name: "a replacement under load loses no request",
      smoke: true,
      run: (context) => replaceUnderLoad(context, [context.images.appNext]),
    },
    {
      name: `${MORE_REPLACEMENTS} more, one after the other, lose none either`,
      continues: true,
      run: (context) => {
        const { app, appNext } = context.images;
        const versions = Array.from({ length: MORE_REPLACEMENTS }, (_, round) => (round % 2 === 0 ? app : appNext));
        return replaceUnderLoad(context, versions);
      },
    },
    {
      name: "back to the first version",
      critical: true,
      smoke: true,
      run: async ({ main, images }) => void (await main.mustUp(mainSettings(images))),
    },
    {
      name: "a version that never gets healthy fails the update, and the old one serves every request",
      smoke: true,
      run: async (context) => {
        let result: RunResult | undefined;
        const before = await container(context.main.name, "api");
        const served = await underLoad(async () => {
          context.main.configure(unhealthy(context));
          result = await context.main.up();
        });
        expect(result !== undefined && result.code !== 0, "the update passed");
        expectMatch(result.output, /did not become healthy/, "what happened");
        expectMatch(result.output, /last log lines:[\s\S]*listening/, "the last log lines");
        expectNoLoss(served, ["1.0.0"]);
        const after = await container(context.main.name, "api");
        expect(after.Id === before.Id, "the old container does not run any more");
        return describeLoad(served);
      },
    },
    {
      name: "the next update, unchanged, does not claim success over it",
      continues: true,
      run: async (context) => {
        let result: RunResult | undefined;
        const served = await underLoad(async () => {
          result = await context.main.up();
        });
        expect(result !== undefined && result.code !== 0, `the update passed:\n${tail(result?.output ?? "", 30)}`);
        expectNoLoss(served, ["1.0.0"]);
        return describeLoad(served);
      },
    },
    {
      name: "the next update with a good version succeeds without a lost request, and leaves nothing behind",
      continues: true,
      run: async (context) => {
        const { main, images } = context;
        const served = await underLoad(
          async () => void (await main.mustUp(mainSettings(images, { app: images.appNext }))),
        );
        expectNoLoss(served, ["1.0.0", "2.0.0"]);
        const left = await strays(context);
        expect(left.length === 0, `left behind: ${left.join(", ")}`);
        const preview = await main.preview(["--expect-no-changes"]);
        expect(preview.code === 0, tail(preview.output, 40));
        return describeLoad(served);
      },
    },
    {
      name: "going back to the version before the failure works as well",
      continues: true,
      run: async (context) => {
        const { main, images } = context;
        context.main.configure(unhealthy(context));
        expect((await main.up()).code !== 0, "the update to the unhealthy version passed");
        const served = await underLoad(
          async () => void (await main.mustUp(mainSettings(images, { app: images.appNext }))),
        );
        expectNoLoss(served, ["2.0.0"]);
        const left = await strays(context);
        expect(left.length === 0, `left behind: ${left.join(", ")}`);
        return describeLoad(served);
      },
    },
    {
      name: `${PROOF.replacements} replacements under a mixed load from every core lose no request`,
      run: prove,
    },
    {
      name: "requests under way when a container is told to stop are answered",
      continues: true,
      run: async (context) => {
        const { main, images } = context;
        const slow = new Load({ host: MAIN.host, port: MAIN.httpsPort, path: "/api/slow?ms=2500" }, 8);
        try {
          await main.mustUp(mainSettings(images));
        } finally {
          await slow.stop();
        }
        const result = await slow.stop();
        expect(
          result.failed.length === 0 && result.sent > 30,
          `${describeLoad(result)}\n${result.failed.slice(0, 8).join("\n")}`,
        );
        return describeLoad(result);
      },
    },
  ],
};
