import type { Check } from "../check";
import type { Verification } from "../verify";
import { controlsOf } from "./controls";

const LEVELS = { critical: "error", high: "error", medium: "warning", low: "note" } as const;
/** As code scanning services sort findings. */
const SCORES = { critical: "9.5", high: "8.0", medium: "5.0", low: "2.0" } as const;

/** SARIF 2.1.0: what fails is a result, what is accepted a suppressed one. Source: OASIS, sarif-v2.1.0 */
export function sarif({ stack, engine, checks }: Verification, version: string, tool = "rampart verify"): object {
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: tool,
            version,
            rules: controlsOf(checks).map(({ id, title, severity }) => ({
              id,
              shortDescription: { text: title },
              defaultConfiguration: { level: LEVELS[severity] },
              properties: { "security-severity": SCORES[severity] },
            })),
          },
        },
        properties: { stack, engine },
        results: checks.filter(({ status }) => status === "fail" || status === "accepted").map(resultOf),
      },
    ],
  };
}

const resultOf = ({ id, severity, status, target, evidence }: Check): object => ({
  ruleId: id,
  level: LEVELS[severity],
  message: { text: `${target}: ${evidence}` },
  locations: [{ logicalLocations: [{ name: target, kind: "resource" }] }],
  ...(status === "accepted" ? { suppressions: [{ kind: "external", justification: evidence }] } : {}),
});
