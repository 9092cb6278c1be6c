/** Asks the programs for each image. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { SignaturePolicy } from "../../config/schema/signatures";
import { printable } from "../../config/text";
import { imageSlug, isLoopback, parseImage, registryOf } from "../../hardening/container/image";
import type { Printer } from "../shared/output";
import { capture, type Finished } from "../shared/run";
import type { Finding, LISTERS, Scanner } from "./scanners";
import { cosignArguments, policiesOf, signerOf } from "./signatures";

export interface Signature {
  readonly signer: string;
  readonly status: "signed" | "refused";
  /** What cosign said, where it refused. */
  readonly error?: string;
}

export interface ImageReport {
  /** As the stack's file has it. */
  readonly image: string;
  readonly findings: readonly Finding[];
  /** What the scanner said, where it gave no answer. */
  readonly error?: string;
  readonly signatures: readonly Signature[];
  /** The file with the list of what is in the image. */
  readonly sbom?: string;
  /** What the program said that could not write the list. */
  readonly sbomError?: string;
}

export interface ScanArgs {
  readonly scanner: Scanner;
  /** Writes what is in each image. @default nobody does */
  readonly sbom?: { readonly lister: (typeof LISTERS)[number]; readonly directory: string };
  readonly signatures: readonly SignaturePolicy[];
  readonly env: NodeJS.ProcessEnv;
  readonly print: Pick<Printer, "progress">;
}

/** The first scan fetches a database, and large images take their time. */
const SECONDS = 1800;

/** What programs are told: by digest, so that a tag that has moved meanwhile changes nothing. */
export function byDigest(image: string): string {
  const parsed = parseImage(image);
  return parsed === undefined ? image : `${parsed.repository}@sha256:${parsed.digest}`;
}

/** One image after the other: each program uses all of a machine. */
export async function scanImages(images: readonly string[], args: ScanArgs): Promise<ImageReport[]> {
  const reports: ImageReport[] = [];
  for (const image of images) {
    args.print.progress(`${args.scanner.name}: ${image.split("@")[0] ?? image}`);
    const signatures = await verify(image, args);
    const scanned = await scan(image, args);
    reports.push({ image, ...scanned, signatures, ...(await list(image, args)) });
  }
  return reports;
}

/** Grype and Syft speak plain HTTP only where they are told to; an engine does so with its own host. */
function forRegistry(image: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (!isLoopback(registryOf(image))) return env;
  return { ...env, GRYPE_REGISTRY_INSECURE_USE_HTTP: "true", SYFT_REGISTRY_INSECURE_USE_HTTP: "true" };
}

const LAST_LINES = 3;
const saidOf = ({ code, stderr }: Finished): string =>
  [`ended with ${code}`, ...stripVTControlCharacters(stderr).trim().split("\n").slice(-LAST_LINES).map(printable)]
    .join(": ")
    .slice(0, 500);

async function scan(image: string, { scanner, env }: ScanArgs): Promise<Pick<ImageReport, "findings" | "error">> {
  const finished = await capture(scanner.name, scanner.arguments(byDigest(image)), forRegistry(image, env), SECONDS);
  const findings = finished.code === 0 ? scanner.parse(finished.stdout) : undefined;
  if (findings !== undefined) return { findings };
  return { findings: [], error: finished.code === 0 ? "its answer is not the one that is known" : saidOf(finished) };
}

async function verify(image: string, { signatures, env }: ScanArgs): Promise<Signature[]> {
  const results: Signature[] = [];
  for (const policy of policiesOf(signatures, parseImage(image)?.repository ?? image)) {
    const finished = await capture("cosign", cosignArguments(policy, byDigest(image)), env, SECONDS);
    const signer = signerOf(policy);
    results.push(
      finished.code === 0 ? { signer, status: "signed" } : { signer, status: "refused", error: saidOf(finished) },
    );
  }
  return results;
}

async function list(image: string, { sbom, env }: ScanArgs): Promise<Pick<ImageReport, "sbom" | "sbomError">> {
  if (sbom === undefined) return {};
  mkdirSync(sbom.directory, { recursive: true });
  const file = join(sbom.directory, `${imageSlug(image)}.cdx.json`);
  const { name, arguments: words } = sbom.lister;
  const finished = await capture(name, words(byDigest(image), file), forRegistry(image, env), SECONDS);
  if (finished.code === 0) return { sbom: file };
  // A part of a list would be taken for the whole.
  rmSync(file, { force: true });
  return { sbomError: `${name} ${saidOf(finished)}` };
}
