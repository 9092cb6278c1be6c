/** `rampart scan` with programs that stand in: they keep their arguments, and answer as the real ones did. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SCANNERS } from "../../../commands/scan/scanners";
import { cosignArguments, policiesOf } from "../../../commands/scan/signatures";
import { stackSchema } from "../../../config";
import type { SignaturePolicy } from "../../../config/schema/signatures";
import { faultsOf } from "../../config/support";
import { FakeProject } from "../fake-project";
import type { Ran } from "../support";

const DIGEST = "0123456789abcdef".repeat(4);
const API = `ghcr.io/acme/api:1.4.2@sha256:${DIGEST}`;
const answer = (name: string): string => readFileSync(join(__dirname, `${name}.json`), "utf8");
const stack = (more = ""): string =>
  `config:\n  rampart:services:\n    api: { image: "${API}", port: 3000, routes: [{ host: app.localhost }] }\n${more}`;

describe("an answer", () => {
  const parsed = (index: number, output: string) =>
    SCANNERS[index]?.parse(output)?.map(({ id, package: name, level, fixedIn }) => [id, name, level, fixedIn]);

  test("of Trivy is read, each finding once, the worst first", () =>
    expect(parsed(0, answer("trivy"))).toEqual([
      ["CVE-2024-5535", "libssl3", "critical", "3.3.2-r2"],
      ["CVE-2024-21538", "cross-spawn", "high", "7.0.5, 6.0.6"],
      ["CVE-2025-00001", "ip", "high", undefined],
      ["CVE-2024-9143", "libcrypto3", "medium", "3.3.2-r1"],
      ["CVE-2025-00002", "tar", "low", undefined],
    ]));

  test("of Grype is read", () =>
    expect(parsed(1, answer("grype"))).toEqual([
      ["CVE-2024-5535", "libssl3", "critical", "3.3.2-r2"],
      ["GHSA-3xgq-45jq-v275", "cross-spawn", "high", "7.0.5"],
      ["CVE-2005-2541", "tar", "low", undefined],
    ]));

  test("of another program is none, and an image without findings has none", () => {
    for (const { parse } of SCANNERS)
      expect([parse(""), parse("{}"), parse("[1]")]).toEqual([undefined, undefined, undefined]);
    expect(SCANNERS.map(({ parse }) => parse('{"SchemaVersion":2,"matches":[]}'))).toEqual([[], []]);
  });
});

describe("rampart scan", () => {
  let project: FakeProject;
  let calls: string;
  const make = (file: string): void => void (project = new FakeProject(file));
  /** Makes a program that keeps its arguments, and prints a text. */
  function program(name: string, output: string, script = ""): void {
    const path = join(project.pulumi.directory, name);
    writeFileSync(join(project.root, `${name}.out`), output);
    writeFileSync(path, `#!/bin/sh\necho "${name} $*" >> ${calls}\n${script}\ncat ${project.root}/${name}.out\n`);
    chmodSync(path, 0o755);
  }
  const called = (): string[] => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : []);
  const scan = (...args: string[]): Promise<Ran> => project.rampart("scan", "dev", ...args);
  let work: string;
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), "rampart-scan-"));
    calls = join(work, "calls");
    make(stack());
  });
  afterEach(() => {
    project.remove();
    rmSync(work, { recursive: true });
  });

  test("says what to install where there is no scanner, with an exit code of its own", async () => {
    const { code, stdout, stderr } = await scan();
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toBe(
      "A program that this needs is not installed.\nInstall Trivy (https://trivy.dev) or Grype " +
        "(https://github.com/anchore/grype), then run the command again.\n",
    );
  });

  test("shows one table of all images, each by its digest", async () => {
    program("trivy", answer("trivy"));
    const { code, stdout } = await scan();
    expect(code).toBe(0);
    expect(called()).toContain(`trivy image --quiet --scanners vuln --format json ghcr.io/acme/api@sha256:${DIGEST}`);
    expect(called().every((call) => /@sha256:[0-9a-f]{64}$/.test(call))).toBe(true);
    expect(stdout).toMatch(
      /^Pulumi\.dev\.yaml, scanned by trivy\n\nimage +critical {2}high {2}medium {2}low {2}fixed {2}signature\n/,
    );
    expect(stdout).toMatch(/\nghcr\.io\/acme\/api:1\.4\.2@sha256:0123456789ab… +1 +2 +1 +1 +3 {2}not asked\n/);
    expect(stdout).toContain("  critical  CVE-2024-5535  libssl3 3.3.2-r0, fixed in 3.3.2-r2\n");
    expect(stdout).toContain("  high      CVE-2025-00001  ip 2.0.1, no fix yet\n");
  });

  test("ends with 1 for what --fail-on names, or only for what can be mended", async () => {
    program("grype", answer("grype"));
    expect((await scan("--fail-on", "critical")).code).toBe(1);
    expect(called()).toContain(`grype --output json registry:ghcr.io/acme/api@sha256:${DIGEST}`);
    const onlyLow = JSON.stringify({
      matches: [{ vulnerability: { id: "A", severity: "High", fix: { state: "not-fixed" } }, artifact: {} }],
    });
    program("grype", onlyLow);
    expect((await scan("--fail-on", "critical")).code).toBe(0);
    expect((await scan("--fail-on", "high")).code).toBe(1);
    expect((await scan("--fail-on", "high", "--fixable")).code).toBe(0);
    expect((await scan("--fail-on", "severe")).code).toBe(2);
  });

  test("takes the scanner that is named", async () => {
    program("trivy", answer("trivy"));
    program("grype", answer("grype"));
    await scan("--scanner", "grype");
    expect(called().every((call) => call.startsWith("grype "))).toBe(true);
    rmSync(join(project.pulumi.directory, "grype"));
    expect((await scan("--scanner", "grype")).code).toBe(3);
  });

  test("an image that could not be scanned is not one without findings", async () => {
    program("trivy", "", 'echo "FATAL unable to find the image" >&2; exit 1');
    const { code, stdout } = await scan();
    expect(code).toBe(1);
    expect(stdout).toMatch(/ghcr\.io\/acme\/api:1\.4\.2@sha256:0123456789ab… +\? +\? +\? +\? +\? /);
    expect(stdout).toContain("  not scanned: ended with 1: FATAL unable to find the image\n");
    program("trivy", "no JSON");
    expect((await scan()).stdout).toContain("not scanned: its answer is not the one that is known");
  });

  test("writes SARIF, JSON and what is in each image", async () => {
    program("trivy", answer("trivy"));
    program("syft", "");
    const { code, stdout } = await scan("--json", "--sarif", join(work, "out.sarif"), "--sbom", join(work, "sbom"));
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as { images: { image: string; sbom: string; findings: unknown[] }[] };
    const api = report.images.find(({ image }) => image === API);
    expect(api?.findings).toHaveLength(5);
    expect(called()).toContain(
      `trivy image --quiet --format cyclonedx --output ${api?.sbom ?? ""} ghcr.io/acme/api@sha256:${DIGEST}`,
    );
    expect(api?.sbom).toMatch(/\/sbom\/api-[0-9a-f]{8}\.cdx\.json$/);
    const sarif = JSON.parse(readFileSync(join(work, "out.sarif"), "utf8")) as {
      runs: { results: { ruleId: string; level: string }[] }[];
    };
    expect(sarif.runs[0]?.results[0]).toMatchObject({ ruleId: "CVE-2024-5535", level: "error" });
    rmSync(join(project.pulumi.directory, "trivy"));
    program("grype", answer("grype"));
    await scan("--sbom", join(work, "sbom"));
    expect(called()).toContain(
      `syft scan --output cyclonedx-json=${api?.sbom ?? ""} registry:ghcr.io/acme/api@sha256:${DIGEST}`,
    );
    program("syft", "", `echo part > ${api?.sbom ?? ""}; echo "no space" >&2; exit 1`);
    const full = await scan("--sbom", join(work, "sbom"));
    expect([full.code, existsSync(api?.sbom ?? "")]).toEqual([1, false]);
    expect(full.stdout).toContain("  contents not listed: syft ended with 1: no space\n");
    rmSync(join(project.pulumi.directory, "syft"));
    expect((await scan("--sbom", join(work, "sbom"))).code).toBe(3);
    expect(readdirSync(work)).toContain("sbom");
  });

  test("an image that a policy matches has to be signed", async () => {
    project.remove();
    make(stack('  rampart:signatures: [{ match: "ghcr.io/acme/*", key: keys/acme.pub }]\n'));
    program("trivy", '{"SchemaVersion":2}');
    expect((await scan()).code).toBe(3);
    program("cosign", "");
    const good = await scan();
    expect(good.code).toBe(0);
    expect(good.stdout).toMatch(/api:1\.4\.2@sha256:0123456789ab….* good\n/);
    const asked = called().filter((call) => call.startsWith("cosign "));
    expect(asked).toEqual([`cosign verify --key=keys/acme.pub ghcr.io/acme/api@sha256:${DIGEST}`]);
    program("cosign", "", 'echo "Error: no matching signatures" >&2; exit 10');
    const refused = await scan();
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(/api:1\.4\.2@sha256:0123456789ab….* REFUSED\n/);
    expect(refused.stdout).toContain(
      "  not signed by the key keys/acme.pub: ended with 10: Error: no matching signatures\n",
    );
  });
});

describe("a policy", () => {
  const key = (match: string): SignaturePolicy => ({ match, key: "acme.pub", transparencyLog: true });

  test.each([
    ["ghcr.io/acme/*", "ghcr.io/acme/shop/api", true],
    ["ghcr.io/acme/*", "ghcr.io/acme-evil/api", false],
    ["ghcr.io/acme/api", "ghcr.io/acme/api2", false],
    ["docker.io/library/*", "redis", true],
    ["redis", "redis", true],
    ["docker.io/prom/*", "prom/prometheus", true],
    ["*", "anything.example.net:5000/x", true],
    ["ghcr.io.acme/*", "ghcrXio.acme/api", false],
  ])("for %s is met by %s: %s", (match, repository, met) =>
    expect(policiesOf([key(match)], repository)).toHaveLength(met ? 1 : 0),
  );

  test("names a key, or an identity and its issuer", () => {
    const reference = `ghcr.io/acme/api@sha256:${DIGEST}`;
    expect(cosignArguments({ match: "*", key: "acme.pub", transparencyLog: false }, reference)).toEqual([
      "verify",
      "--key=acme.pub",
      "--insecure-ignore-tlog=true",
      reference,
    ]);
    const issuer = "https://token.actions.githubusercontent.com";
    const identity = "https://github.com/acme/api/.github/workflows/release.yml@refs/tags/v1";
    expect(cosignArguments({ match: "*", identity, issuer }, reference)).toEqual([
      "verify",
      `--certificate-identity=${identity}`,
      `--certificate-oidc-issuer=${issuer}`,
      reference,
    ]);
    expect(cosignArguments({ match: "*", identity: "https://github.com/acme/*", issuer }, reference)[1]).toBe(
      "--certificate-identity-regexp=^https://github\\.com/acme/.*$",
    );
    expect(cosignArguments(key("*"), `127.0.0.1:5000/api@sha256:${DIGEST}`)).toContain("--allow-http-registry=true");
  });

  test.each([
    [{ match: "ghcr.io/acme/api:1.0@x", key: "a.pub" }, "match"],
    [{ match: "ghcr.io/acme/*", key: "--key" }, "key"],
    [{ match: "ghcr.io/acme/*", key: "../a.pub" }, "key"],
    [{ match: "ghcr.io/acme/*", identity: "a b", issuer: "https://x.example.com" }, "identity"],
    [{ match: "ghcr.io/acme/*", identity: "a", issuer: "http://x.example.com" }, "issuer"],
    [{ match: "ghcr.io/acme/*", identity: "a" }, "issuer"],
  ])("%j is refused", (policy, where) =>
    expect(faultsOf({ signatures: [policy] }).map(({ path }) => path)).toEqual([`rampart:signatures[0].${where}`]),
  );

  test("is asked of nobody by default", () =>
    expect(stackSchema({ environment: "prod" }).shape.signatures.parse(undefined)).toEqual([]));
});
