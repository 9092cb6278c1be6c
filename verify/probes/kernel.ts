/** What the kernel itself says of each container. */
import { LABEL_EPHEMERAL } from "../../hardening/container/labels";
import { liveContainer, nameOf } from "../../hardening/rules/live";
import { leaf, tree, type Tree } from "../../hardening/tree";
import type { Finding } from "../check";
import { confinementText, kernelFaults, type DeclaredConfinement, type KernelFault } from "../kernel/judge";
import { READ_BESIDE, readingOf, readInsideScript, type Reading } from "../kernel/reading";
import type { Stage } from "../stage";
import type { Probe } from "./probe";

/** Without a shell there, from a container beside it: that takes longer. */
async function readContainer(stage: Stage, id: string): Promise<Reading | undefined> {
  const inside = await stage.engine.ask(["exec", id, "sh", "-c", readInsideScript()], { timeoutSeconds: 30 });
  const reading = readingOf(inside.stdout);
  if (reading !== undefined) return reading;
  return readingOf((await (await stage.beside(id)).run(READ_BESIDE)).stdout);
}

/** A fault is accepted where the stack accepts its rule. */
export function judgeFaults(
  target: string,
  faults: readonly KernelFault[],
  accepted: DeclaredConfinement["accepted"],
): Finding | undefined {
  if (faults.length === 0) return undefined;
  const open = faults.filter(({ rule }) => accepted[rule] === undefined);
  const told = (some: readonly KernelFault[]): string => some.map(({ what }) => what).join("; ");
  if (open.length > 0) return { status: "fail", target, evidence: told(open) };
  const reasons = [...new Set(faults.map(({ rule }) => `${rule}: ${accepted[rule] ?? ""}`))];
  return { status: "accepted", target, evidence: `${told(faults)} (${reasons.join("; ")})` };
}

async function confinementOf(stage: Stage, inspected: Tree): Promise<Finding> {
  const id = leaf(inspected["Id"]);
  const target = nameOf(inspected);
  // One that the state does not know gets what its own settings say, without any exception.
  const live = liveContainer(inspected, undefined);
  const declared = stage.declared(id) ?? { ...live, capabilitiesAdded: [], accepted: {} };
  const reading = await readContainer(stage, id);
  if (reading === undefined) return { status: "skip", target, evidence: "the kernel's files could not be read" };
  const found = judgeFaults(target, kernelFaults(declared, reading), declared.accepted);
  return found ?? { status: "pass", target, evidence: confinementText(reading) };
}

/** What runs, but for what a command made for its own time. */
export const lasting = (stage: Stage): readonly Tree[] =>
  stage.survey.containers
    .map(tree)
    .filter(
      (one) =>
        tree(one["State"])["Running"] === true && tree(tree(one["Config"])["Labels"])[LABEL_EPHEMERAL] !== "true",
    );

export const confinement: Probe = {
  id: "probe-confinement",
  title: "the kernel confines each container as it was declared",
  severity: "high",
  why: "a setting that the engine lists and the kernel does not apply protects nothing",
  run: (stage) => Promise.all(lasting(stage).map((one) => confinementOf(stage, one))),
};
