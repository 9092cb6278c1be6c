/** Programs that look for known vulnerabilities in images: how each is asked, and what each answers. */
import { parseJson, text } from "../shared/json";
import { defined } from "../../hardening/defined";
import { tree } from "../../hardening/tree";

/** The worst first. */
export const LEVELS = ["critical", "high", "medium", "low"] as const;
export type Level = (typeof LEVELS)[number];

/** One known vulnerability of one package of an image. */
export interface Finding {
  readonly id: string;
  readonly package: string;
  readonly version: string;
  readonly level: Level;
  /** The versions that have it no more, as the scanner writes them. @default there is none yet */
  readonly fixedIn?: string;
}

export interface Scanner {
  readonly name: "trivy" | "grype";
  readonly arguments: (reference: string) => readonly string[];
  /** @returns undefined for what is no answer of this program */
  readonly parse: (output: string) => readonly Finding[] | undefined;
}

const LEVEL_NAMES: Readonly<Record<string, Level>> = { critical: "critical", high: "high", medium: "medium" };

/** Low, negligible and unknown ones are one: nobody is stopped by them. */
const levelOf = (severity: unknown): Level => LEVEL_NAMES[(text(severity) ?? "").toLowerCase()] ?? "low";
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** Each once, sorted: a package may be found in several places of an image. */
const distinct = (findings: readonly Finding[]): readonly Finding[] =>
  [...new Map(findings.map((one) => [`${one.id} ${one.package} ${one.version}`, one])).values()].sort(
    (a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || (a.id < b.id ? -1 : Number(a.id > b.id)),
  );

/** Trivy. Source: aquasecurity/trivy, pkg/types/report.go */
const TRIVY: Scanner = {
  name: "trivy",
  arguments: (reference) => ["image", "--quiet", "--scanners", "vuln", "--format", "json", reference],
  parse: (output) => {
    const report = parseJson(output);
    if (tree(report)["SchemaVersion"] === undefined) return undefined;
    return distinct(
      list(tree(report)["Results"]).flatMap((result) =>
        list(tree(result)["Vulnerabilities"]).map((entry) => {
          const { VulnerabilityID, PkgName, InstalledVersion, FixedVersion, Severity } = tree(entry);
          return finding([VulnerabilityID, PkgName, InstalledVersion], Severity, text(FixedVersion));
        }),
      ),
    );
  },
};

/** Grype. Source: anchore/grype, grype/presenter/models/document.go */
const GRYPE: Scanner = {
  name: "grype",
  // Without --quiet, which would silence its errors too. Without the scheme it would also look among snaps.
  arguments: (reference) => ["--output", "json", `registry:${reference}`],
  parse: (output) => {
    const { matches } = tree(parseJson(output));
    if (!Array.isArray(matches)) return undefined;
    return distinct(
      list(matches).map((entry) => {
        const { id, severity, fix } = tree(tree(entry)["vulnerability"]);
        const { name, version } = tree(tree(entry)["artifact"]);
        const fixed = list(tree(fix)["versions"]).map(String).join(", ");
        return finding([id, name, version], severity, tree(fix)["state"] === "fixed" ? text(fixed) : undefined);
      }),
    );
  },
};

function finding(names: readonly unknown[], severity: unknown, fixedIn: string | undefined): Finding {
  const [id = "unknown", name = "unknown", version = "unknown"] = names.map(text);
  return { id, package: name, version, level: levelOf(severity), ...defined({ fixedIn }) };
}

/** In the order in which one is taken. */
export const SCANNERS: readonly Scanner[] = [TRIVY, GRYPE];

export const INSTALL_SCANNER =
  "Install Trivy (https://trivy.dev) or Grype (https://github.com/anchore/grype), then run the command again.";

/** Programs that list what is in an image, and how each is asked for CycloneDX in a file. */
export const LISTERS: readonly {
  readonly name: "trivy" | "syft";
  readonly arguments: (reference: string, file: string) => readonly string[];
}[] = [
  {
    name: "trivy",
    arguments: (reference, file) => ["image", "--quiet", "--format", "cyclonedx", "--output", file, reference],
  },
  {
    name: "syft",
    arguments: (reference, file) => ["scan", "--output", `cyclonedx-json=${file}`, `registry:${reference}`],
  },
];

export const INSTALL_LISTER =
  "Install Trivy (https://trivy.dev) or Syft (https://github.com/anchore/syft), then run the command again.";
