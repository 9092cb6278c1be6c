import type { ImageReport } from "./run";
import { LEVELS, type Finding, type Level } from "./scanners";
import { SARIF_LEVELS, sarifLog } from "../../verify/output/sarif-log";

const count = (findings: readonly Finding[], level: Level): number =>
  findings.filter((finding) => finding.level === level).length;
const fixable = (findings: readonly Finding[]): number =>
  findings.filter(({ fixedIn }) => fixedIn !== undefined).length;
const nameOf = ({ image }: ImageReport): string => image.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]*$/, "$1…");

/** The worst of each image, as many as help. */
const MOST_SHOWN = 5;

/** One table, and below it the worst of each image. @param stopping which findings end the command with 1 */
export function renderScan(
  { subject, scanner }: { readonly subject: string; readonly scanner: string },
  reports: readonly ImageReport[],
  stopping: (finding: Finding) => boolean,
): string {
  const head = ["image", ...LEVELS, "fixed", "signature"];
  const rows = reports.map((report) => [
    nameOf(report),
    ...(report.error === undefined
      ? [...LEVELS.map((level) => String(count(report.findings, level))), String(fixable(report.findings))]
      : [...LEVELS.map(() => "?"), "?"]),
    signatureText(report),
  ]);
  return [
    `${subject}, scanned by ${scanner}`,
    "",
    ...table([head, ...rows]),
    ...reports.flatMap((report) => details(report, stopping)),
    "",
  ].join("\n");
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const numbers = (column: number): boolean => column > 0 && column < widths.length - 1;
  return rows.map((row) =>
    row
      .map((cell, column) => (numbers(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

const signatureText = ({ signatures }: ImageReport): string =>
  signatures.length === 0 ? "not asked" : signatures.some(({ status }) => status === "refused") ? "REFUSED" : "good";

function details(report: ImageReport, stopping: (finding: Finding) => boolean): string[] {
  const { findings, error, signatures, sbom, sbomError } = report;
  const worst = findings.filter((finding) => stopping(finding));
  const lines = [
    ...(error === undefined ? [] : [`  not scanned: ${error}`]),
    ...signatures.flatMap(({ signer, status, error: said }) =>
      status === "refused" ? [`  not signed by ${signer}: ${said ?? ""}`] : [],
    ),
    ...worst.slice(0, MOST_SHOWN).map((finding) => `  ${findingText(finding)}`),
    ...(worst.length > MOST_SHOWN ? [`  and ${worst.length - MOST_SHOWN} more: --json has all of them`] : []),
    ...(sbom === undefined ? [] : [`  contents: ${sbom}`]),
    ...(sbomError === undefined ? [] : [`  contents not listed: ${sbomError}`]),
  ];
  return lines.length === 0 ? [] : ["", nameOf(report), ...lines];
}

const findingText = ({ id, package: name, version, level, fixedIn }: Finding): string =>
  `${level.padEnd(8)}  ${id}  ${name} ${version}${fixedIn === undefined ? ", no fix yet" : `, fixed in ${fixedIn}`}`;

/** A report in SARIF. @param file the stack's file, where the images stand */
export function scanSarif(file: string, scanner: string, reports: readonly ImageReport[]): object {
  const findings = reports.flatMap((report) => report.findings.map((finding) => ({ finding, report })));
  const rules = new Map(findings.map(({ finding }) => [finding.id, finding]));
  return sarifLog({
    tool: { name: `rampart scan (${scanner})` },
    rules: [...rules.values()].map(({ id, level }) => ({ id, severity: level })),
    results: findings.map(({ finding, report }) => ({
      ruleId: finding.id,
      level: SARIF_LEVELS[finding.level],
      message: { text: `${report.image.split("@")[0] ?? ""}: ${findingText(finding)}` },
      locations: [
        {
          physicalLocation: { artifactLocation: { uri: file } },
          logicalLocations: [{ name: report.image, kind: "resource" }],
        },
      ],
    })),
  });
}
