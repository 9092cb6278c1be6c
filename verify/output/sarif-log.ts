/** SARIF 2.1.0, as code scanning services read it. Source: OASIS, sarif-v2.1.0 */
import { defined } from "../../hardening/defined";

export const SARIF_LEVELS = { critical: "error", high: "error", medium: "warning", low: "note" } as const;
/** As code scanning services sort findings. */
const SCORES = { critical: "9.5", high: "8.0", medium: "5.0", low: "2.0" } as const;

interface SarifRule {
  readonly id: string;
  readonly title?: string;
  readonly severity: keyof typeof SARIF_LEVELS;
}

export interface SarifRun {
  readonly tool: { readonly name: string; readonly version?: string };
  readonly rules: readonly SarifRule[];
  readonly properties?: object;
  readonly results: readonly object[];
}

/** What one run of one tool found. */
export const sarifLog = ({ tool, rules, properties, results }: SarifRun): object => ({
  $schema: "https://json.schemastore.org/sarif-2.1.0.json",
  version: "2.1.0",
  runs: [
    {
      tool: {
        driver: {
          ...tool,
          rules: rules.map(({ id, title, severity }) => ({
            id,
            ...(title === undefined ? {} : { shortDescription: { text: title } }),
            defaultConfiguration: { level: SARIF_LEVELS[severity] },
            properties: { "security-severity": SCORES[severity] },
          })),
        },
      },
      ...defined({ properties }),
      results,
    },
  ],
});
