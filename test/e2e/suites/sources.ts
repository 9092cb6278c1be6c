/** Secrets that other programs keep: how they arrive, and how another value at the source is rolled. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { container, containers, filesOf, ids, LABEL, mustDocker } from "../lib/engine";
import { describeLoad, Load } from "../lib/load";
import { must, run, tail } from "../lib/process";
import { Stack } from "../lib/pulumi";
import { expect, expectMatch, Skip, type Suite } from "../lib/runner";
import { SOURCES, sourcesSettings, type Context } from "../lib/stacks";

const STACK = "e2e-sources";
const FIRST = "q7Zk3v9QmX7Lr2Wp8Tn5Yc1Hb6";
const SECOND = "Yc1Hb6Dj4Fs0GaKqPzUeVtRwN3";
const ENCRYPTED = "Tn5Yc1Hb6q7Zk3v9QmX7Lr2Wp8";

let made: Stack | undefined;
const stackOf = ({ work }: Context): Stack => (made ??= new Stack(STACK, work));

/** What keeps the secret: a file that `cat` prints. */
const keeper = ({ work }: Context): string => join(work, "keeper", "stripe");
const settings = (context: Context, from: object = { command: ["cat", keeper(context)] }) =>
  sourcesSettings(context.images, from);

const secretOf = async (): Promise<string> => {
  const files = await filesOf((await container(STACK, "api")).Id, "/run/secrets");
  return Object.entries(files).find(([path]) => path.endsWith("stripe_key"))?.[1] ?? "";
};

/** Everything that the engine tells of the stack. */
async function inspected(): Promise<string> {
  const kinds = ["container", "network", "volume"] as const;
  const texts = await Promise.all(
    kinds.map(async (kind) => mustDocker([kind, "inspect", ...(await ids(kind, [`label=${LABEL.stack}=${STACK}`]))])),
  );
  return texts.join("\n");
}

export const sources: Suite<Context> = {
  name: "sources",
  stack: "sources",
  once: true,
  sequence: true,
  checks: [
    {
      name: "what a command prints arrives as a file, and stands nowhere else",
      critical: true,
      run: async (context) => {
        mkdirSync(join(context.work, "keeper"), { recursive: true });
        writeFileSync(keeper(context), `${FIRST}\n`);
        const stack = stackOf(context);
        await stack.init();
        await stack.mustUp(settings(context));
        expect((await secretOf()) === FIRST, "the file has another value");
        const told = [await inspected(), await stack.written(), stack.log];
        expect(!told.some((text) => text.includes(FIRST)), "the value is in docker inspect, the state or the output");
        expectMatch(told[0] ?? "", /STRIPE_KEY_FILE=\/run\/secrets\/stripe_key/, "docker inspect");
        const preview = await stack.preview(["--expect-no-changes"]);
        expect(preview.code === 0, tail(preview.output, 40));
      },
    },
    {
      name: "another value at the source is a replacement in the preview, and the next up loses no request",
      run: async (context) => {
        const stack = stackOf(context);
        const before = (await container(STACK, "api")).Id;
        writeFileSync(keeper(context), `${SECOND}\n`);
        const preview = await stack.preview(["--diff"]);
        expectMatch(preview.output, /docker:index\/container:Container: \(replace\)/, "the preview");
        const load = new Load({ host: SOURCES.host, port: SOURCES.httpsPort, path: "/api/version" }, 60);
        try {
          await stack.mustUp(settings(context));
        } finally {
          await load.stop();
        }
        const served = await load.stop();
        expect(served.failed.length === 0, `${describeLoad(served)}\n${served.failed.slice(0, 8).join("\n")}`);
        expect((await secretOf()) === SECOND, "the file has the value of before");
        expect((await container(STACK, "api")).Id !== before, "the container is the one of before");
        expect(!stack.log.includes(SECOND), "the CLI printed the value");
        return describeLoad(served);
      },
    },
    {
      name: "a source that fails ends the update before it changes anything, and its message has no secret",
      run: async (context) => {
        const stack = stackOf(context);
        const before = (await containers(STACK, true)).map(({ Id }) => Id).sort();
        const script = join(context.work, "keeper", "broken");
        writeFileSync(script, `#!/bin/sh\necho ${SECOND}\necho "locked: ${SECOND}" >&2\nexit 7\n`, { mode: 0o755 });
        stack.configure(settings(context, { command: [script] }));
        const result = await stack.up();
        expect(result.code !== 0, "the update passed");
        expectMatch(result.output, /services\.api\.secrets\.STRIPE_KEY/, "the error");
        expectMatch(result.output, /ended with 7: locked: \(hidden\)/, "the error");
        expect(!result.output.includes(SECOND), "the error has the secret");
        const after = (await containers(STACK, true)).map(({ Id }) => Id).sort();
        expect(before.join() === after.join(), "a container changed");
      },
    },
    {
      name: "a preview without the program goes on, and an update does not",
      run: async (context) => {
        const stack = stackOf(context);
        stack.configure(settings(context, { command: ["rampart-e2e-no-such-program"] }));
        const preview = await stack.preview();
        expect(preview.code === 0, tail(preview.output, 40));
        expectMatch(preview.output, /cannot tell whether the secret has changed/, "the preview");
        const result = await stack.up();
        expect(result.code !== 0, "the update passed");
        expectMatch(result.output, /`rampart-e2e-no-such-program`, which is not installed/, "the error");
      },
    },
    {
      name: "a file that SOPS has encrypted is decrypted for the deployment only",
      run: async (context) => {
        for (const program of ["sops", "age-keygen"])
          if ((await run("bash", ["-c", `command -v ${program}`])).code !== 0)
            throw new Skip(`${program} is not installed`);
        const directory = join(context.work, "keeper");
        const key = join(directory, "key.txt");
        await must("age-keygen", ["-o", key]);
        const recipient = /public key: (\S+)/.exec(readFileSync(key, "utf8"))?.[1] ?? "";
        const file = join(directory, "prod.enc.yaml");
        writeFileSync(file, `stripe:\n  keys: [${FIRST}, ${ENCRYPTED}]\n`);
        await must("sops", ["--encrypt", "--in-place", "--age", recipient, file]);
        expect(!readFileSync(file, "utf8").includes(ENCRYPTED), "the file is in clear");
        const stack = stackOf(context);
        stack.env["SOPS_AGE_KEY_FILE"] = key;
        await stack.mustUp(settings(context, { sops: file, key: "stripe.keys.1" }));
        expect((await secretOf()) === ENCRYPTED, "the file has another value");
        stack.env["SOPS_AGE_KEY_FILE"] = join(directory, "no-such-key");
        const result = await stack.up();
        expect(result.code !== 0, "the update passed without the key");
        expectMatch(result.output, /`sops .*`, which ended with \d+/, "the error");
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
