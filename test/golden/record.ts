/**
 * `record.ts STACK FILE`: evaluates the program as `plan --json` does, and prints the plan together with a digest of
 * every file that a carrier brings, those with secret contents included. A process of its own:
 * Pulumi's runtime holds one program.
 */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { evaluate, planJson, readStackFile, type PlanJson } from "../../plan";
import type { Recording } from "./recordings";

const root = resolve(__dirname, "../..");
const load = createRequire(__filename);

interface Request {
  getType(): string;
  getName(): string;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
}
interface Monitor {
  registerResource(request: Request, callback: unknown): Promise<void>;
}

/** A secret crosses the wire as an object that holds its value. */
function inClear(value: unknown): unknown {
  return typeof value === "object" && value !== null && "value" in value ? inClear(value.value) : value;
}

function filesOf(request: Request): [path: string, digest: string][] {
  const uploads = inClear(request.getObject()?.toJavaScript()["uploads"]);
  if (!Array.isArray(uploads)) return [];
  return (uploads as Record<string, unknown>[]).map((upload) => [
    String(upload["file"]),
    createHash("sha256")
      .update(String(inClear(upload["content"])))
      .digest("hex"),
  ]);
}

/** By name: the order in which a program declares its resources is no part of what a stack consists of. */
function inOrder({ stack, resources, posture, summary }: PlanJson): PlanJson {
  const key = (parts: readonly string[]): string => parts.join("\n");
  const by =
    <T>(keyOf: (item: T) => string) =>
    (a: T, b: T): number =>
      keyOf(a) < keyOf(b) ? -1 : Number(keyOf(a) > keyOf(b));
  return {
    stack,
    resources: [...resources].sort(by(({ name, type }) => key([name, type]))),
    posture: [...posture].sort(by(({ id, resource, message }) => key([id, resource, message]))),
    summary,
  };
}

async function record(stack: string, file: string): Promise<Recording> {
  const files: Record<string, Record<string, string>> = {};
  const plan = await evaluate(readStackFile(root, stack, file), () => {
    const monitor = (pulumi.runtime as unknown as { getMonitor(): Monitor }).getMonitor();
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) => {
      const carried = filesOf(request);
      if (carried.length > 0) files[request.getName()] = Object.fromEntries(carried);
      return register(request, callback);
    };
    return Promise.resolve(load("../../index"));
  });
  const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { plan: inOrder(planJson(plan)), files: sorted };
}

const [stack = "", file = ""] = process.argv.slice(2);
void record(stack, file).then((recording) => process.stdout.write(JSON.stringify(recording)));
