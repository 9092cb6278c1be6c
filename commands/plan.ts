import { createRequire } from "node:module";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { evaluate, planJson, readStackFile, renderPlan, StackFileError } from "../plan";

const USAGE = `usage: npm run plan -- <stack> [--config-file FILE] [--json]

Evaluates the program with the stack's configuration, in this process: no engine, no account, no Docker.
Prints everything it would declare and how that stands against the rules.

  <stack>             the stack, whose file is Pulumi.<stack>.yaml
  --config-file FILE  another file
  --json              { stack, resources, posture }, for tools; send it to a file or a pipe with npm run --silent
`;

// Only now, and not as an import: the program runs as it loads.
const load = createRequire(__filename);
const root = resolve(__dirname, "..");

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" }, "config-file": { type: "string" } },
  });
  const [stack, ...rest] = positionals;
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (stack === undefined || rest.length > 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  const file = readStackFile(root, stack, values["config-file"]);
  const plan = await evaluate(file, () => Promise.resolve(load("../index")));
  process.stdout.write(values.json === true ? `${JSON.stringify(planJson(plan), undefined, 2)}\n` : renderPlan(plan));
  return plan.posture.some((entry) => entry.status === "fail") ? 1 : 0;
}

function explain(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n`);
  return error instanceof StackFileError || (error instanceof TypeError && "code" in error) ? 2 : 1;
}

// A throw inside an apply has no caller to catch it.
process.on("unhandledRejection", (error) => process.exit(explain(error)));
main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => (process.exitCode = explain(error)),
);
