/** `rampart verify`: what somebody breaks at the edge, at a proxy of the Docker API and in the kernel's confinement. */
import { container, docker, ids, LABEL, mustDocker, type Container } from "../lib/engine";
import { handshake } from "../lib/http";
import { until } from "../lib/process";
import { expect, expectNone, type Suite } from "../lib/runner";
import { MAIN, type Context } from "../lib/stacks";
import { verified, type Check } from "./verify";

/** What verify has to say. */
interface Wanted {
  readonly id: string;
  readonly target: RegExp;
  readonly evidence: RegExp;
}

const told = ({ id, status, target, evidence }: Check): string => `${status} ${id} ${target}: ${evidence}`;

/** Runs verify on a stack that is broken, and repairs it. */
async function named(
  context: Context,
  undo: () => Promise<void>,
  wanted: readonly Wanted[],
  ...options: readonly string[]
): Promise<string> {
  try {
    const { code, checks } = await verified(context, ...options);
    const failed = checks.filter(({ status }) => status === "fail");
    expect(code === 1, `exit code ${code}`);
    expectNone(
      wanted
        .filter(
          ({ id, target, evidence }) =>
            !failed.some((check) => check.id === id && target.test(check.target) && evidence.test(check.evidence)),
        )
        .map(
          ({ id, target, evidence }) =>
            `${id} does not say of ${target.source}: ${evidence.source}; it says ${
              checks
                .filter((check) => check.id === id)
                .map(told)
                .join(" | ") || "nothing"
            }`,
        ),
    );
  } finally {
    await undo();
  }
  return `${wanted.length} findings`;
}

/** The name of the volume that a container has at a path. */
function volumeAt(one: Container, path: string): string {
  const name = one.Mounts.find(({ Destination }) => Destination === path)?.Name;
  if (name === undefined) throw new Error(`${one.Name} has no volume at ${path}`);
  return name;
}

/** A file of a volume, which its container only reads. */
class VolumeFile {
  constructor(
    private readonly image: string,
    private readonly volume: string,
    private readonly path: string,
  ) {}

  private run(script: string, input = ""): Promise<string> {
    return mustDocker(
      [
        ...["run", "--rm", "--interactive", "--network", "none", "--user", "0:0", "--label", `${LABEL.e2e}=1`],
        ...["--volume", `${this.volume}:/v`, "--entrypoint", "sh", this.image, "-c", script, "sh", `/v/${this.path}`],
      ],
      { input },
    );
  }
  read = (): Promise<string> => this.run('cat "$1"');
  write = (text: string): Promise<string> => this.run('cat > "$1"', text);
}

/** Lines of the gateway's routes that somebody takes out, each of which a probe misses. */
const RULES_TAKEN = [
  /set-header X-Frame-Options /,
  /set-var\(txn\.refusal\) str\((?:method|path|rate|body-size|credentials)\)/,
] as const;

/** The gateway's routes without their rules: it believes its clients, and knows every host. */
const broken = (routes: string): string =>
  routes
    .split("\n")
    .filter((line) => !RULES_TAKEN.some((rule) => rule.test(line)))
    .join("\n")
    .replace(/^( *)http-request set-var\(txn\.id\)/m, "$1http-request set-src req.hdr_ip(x-forwarded-for)\n$&")
    .replace(
      /^( *)http-request set-var\(txn\.refusal\) str\(host\).*$/m,
      "$1http-request set-var(txn.route) str(web) if !{ var(txn.route) -m found }",
    )
    .replace(
      /^( *)http-request redirect location https:.*$/m,
      "$1http-request return status 200 content-type text/plain string http",
    )
    .replace("inspect-delay 5s", "inspect-delay 60s")
    .replaceAll("/rampart/routes/", "/rampart/routes/broken-");

async function breakGateway({ main, images }: Context): Promise<() => Promise<void>> {
  const gateway = await container(main.name, "gateway");
  const file = new VolumeFile(images.haproxy, volumeAt(gateway, "/routes"), "routes.cfg");
  const routes = await file.read();
  const text = broken(routes);
  const path = /\/rampart\/routes\/broken-[0-9a-f]+/.exec(text)?.[0] ?? "";
  const undo = async (): Promise<void> => {
    await file.write(routes);
    await mustDocker(["exec", gateway.Id, "sh", "/etc/rampart/apply.sh"]);
  };
  return orUndone(undo, async () => {
    await file.write(text);
    await mustDocker(["kill", "--signal", "USR2", gateway.Id]);
    await until("the gateway serves the broken routes", 20, async () => {
      const url = `http://127.0.0.1:8084${path}`;
      return (await docker(["exec", gateway.Id, "wget", "-q", "-O", "/dev/null", url])).code === 0;
    });
  });
}

/** Gives what undoes something, which is undone at once where it cannot be done. */
async function orUndone(undo: () => Promise<void>, act: () => Promise<void>): Promise<() => Promise<void>> {
  try {
    await act();
    return undo;
  } catch (error) {
    await undo();
    throw error;
  }
}

const OLD_TLS = { ciphers: "DEFAULT:@SECLEVEL=0", minVersion: "TLSv1", maxVersion: "TLSv1.1" } as const;

async function breakEdge({ main, images }: Context): Promise<() => Promise<void>> {
  const edge = await container(main.name, "edge");
  const file = new VolumeFile(images.haproxy, volumeAt(edge, "/etc/traefik/dynamic"), "routes/rampart.yml");
  const text = await file.read();
  const takesOld = async (): Promise<boolean> =>
    (await handshake(MAIN.httpsPort, MAIN.host, OLD_TLS)).protocol !== undefined;
  // It watches the directory above, and reads anew also when it is told to.
  const write = async (routes: string): Promise<void> => {
    await file.write(routes);
    await mustDocker(["kill", "--signal", "HUP", edge.Id]);
  };
  const undo = async (): Promise<void> => {
    await write(text);
    await until("the edge takes no TLS 1.1 any more", 20, async () => !(await takesOld()));
  };
  return orUndone(undo, async () => {
    await write(text.replaceAll("VersionTLS12", "VersionTLS10").replace(/"cipherSuites": \[[^\]]*\],/g, ""));
    await until("the edge takes TLS 1.1", 20, takesOld);
  });
}

const PROXY = "e2e-verify-open-proxy";
const OPEN = "e2e-verify-unconfined";
const IDLE = "e2e-verify-idle";
const PERMISSIVE = [
  "defaults",
  "  mode http",
  "  timeout client 60s",
  "  timeout server 60s",
  "  timeout connect 5s",
  "frontend all",
  "  bind *:2375",
  "  default_backend engine",
  "backend engine",
  "  server engine unix@/var/run/docker.sock",
  "",
].join("\n");

const posing = (stack: string, component: string, name: string): string[] =>
  Object.entries({ [LABEL.stack]: stack, [LABEL.component]: component, [LABEL.name]: name }).flatMap(
    ([label, value]) => ["--label", `${label}=${value}`],
  );

/** A proxy in the place of the worker's that lets everything through, and a container without any confinement. */
async function breakConfinement({ main, images }: Context): Promise<() => Promise<void>> {
  const { networks } = await main.outputs();
  await mustDocker([
    ...["run", "--detach", "--name", PROXY, "--network", networks["docker-api-worker"] ?? "", "--user", "0:0"],
    ...posing(main.name, "socket-proxy", "docker-api-worker"),
    ...["--volume", "/var/run/docker.sock:/var/run/docker.sock", "--env", `CONFIG=${PERMISSIVE}`],
    ...["--entrypoint", "sh", images.haproxy, "-c", 'echo "$CONFIG" > /tmp/h.cfg; exec haproxy -f /tmp/h.cfg'],
  ]);
  await mustDocker([
    ...["run", "--detach", "--name", OPEN, "--network", "none", "--user", "0:0", "--tmpfs", "/scratch:exec"],
    ...["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"],
    ...posing(main.name, "service", "web"),
    ...["--entrypoint", "sleep", images.haproxy, "600"],
  ]);
  // What a prune would delete.
  await mustDocker(["create", "--name", IDLE, "--label", `${LABEL.e2e}=1`, images.haproxy]);
  await mustDocker(["volume", "create", "--label", `${LABEL.e2e}=1`, IDLE]);
  return async () => {
    await docker(["rm", "--force", "--volumes", PROXY, OPEN, IDLE]);
    await docker(["volume", "rm", IDLE]);
  };
}

const confinement = (target: RegExp, evidence: RegExp): Wanted => ({ id: "probe-confinement", target, evidence });

/** Names of what is the stack's on the engine, bears a name of the probe's, or could be pruned. */
async function belongings({ main }: Context): Promise<string> {
  const all = await Promise.all([
    ids("volume", [`label=${LABEL.stack}=${main.name}`]),
    ids("network", [`label=${LABEL.stack}=${main.name}`]),
    mustDocker(["ps", "--all", "--format", "{{.Names}}", "--filter", `name=${IDLE}`]),
    mustDocker(["volume", "ls", "--quiet", "--filter", `name=${IDLE}`]),
    mustDocker(["volume", "ls", "--quiet", "--filter", "name=rampart-verify"]),
    mustDocker(["network", "ls", "--quiet", "--filter", "name=rampart-verify"]),
    mustDocker(["ps", "--all", "--format", "{{.Names}}", "--filter", "name=rampart-verify"]),
  ]);
  return JSON.stringify(all.map((one) => (Array.isArray(one) ? [...one].sort() : one)));
}

export const verifyEdge: Suite<Context> = {
  name: "verify-edge",
  stack: "main",
  checks: [
    {
      name: "rules that somebody took out of the gateway, and old TLS at the edge, are named",
      run: async (context) => {
        const undoGateway = await breakGateway(context);
        let undoEdge = (): Promise<void> => Promise.resolve();
        await orUndone(undoGateway, async () => {
          undoEdge = await breakEdge(context);
        });
        const undo = async (): Promise<void> => {
          await undoGateway();
          await undoEdge();
        };
        return named(
          context,
          undo,
          [
            { id: "probe-edge-tls", target: /^app\.localhost$/, evidence: /takes TLS 1\.0; takes TLS 1\.1/ },
            { id: "probe-edge-tls", target: /^app\.localhost$/, evidence: /takes TLS 1\.2 with weak ciphers/ },
            { id: "probe-edge-headers", target: /^https:\/\/app\.localhost$/, evidence: /X-Frame-Options is missing/ },
            { id: "probe-edge-routes", target: /^app\.localhost$/, evidence: /%2e%2e/ },
            { id: "probe-edge-routes", target: /^app\.localhost$/, evidence: /plain http: 200/ },
            { id: "probe-edge-routes", target: /^https:\/\/app\.localhost$/, evidence: /TRACE: / },
            { id: "probe-edge-routes", target: /^other hosts$/, evidence: /an unknown host: 200/ },
            { id: "probe-edge-client", target: /^gateway$/, evidence: /believes 203\.0\.113\.9/ },
            { id: "probe-rate-limit", target: /reports/, evidence: /all pass a limit with a burst of 20/ },
            { id: "probe-slow-client", target: /says nothing/, evidence: /is still served after 20 s/ },
            { id: "probe-body-limit", target: /app\.localhost/, evidence: /waits for a body/ },
          ],
          "--attack",
        );
      },
    },
    {
      name: "a proxy that lets everything through, and a container without confinement, are named and harm nothing",
      run: async (context) => {
        const undo = await breakConfinement(context);
        const before = await belongings(context);
        return named(context, async () => {
          const after = await belongings(context);
          await undo();
          expect(after === before, `${before} became ${after}`);
        }, [
          {
            id: "probe-docker-api",
            target: new RegExp(PROXY),
            evidence: /\d+ requests are let through: GET \/version/,
          },
          confinement(new RegExp(OPEN), /no system call is filtered \(Seccomp 0\)/),
          confinement(new RegExp(OPEN), /capabilities that are not declared: .*SYS_ADMIN/),
          confinement(new RegExp(OPEN), /its root is mounted writable; a file could be written to its root/),
          confinement(new RegExp(OPEN), /\/scratch can be written, and executed from/),
          { id: "probe-system-calls", target: new RegExp(OPEN), evidence: /can mount; can unshare a user namespace/ },
        ]);
      },
    },
    {
      name: "once all of that is undone, nothing fails, under attack either",
      run: async (context) => {
        const { code, checks } = await verified(context, "--attack");
        expectNone(checks.filter(({ status }) => status === "fail").map(told));
        const tried = ["probe-rate-limit", "probe-body-limit", "probe-slow-client", "probe-docker-api"];
        expectNone(
          tried.filter((id) => !checks.some((check) => check.id === id && check.status === "pass")),
          "probes that did not pass",
        );
        expect(code === 0, `exit code ${code}`);
      },
    },
  ],
};
