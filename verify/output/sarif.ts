import type { Check } from "../check";
import type { Verification } from "../verify";
import { controlsOf } from "./controls";
import { SARIF_LEVELS, sarifLog } from "./sarif-log";

/** What fails is a result, what is accepted a suppressed one. */
export const sarif = ({ stack, engine, checks }: Verification, version: string, tool = "rampart verify"): object =>
  sarifLog({
    tool: { name: tool, version },
    rules: controlsOf(checks),
    properties: { stack, engine },
    results: checks.filter(({ status }) => status === "fail" || status === "accepted").map(resultOf),
  });

const resultOf = ({ id, severity, status, target, evidence }: Check): object => ({
  ruleId: id,
  level: SARIF_LEVELS[severity],
  message: { text: `${target}: ${evidence}` },
  locations: [{ logicalLocations: [{ name: target, kind: "resource" }] }],
  ...(status === "accepted" ? { suppressions: [{ kind: "external", justification: evidence }] } : {}),
});
