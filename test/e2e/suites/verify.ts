/** `rampart verify`: passes on what was deployed, and catches what somebody breaks by hand. */
import { container, docker, LABEL, mustDocker } from "../lib/engine";
import { Outside, OUTSIDE } from "../lib/outside";
import { tail } from "../lib/process";
import { rampart } from "../lib/rampart";
import { expect, expectNone, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";

export interface Check {
  readonly id: string;
  readonly status: "pass" | "fail" | "accepted" | "skip";
  readonly target: string;
  readonly evidence: string;
}

interface Verified {
  readonly code: number;
  readonly seconds: number;
  readonly checks: readonly Check[];
}

export async function verified({ main }: Context, ...args: readonly string[]): Promise<Verified> {
  const { code, stdout, output, seconds } = await rampart(main, "verify", "--json", ...args);
  expect(stdout.startsWith("{"), tail(output, 20));
  return { code, seconds, checks: (JSON.parse(stdout) as { readonly checks: readonly Check[] }).checks };
}

const told = ({ id, status, target, evidence }: Check): string => `${status} ${id} ${target}: ${evidence}`;
const failed = (checks: readonly Check[]): string[] => checks.filter(({ status }) => status === "fail").map(told);

/** What somebody does to a running stack, how it is undone, and which control has to say so of what. */
interface Breakage {
  readonly what: string;
  readonly id: string;
  readonly target: RegExp;
  readonly evidence: RegExp;
}

const POSER = "e2e-verify-poser";
const STRANGER = "e2e-verify-stranger";

const BREAKAGES: readonly Breakage[] = [
  { what: "more memory", id: "drift-changed", target: /-web$/, evidence: /memory in MiB: declared \d+, is 300/ },
  { what: "Postgres on the proxy network", id: "drift-changed", target: /-postgres$/, evidence: /-proxy/ },
  { what: "Postgres on the proxy network", id: "rampart-networks", target: /-postgres$/, evidence: /is on proxy/ },
  { what: "a stopped service", id: "drift-missing", target: /-reports$/, evidence: /is exited/ },
  { what: "a stranger on internal", id: "drift-strangers", target: /-internal$/, evidence: new RegExp(STRANGER) },
  { what: "a poser", id: "drift-unknown", target: new RegExp(POSER), evidence: /the state does not know it/ },
  { what: "a poser that is privileged", id: "cis-5.5", target: new RegExp(POSER), evidence: /is privileged/ },
];

/** Breaks all of it at once, as each look at the stack takes some seconds. Gives what undoes it. */
async function breakThings({ main, images }: Context): Promise<() => Promise<void>> {
  const [web, postgres, reports] = await Promise.all(
    ["web", "postgres", "reports"].map((name) => container(main.name, name)),
  );
  expect(web !== undefined && postgres !== undefined && reports !== undefined, "a container is missing");
  const { networks } = await main.outputs();
  const [proxy = "", internal = ""] = [networks["proxy"], networks["internal"]];
  const memory = web.HostConfig.Memory;
  const limit = (bytes: number): string[] => ["--memory", String(bytes), "--memory-swap", String(bytes)];
  await mustDocker(["update", ...limit(300 * 1_048_576), web.Id]);
  await mustDocker(["network", "connect", proxy, postgres.Id]);
  await mustDocker(["stop", reports.Id]);
  await mustDocker(["run", "--detach", "--name", STRANGER, "--network", internal, images.app, "frontend"]);
  const labels = { [LABEL.stack]: main.name, [LABEL.component]: "edge", [LABEL.name]: "edge" };
  await mustDocker([
    ...["run", "--detach", "--privileged", "--name", POSER, "--network", "none"],
    ...Object.entries(labels).flatMap(([label, value]) => ["--label", `${label}=${value}`]),
    ...["--label", "io.rampart.accepted.cis-5.5=because", images.app, "frontend"],
  ]);
  return async () => {
    await docker(["rm", "--force", POSER, STRANGER]);
    await mustDocker(["update", ...limit(memory), web.Id]);
    await mustDocker(["network", "disconnect", proxy, postgres.Id]);
    await mustDocker(["start", reports.Id]);
  };
}

const PROBES = ["probe-isolation", "probe-no-way-out", "probe-host-listeners"];

export const verify: Suite<Context> = {
  name: "verify",
  stack: "main",
  checks: [
    {
      name: "a stack as it was deployed passes, and every probe could be tried",
      repeatable: true,
      run: async (context) => {
        const outside = new Outside();
        try {
          await outside.open();
          const { code, checks, seconds } = await verified(context, "--outside", `${OUTSIDE.address}:${OUTSIDE.port}`);
          expectNone(failed(checks));
          expectNone(
            PROBES.filter((id) => !checks.some((check) => check.id === id && check.status === "pass")).map(
              (id) =>
                `${id}: ${
                  checks
                    .filter((check) => check.id === id)
                    .map(told)
                    .join("; ") || "not tried"
                }`,
            ),
          );
          expect(code === 0, `exit code ${code}`);
          const left = await mustDocker(["ps", "--all", "--quiet", "--filter", `label=${LABEL.name}=verify`]);
          expect(left === "", `containers are left: ${left}`);
          return `${checks.length} checks in ${seconds.toFixed(0)} s`;
        } finally {
          await outside.close();
        }
      },
    },
    {
      name: "what somebody changed, stopped, added or attached by hand is named, by each control that it breaks",
      run: async (context) => {
        const undo = await breakThings(context);
        try {
          const { code, checks } = await verified(context);
          expect(code === 1, `exit code ${code}`);
          expectNone(
            BREAKAGES.filter(
              ({ id, target, evidence }) =>
                !checks.some(
                  (check) =>
                    check.id === id &&
                    check.status === "fail" &&
                    target.test(check.target) &&
                    evidence.test(check.evidence),
                ),
            ).map(({ what, id }) => `${what}: ${id} did not say so; failed: ${failed(checks).join(" | ")}`),
          );
        } finally {
          await undo();
        }
        return `${BREAKAGES.length} findings`;
      },
    },
    {
      name: "once all of that is undone, nothing fails",
      run: async (context) => {
        await container(context.main.name, "reports");
        const { checks } = await verified(context);
        expectNone(failed(checks));
      },
    },
  ],
};
