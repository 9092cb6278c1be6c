import { container } from "../lib/engine";
import { control, withProbe } from "../lib/probe";
import { expect, expectNone, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";

const CALLS = ["ptrace", "process_vm_readv"] as const;

export const seccomp: Suite<Context> = {
  name: "seccomp",
  stack: "main",
  smoke: true,
  checks: [
    {
      name: "the control: without a filter the kernel allows both calls",
      run: async ({ images }) => {
        for (const call of CALLS) {
          const result = await control(images.app, ["--cap-drop", "ALL", "--security-opt", "seccomp=unconfined"], call);
          expect(result.ok, JSON.stringify(result));
        }
      },
    },
    ...["api", "web", "worker", "reports"].map((service) => ({
      name: `ptrace and process_vm_readv are EPERM in ${service}`,
      run: async ({ main }: Context) => {
        const results = await withProbe(await container(main.name, service), async (probe) => [
          await probe.try(CALLS[0]),
          await probe.try(CALLS[1]),
          await probe.try("unshare", "user"),
          await probe.try("mount", "/tmp"),
          await probe.try("keyctl"),
        ]);
        expectNone(results.filter(({ ok, errno }) => ok || errno !== "EPERM").map((result) => JSON.stringify(result)));
      },
    })),
  ],
};
