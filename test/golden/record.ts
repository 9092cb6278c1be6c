/**
 * Evaluates the program as `plan --json` does, and keeps the plan together with a digest of every file that a carrier
 * brings, those with secret contents included: on no engine, and always at the same moment.
 */
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { HardenedStack, loadStackConfig } from "../../components";
import { evaluate, planJson, readStackFile, type PlanJson } from "../../plan";

const root = resolve(__dirname, "../..");

/** Certificates and end dates are the same bytes then. */
const MOMENT = Date.parse("2026-11-01T12:00:00Z");

export interface Recording {
  readonly plan: PlanJson;
  /** SHA-256 of each file, by carrier and path. */
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

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

/** Records a stack. One at a time: Pulumi's runtime, the clock and the environment are the process's own. */
export async function recordGolden(stack: string, file: string): Promise<Recording> {
  const files: Record<string, Record<string, string>> = {};
  const program = (): Promise<HardenedStack> => {
    const monitor = (pulumi.runtime as unknown as { getMonitor(): Monitor }).getMonitor();
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) => {
      const carried = filesOf(request);
      if (carried.length > 0) files[request.getName()] = Object.fromEntries(carried);
      return register(request, callback);
    };
    // What index.ts does as it loads, which it does once.
    return Promise.resolve(new HardenedStack(loadStackConfig()));
  };
  const plan = await anywhere(async () => planJson(await evaluate(readStackFile(root, stack, file), program)));
  const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { plan: inOrder(plan), files: sorted };
}

/** Runs what must not depend on where and when it runs. */
async function anywhere<T>(work: () => Promise<T>): Promise<T> {
  const { Date: clock } = globalThis;
  const { env } = process;
  globalThis.Date = new Proxy(clock, {
    construct: (target, values) => Reflect.construct(target, values.length === 0 ? [MOMENT] : values) as Date,
    get: (target, key) => (key === "now" ? () => MOMENT : (Reflect.get(target, key) as unknown)),
  });
  // An engine that is not there: what the program reads of a local one (its socket's group) differs between machines.
  process.env = { PATH: env["PATH"], HOME: tmpdir(), DOCKER_HOST: "unix:///nowhere/docker.sock" };
  try {
    return await work();
  } finally {
    globalThis.Date = clock;
    process.env = env;
  }
}
