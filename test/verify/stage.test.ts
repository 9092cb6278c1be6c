import { existsSync, readFileSync } from "node:fs";
import type { DockerClient } from "../../engine/docker";
import { Stage, type StageArgs } from "../../verify/stage";
import { inspected, POSTGRES_ID, state, surveyed } from "./support";

/** What the CLI was told, and what the profile said while it was. */
interface Call {
  readonly args: readonly string[];
  readonly profile: string | undefined;
}

function stageOf(): { readonly stage: Stage; readonly calls: readonly Call[] } {
  const calls: Call[] = [];
  const record = (args: readonly string[]): void => {
    const file = args.find((one) => one.startsWith("seccomp=/"))?.slice("seccomp=".length);
    calls.push({ args, profile: file === undefined ? undefined : readFileSync(file, "utf8") });
  };
  const engine = {
    must: (_: string, args: readonly string[]) => {
      record(args);
      return Promise.resolve(`container-${calls.length}\n`);
    },
    ask: (args: readonly string[]) => {
      record(args);
      return Promise.resolve({ code: 0, stdout: "", stderr: "" });
    },
  } as unknown as DockerClient;
  const stage = new Stage({
    engine,
    stack: "dev",
    survey: surveyed({ containers: [inspected()] }),
    config: {} as unknown as StageArgs["config"],
    state: state(),
    containers: [{ resource: "rampart-dev-postgres" }] as unknown as StageArgs["containers"],
    outside: [],
  });
  return { stage, calls };
}

const after = (args: readonly string[], option: string): string[] =>
  args.flatMap((one, index) => (one === option ? [args[index + 1] ?? ""] : []));

test("a container like another has its profile, which is a file only as long as the CLI reads it", async () => {
  const { stage, calls } = stageOf();
  await stage.like({
    securityOpts: ["no-new-privileges:true", "apparmor=rampart-web", 'seccomp={"defaultAction":"SCMP_ACT_ERRNO"}'],
    capabilities: ["NET_BIND_SERVICE"],
  });
  const [call] = calls;
  const options = after(call?.args ?? [], "--security-opt");
  expect(options.slice(0, 2)).toEqual(["no-new-privileges:true", "apparmor=rampart-web"]);
  expect(call?.profile).toBe('{"defaultAction":"SCMP_ACT_ERRNO"}');
  expect(existsSync(options[2]?.slice("seccomp=".length) ?? "")).toBe(false);
  expect(after(call?.args ?? [], "--cap-add")).toEqual(["NET_BIND_SERVICE"]);
  expect(after(call?.args ?? [], "--network")).toEqual(["none"]);
});

test("a container beside another shares its processes and nothing else; each is made once, and removed", async () => {
  const { stage, calls } = stageOf();
  await Promise.all([stage.beside("abc"), stage.beside("abc"), stage.on("net")]);
  expect(calls.map(({ args }) => [after(args, "--pid"), after(args, "--network"), after(args, "--user")])).toEqual([
    [["container:abc"], ["none"], ["65534:65534"]],
    [[], ["net"], ["65534:65534"]],
  ]);
  await stage.close();
  expect(calls.at(-1)?.args).toEqual(["rm", "--force", "container-1", "container-2"]);
});

test("what is declared of a container is found by its id, and of a stranger nothing", () => {
  const { stage } = stageOf();
  expect(stage.declared("stranger")).toBeUndefined();
  expect(stage.declared(POSTGRES_ID)?.resource).toBe("rampart-dev-postgres");
});
