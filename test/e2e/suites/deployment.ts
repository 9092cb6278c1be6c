import { expect, type Suite } from "../lib/runner";
import { mainSettings, type Context } from "../lib/stacks";
import { tail, until } from "../lib/process";
import { containers, nameOf } from "../lib/engine";

export const deployment: Suite<Context> = {
  name: "deployment",
  stack: "main",
  smoke: true,
  checks: [
    {
      name: "the first up succeeds",
      critical: true,
      run: async (context) => {
        await context.main.init();
        const result = await context.main.mustUp(mainSettings(context.images));
        context.outputs = await context.main.outputs();
        return `${result.seconds.toFixed(1)} s`;
      },
    },
    {
      name: "every container that should run is healthy",
      repeatable: true,
      run: async ({ main }) => {
        const running = await containers(main.name);
        const names = running.map(nameOf).sort().join(" ");
        expect(names === "api docker-api-worker edge gateway postgres redis reports web worker", `these run: ${names}`);
        // An update asks them itself; the engine asks for the first time after one interval.
        await until("the engine finds them healthy too", 15, async () => {
          const ill = (await containers(main.name)).filter((one) => one.State.Health?.Status !== "healthy").map(nameOf);
          if (ill.length > 0) throw new Error(`not healthy: ${ill.join(" ")}`);
          return true;
        });
      },
    },
    ...[[], ["--refresh"]].map((extra) => ({
      name: `a second preview ${extra.join("")}${extra.length > 0 ? " " : ""}shows no changes`,
      repeatable: true,
      run: async ({ main }: Context) => {
        const result = await main.preview(["--expect-no-changes", "--diff", ...extra]);
        expect(result.code === 0, tail(result.output, 60));
        return `${result.seconds.toFixed(1)} s`;
      },
    })),
  ],
};
