import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printer } from "../../../commands/shared/output";
import { packageVersion } from "../../../commands/shared/pulumi-cli";
import { findPulumi, pulumiCandidates, withPulumi } from "../../../commands/shared/pulumi-program";
import { agreement } from "../../../commands/shared/terminal";
import { bringPulumi, type Offer } from "../../../commands/start/bring-pulumi";

let home: string;
beforeEach(() => (home = mkdtempSync(join(tmpdir(), "rampart-home-"))));
afterEach(() => rmSync(home, { recursive: true }));

/** A CLI that tells its version. */
function cli(directory: string, version: string): string {
  const bin = join(home, directory);
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "pulumi"), `#!/bin/sh\necho v${version}\n`);
  chmodSync(join(bin, "pulumi"), 0o755);
  return join(bin, "pulumi");
}

const floor = packageVersion(join(__dirname, "../../.."), "pulumi");
const find = async (): Promise<string | undefined> =>
  (await findPulumi(join(__dirname, "../../.."), { HOME: home, PATH: join(home, "path") }))?.path;

describe("findPulumi", () => {
  test("takes the CLI on the PATH where that is new enough", async () => {
    const own = cli("path", "99.0.0");
    cli(".pulumi/versions/99.1.0/bin", "99.1.0");
    expect(await find()).toBe(own);
  });

  test("else the newest that was brought, by numbers and not by letters", async () => {
    cli("path", "3.9.0");
    cli(".pulumi/versions/99.9.0/bin", "99.9.0");
    const newest = cli(".pulumi/versions/99.10.0/bin", "99.10.0");
    expect(await find()).toBe(newest);
  });

  test("where all are too old, the one that the user would call; where there is none, none", async () => {
    expect(await find()).toBeUndefined();
    cli(".pulumi/versions/3.8.0/bin", "3.8.0");
    const own = cli("path", "3.9.0");
    expect(await find()).toBe(own);
  });

  test("one that was brought finds its language host beside it", () => {
    const path = cli(".pulumi/versions/99.0.0/bin", "99.0.0");
    const env = { HOME: home, PATH: "/bin" };
    expect(pulumiCandidates(env).at(-1)).toBe(path);
    expect(withPulumi(env, path)["PATH"]).toBe(`${join(home, ".pulumi/versions/99.0.0/bin")}:/bin`);
  });
});

describe("bringPulumi", () => {
  const bring = async (changes: Partial<Offer>) => {
    const said: string[] = [];
    const installed: true[] = [];
    const brought = await bringPulumi({
      version: floor,
      env: { HOME: home, PATH: join(home, "path") },
      print: printer({ stdout: { write: () => true }, stderr: { write: (text) => said.push(text) }, env: {} }),
      yes: false,
      ask: undefined,
      install: () => Promise.resolve(void installed.push(true)),
      ...changes,
    });
    return { brought, installed: installed.length, said: said.join("") };
  };
  const where = (): string => `${home}/.pulumi/versions/${floor}`;

  test("asks on a terminal, and brings it on a yes", async () => {
    const questions: string[] = [];
    const ask = (question: string): Promise<boolean> => Promise.resolve(questions.push(question) > 0);
    expect(await bring({ ask })).toEqual({
      brought: true,
      installed: 1,
      said: `  ..  downloading the Pulumi CLI ${floor} from get.pulumi.com to ${where()}\n`,
    });
    cli("path", "3.9.0");
    await bring({ ask });
    expect(questions).toEqual(
      ["is missing", "is too old"].map(
        (how) => `The Pulumi CLI ${how}. Download version ${floor} from get.pulumi.com to ${where()}? [Y/n] `,
      ),
    );
  });

  test("brings nothing on a no", async () => {
    expect(await bring({ ask: () => Promise.resolve(false) })).toEqual({ brought: false, installed: 0, said: "" });
  });

  test("asks nobody in CI, and says how to do without", async () => {
    expect(await bring({})).toEqual({
      brought: false,
      installed: 0,
      said: `  --  The Pulumi CLI ${floor} is not here; \`npm start -- --yes\` downloads it to ${where()}.\n`,
    });
    expect(agreement({ CI: "true" })).toBeUndefined();
  });

  test("--yes asks nobody; a download that fails says why", async () => {
    const ask = (): Promise<boolean> => Promise.reject(new Error("somebody was asked"));
    expect(await bring({ yes: true, ask })).toMatchObject({ brought: true, installed: 1 });
    const script =
      "code: -2\n stdout: \n stderr: Command failed with exit code 1: /bin/sh /tmp/x\ncurl: (6) no such host\n" +
      " err?: Error";
    for (const [message, reason] of [
      [
        "Failed to download https://get.pulumi.com/install.sh: fetch failed",
        "Failed to download https://get.pulumi.com/install.sh: fetch failed",
      ],
      [script, "curl: (6) no such host"],
    ] as const) {
      const { brought, said } = await bring({ yes: true, install: () => Promise.reject(new Error(message)) });
      expect(brought).toBe(false);
      expect(said).toContain(`  --  The Pulumi CLI could not be downloaded: ${reason}\n`);
    }
  });
});
