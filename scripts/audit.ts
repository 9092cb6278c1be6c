/**
 * `npm run audit`: no dependency that is delivered has a known vulnerability of level high or critical, unless
 * audit-allowed.json accepts it for a time. Ends with 1 for one that has, and with 2 where npm could not ask.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { judgeAudit, type Allowed } from "./audit-judge";

const ROOT = join(__dirname, "..");
const allowed = JSON.parse(readFileSync(join(__dirname, "audit-allowed.json"), "utf8")) as Allowed[];

const { stdout, stderr } = spawnSync("npm", ["audit", "--omit=dev", "--audit-level=high", "--json"], {
  cwd: ROOT,
  encoding: "utf8",
  maxBuffer: 64 * 1024 * 1024,
});

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

const report = parsed(stdout);
const verdict = judgeAudit(report, allowed, new Date().toISOString().slice(0, 10));
if (verdict === undefined) {
  const told = typeof report === "object" && report !== null && "message" in report ? report.message : stderr.trim();
  console.error(`npm could not ask for advisories, so nothing is known: ${String(told)}`);
  process.exitCode = 2;
} else {
  for (const note of verdict.notes) console.error(note);
  for (const fault of verdict.faults) console.error(fault);
  if (verdict.faults.length > 0) process.exitCode = 1;
}
