/** Room on the engine's disk: an update that refuses, and old images that go. */
import { container, docker, mustDocker } from "../lib/engine";
import { tail } from "../lib/process";
import type { StackSettings } from "../lib/pulumi";
import { expect, expectMatch, type Suite } from "../lib/runner";
import { operationsSettings, type Context } from "../lib/stacks";
import { rampart, STACK, stackOf, status } from "./operations";

const REPOSITORY_OF_CLEAN = "127.0.0.1:5000/e2e-clean";

/** The application again, as an image of its own that is in the registry and not on the engine. */
async function anotherImage({ images }: Context, tag: string): Promise<string> {
  const name = `${REPOSITORY_OF_CLEAN}:${tag}`;
  const made = (await mustDocker(["create", "--label", "io.rampart.e2e=1", images.app])).trim();
  await mustDocker(["commit", "--change", `LABEL e2e=${tag}-${Date.now()}`, made, name]);
  await mustDocker(["rm", made]);
  await mustDocker(["push", "--quiet", name]);
  const digest = (await mustDocker(["image", "inspect", "--format", "{{index .RepoDigests 0}}", name])).trim();
  await mustDocker(["image", "rm", name]);
  return `${name}@${digest.split("@")[1] ?? ""}`;
}

const isHere = async (reference: string): Promise<boolean> =>
  (await docker(["image", "inspect", reference])).code === 0;

interface Cleaned {
  readonly images: readonly { readonly reference: string; readonly goes: boolean; readonly why: string }[];
  readonly removed: readonly string[];
}

export const disk: Suite<Context> = {
  name: "disk",
  stack: "operations",
  once: true,
  sequence: true,
  checks: [
    {
      name: "an update that pulls an image refuses where the disk has too little room, and changes nothing",
      run: async (context) => {
        const stack = stackOf(context);
        const before = (await container(STACK, "api")).Id;
        const image = await anotherImage(context, "room");
        const settings = { ...operationsSettings(context.images, image), disk: { minFreeGiB: 10_000 } };
        stack.configure(settings);
        const refused = await stack.up();
        expect(refused.code !== 0, "the image was pulled");
        expectMatch(refused.output, /was not pulled: the disk of the engine at \S+ has [\d.]+ GiB free/, "the refusal");
        expect(!(await isHere(image)), "the image is on the engine");
        expect((await container(STACK, "api")).Id === before, "the container was replaced");
        const told = await status(context);
        expect(
          told.told.problems.some(({ subject }) => subject === "disk"),
          JSON.stringify(told.told.problems),
        );
        await stack.mustUp({ ...settings, disk: { minFreeGiB: 0 } });
        expect(await isHere(image), "the image was not pulled");
      },
    },
    {
      name: "clean removes what neither a container nor a rollback needs; a rollback after that pulls nothing",
      run: async (context) => {
        const stack = stackOf(context);
        const settings = (image: string): StackSettings => ({
          ...operationsSettings(context.images, image),
          disk: { keepConfigurations: 1, keepDays: 0 },
        });
        const images = [];
        for (const tag of ["one", "two", "three", "foreign"]) images.push(await anotherImage(context, tag));
        const [one = "", two = "", three = "", foreign = ""] = images;
        for (const image of [one, two, three]) await stack.mustUp(settings(image));
        // Somebody else's: pulled by hand, and tagged.
        await mustDocker(["pull", "--quiet", foreign]);
        await mustDocker(["tag", foreign, `${REPOSITORY_OF_CLEAN}:foreign`]);
        const only = await rampart(context, "clean");
        expect(only.code === 0 && only.output.includes("Nothing was removed."), tail(only.output, 20));
        expect(await isHere(one), "the image is gone without a yes");
        const others = [two, three, foreign, context.images.app, context.images.postgres];
        const { code, stdout, output } = await rampart(context, "clean", "--yes", "--json");
        expect(code === 0, tail(output, 40));
        const told = JSON.parse(stdout) as Cleaned;
        expect(told.removed.length >= 1 && !(await isHere(one)), stdout);
        expect(
          told.removed.every((digest) => digest.startsWith(`${REPOSITORY_OF_CLEAN}@`)),
          told.removed.join(),
        );
        for (const image of others) expect(await isHere(image), `${image} is gone`);
        const before = (await container(STACK, "api")).Image;
        const since = String(Math.floor(Date.now() / 1000));
        const rolled = await rampart(context, "rollback", "--yes");
        expect(rolled.code === 0, tail(rolled.output, 40));
        expectMatch(rolled.output, new RegExp(`${two.split("@")[1] ?? ""} is still on the engine`), "the rollback");
        const events = ["--since", since, "--until", String(Math.ceil(Date.now() / 1000)), "--filter", "event=pull"];
        const pulled = (await mustDocker(["events", ...events, "--format", "{{.ID}}"])).trim();
        expect(!pulled.includes(REPOSITORY_OF_CLEAN), pulled);
        expect((await container(STACK, "api")).Image !== before, "the image is the same");
        await stack.mustUp(operationsSettings(context.images));
        const left = (await mustDocker(["image", "ls", "--quiet", REPOSITORY_OF_CLEAN])).split("\n").filter(Boolean);
        await mustDocker(["image", "rm", "--force", ...new Set(left)]);
        return told.images.map(({ goes, why }) => `${goes ? "goes" : "stays"}: ${why}`).join("; ");
      },
    },
  ],
};
