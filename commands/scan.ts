import { existsSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { imageReferences } from "../config/derived";
import { IMAGE_PINS } from "../config/images";
import type { SignaturePolicy } from "../config/schema/signatures";
import { jsonText } from "../config/text";
import { parseImage } from "../hardening/container/image";
import { defined } from "../hardening/defined";
import { configOf } from "../plan/stack-config";
import { readStackFile, stackFilePath } from "../plan/stack-file";
import { renderScan, scanSarif } from "./scan/render";
import { scanImages, type ImageReport } from "./scan/run";
import { INSTALL_LISTER, INSTALL_SCANNER, LEVELS, LISTERS, SCANNERS, type Finding, type Level } from "./scan/scanners";
import { INSTALL_COSIGN, policiesOf } from "./scan/signatures";
import { command, type Context } from "./shared/command";
import { configFile } from "./shared/common-options";
import { usageError } from "./shared/errors";
import { anyText } from "./shared/options";
import { findProgram } from "./shared/run";

/** Nothing was found out, as a program is not here. */
const MISSING_PROGRAM = 3;

export const scan = command({
  name: "scan",
  summary: "looks for known vulnerabilities in the stack's images, and for their signatures",
  about:
    "Has Trivy or Grype look at each image that the stack pulls, by its digest, and shows one table. With " +
    "rampart:signatures, cosign verifies the images that they match. Without a stack, in a clone of Rampart: " +
    "Rampart's own images. Exit codes: 1 for a finding that --fail-on names, an image that is not signed, or one " +
    "that could not be scanned; 3 where a program that it needs is not installed.",
  stack: "optional",
  options: {
    "config-file": configFile("the stack's file (default: Pulumi.<stack>.yaml)"),
    "fail-on": {
      value: "LEVEL",
      summary: `ends with 1 for a finding of this level or a worse one: ${LEVELS.join(", ")}`,
      read: (given, refusal): Level => {
        const found = LEVELS.find((level) => level === given);
        if (found === undefined) throw refusal(LEVELS.join(", "));
        return found;
      },
    },
    fixable: { summary: "with --fail-on: only what a newer version of the package fixes counts" },
    scanner: {
      value: "NAME",
      summary: "trivy or grype (default: the first of them that is installed)",
      read: (given, refusal) => {
        const found = SCANNERS.find(({ name }) => name === given);
        if (found === undefined) throw refusal(SCANNERS.map(({ name }) => name).join(", "));
        return found;
      },
    },
    sbom: {
      value: "DIR",
      summary: "also writes what is in each image as CycloneDX, with Trivy or Syft",
      read: anyText,
    },
    sarif: { value: "FILE", summary: "also writes the findings as a SARIF 2.1.0 report", read: anyText },
    json: { summary: "prints { subject, scanner, images: [{ image, findings, signatures, … }] } for tools" },
  },
  run: async (context, { stack, options }) => {
    const { print, env, cwd } = context;
    const { images, signatures, subject } = subjectOf(context, stack, options["config-file"]);
    const installed = <T extends { readonly name: string }>(programs: readonly T[]): T | undefined =>
      programs.find(({ name }) => findProgram(name, env) !== undefined);
    const scanner = installed(options.scanner === undefined ? SCANNERS : [options.scanner]);
    const lister = options.sbom === undefined ? undefined : installed(LISTERS);
    const signed = images.some((image) => policiesOf(signatures, parseImage(image)?.repository ?? image).length > 0);
    const missing = [
      ...(scanner === undefined ? [INSTALL_SCANNER] : []),
      ...(options.sbom !== undefined && lister === undefined ? [INSTALL_LISTER] : []),
      ...(signed && findProgram("cosign", env) === undefined ? [INSTALL_COSIGN] : []),
    ];
    if (scanner === undefined || missing.length > 0) {
      print.error("A program that this needs is not installed.", missing.join("\n"));
      return MISSING_PROGRAM;
    }
    const sbom = lister && options.sbom ? { lister, directory: resolve(cwd, options.sbom) } : undefined;
    const reports = await scanImages(images, { scanner, signatures, env, print, ...defined({ sbom }) });
    const { "fail-on": failOn, fixable } = options;
    const stops = ({ level, fixedIn }: Finding, limit: Level): boolean =>
      LEVELS.indexOf(level) <= LEVELS.indexOf(limit) && (!fixable || fixedIn !== undefined);
    if (options.sarif !== undefined)
      writeFileSync(resolve(cwd, options.sarif), `${jsonText(scanSarif(subject, scanner.name, reports))}\n`);
    print.result(
      options.json
        ? jsonText({ subject, scanner: scanner.name, images: reports })
        : renderScan({ subject, scanner: scanner.name }, reports, (finding) => stops(finding, failOn ?? "high")),
    );
    const found = failOn !== undefined && reports.some(({ findings }) => findings.some((one) => stops(one, failOn)));
    return found || reports.some(isBad) ? 1 : 0;
  },
});

const isBad = ({ error, sbomError, signatures }: ImageReport): boolean =>
  error !== undefined || sbomError !== undefined || signatures.some(({ status }) => status === "refused");

interface Subject {
  /** Each once. */
  readonly images: readonly string[];
  readonly signatures: readonly SignaturePolicy[];
  /** The file that names the images, as the user knows it. */
  readonly subject: string;
}

/** @throws UserError where it is not clear which images are meant; ConfigError where the stack's file is faulty */
function subjectOf({ root, cwd }: Context, stack: string | undefined, configFile: string | undefined): Subject {
  if (stack === undefined && configFile === undefined) {
    if (!existsSync(join(root, "config/images.ts")))
      throw usageError("Name a stack.", "Only in a clone of Rampart are there images without a stack.");
    return { images: Object.values(IMAGE_PINS), signatures: [], subject: "config/images.ts" };
  }
  const path = configFile === undefined ? stackFilePath(root, stack ?? "") : resolve(cwd, configFile);
  const config = configOf(readStackFile(root, stack ?? "dev", path));
  return {
    images: [...new Set(imageReferences(config))],
    signatures: config.signatures,
    subject: relative(root, path),
  };
}
