/** Clients of IPv6: their addresses are kept, or the update says that the engine loses them. */
import { container, docker } from "../lib/engine";
import { must, run, tail, until, type RunResult } from "../lib/process";
import { Stack } from "../lib/pulumi";
import { expect, expectMatch, type Suite } from "../lib/runner";
import { IPV6, ipv6Settings, type Context } from "../lib/stacks";

const STACK = "e2e-ipv6";
const NAMESPACE = `rampart-e2e-six-${process.pid}`;
const LINK = `re6e${process.pid % 100_000}`;
const CLIENT = "fd98:6a5c:11::2";
const HOST = "fd98:6a5c:11::1";

let made: Stack | undefined;
const stackOf = ({ work }: Context): Stack => (made ??= new Stack(STACK, work));

/** A client outside of the engine's bridges, in a network namespace behind a veth pair. */
async function openClient(): Promise<void> {
  const inside = `${LINK}p`;
  await must("ip", ["netns", "add", NAMESPACE]);
  await must("ip", ["link", "add", LINK, "type", "veth", "peer", "name", inside, "netns", NAMESPACE]);
  await must("ip", ["address", "add", `${HOST}/64`, "dev", LINK, "nodad"]);
  await must("ip", ["link", "set", LINK, "up"]);
  await must("ip", ["-n", NAMESPACE, "address", "add", `${CLIENT}/64`, "dev", inside, "nodad"]);
  await must("ip", ["-n", NAMESPACE, "link", "set", inside, "up"]);
}

export async function closeIpv6Client(): Promise<void> {
  await run("ip", ["link", "delete", LINK]);
  await run("ip", ["netns", "delete", NAMESPACE]);
}

/** The status of an answer to curl, "000" where the connection got none. @param address of the host */
const answer = async (address: string, before: readonly string[] = []): Promise<string> => {
  const resolve = `${IPV6.host}:${IPV6.httpsPort}:${address}`;
  const url = `https://${IPV6.host}:${IPV6.httpsPort}/`;
  const curl = ["curl", "--noproxy", "*", "-gsk", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}"];
  const [program = "", ...args] = [...before, ...curl, "--resolve", resolve, url];
  return (await run(program, args)).stdout;
};
const fromClient = (): Promise<string> => answer(`[${HOST}]`, ["ip", "netns", "exec", NAMESPACE]);

/** Whether the engine leads IPv6 by rules of the kernel: then it has a chain of its own there. */
const hasRules = async (): Promise<boolean> =>
  /^-N DOCKER$/m.test((await run("ip6tables", ["--table", "nat", "--list-rules"])).stdout);

async function kept(context: Context, { code, output }: RunResult): Promise<void> {
  expect(code === 0, tail(output, 40));
  await until("a client of IPv6 is served", 20, async () => (await fromClient()) === "200");
  const log = (await docker(["logs", (await container(STACK, "gateway")).Id])).output;
  expectMatch(log, new RegExp(`"client":"${CLIENT}"`), "the log");
  const preview = await stackOf(context).preview(["--expect-no-changes"]);
  expect(preview.code === 0, tail(preview.output, 40));
}

async function lost({ code, output }: RunResult): Promise<void> {
  expect(code !== 0, "the update says nothing");
  expectMatch(output, /does not keep the addresses of IPv6 clients/, "the update");
  expect((await fromClient()) === "000", "a client of IPv6 gets an answer");
}

export const ipv6: Suite<Context> = {
  name: "ipv6",
  stack: "ipv6",
  sequence: true,
  checks: [
    {
      name: "clients of IPv6 keep their addresses, or the update says that the engine loses them",
      critical: true,
      run: async (context) => {
        await openClient();
        const stack = stackOf(context);
        await stack.init();
        stack.configure(ipv6Settings(context.images, true));
        const result = await stack.up();
        const rules = await hasRules();
        await (rules ? kept(context, result) : lost(result));
        expect((await answer("127.0.0.1")) === "200", "IPv4 is not served");
        expect((await answer("[::1]")) === "000", "a connection that the engine hands on is served");
        return rules ? "kept" : "lost, and said so";
      },
    },
    {
      name: "without the key there is no IPv6, and no trace of it",
      run: async (context) => {
        const stack = stackOf(context);
        await stack.mustUp(ipv6Settings(context.images, false));
        expect((await fromClient()) === "000", "a client of IPv6 gets an answer");
        expect((await answer("127.0.0.1")) === "200", "IPv4 is not served");
        const { Id } = await container(STACK, "gateway");
        const ports = (await docker(["port", Id])).output;
        expect(!ports.includes("::"), ports);
        await closeIpv6Client();
        const destroyed = await stack.destroy();
        expect(destroyed.code === 0, tail(destroyed.output, 40));
      },
    },
  ],
};
