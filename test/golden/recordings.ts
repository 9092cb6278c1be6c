/** What `npm test` holds the stacks to: see CONTRIBUTING.md. */
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../..");

export interface Recording {
  readonly plan: object;
  /** SHA-256 of each file, by carrier and path. */
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const GOLDEN = [
  { name: "dev", stack: "dev", file: "Pulumi.dev.yaml" },
  { name: "prod", stack: "prod", file: "Pulumi.prod.yaml" },
  { name: "dragdropdeploy", stack: "prod", file: "examples/dragdropdeploy.yaml" },
  { name: "amo-portal", stack: "prod", file: "examples/amo-portal.yaml" },
  { name: "tenants", stack: "staging", file: "test/golden/tenants.yaml" },
] as const;

export const goldenFile = (name: string, what: "plan" | "files"): string => join(__dirname, `${name}.${what}.json`);

/** As it stands in the file. */
export const goldenText = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** Records a stack in a process of its own: on no engine, and always at the same moment. */
export function recordGolden(stack: string, file: string): Promise<Recording> {
  // An engine that is not there: what the program reads of a local one (its socket's group) differs between machines.
  const env = { PATH: process.env["PATH"], HOME: tmpdir(), DOCKER_HOST: "unix:///nowhere/docker.sock" };
  const args = [
    "--require",
    join(__dirname, "clock.cjs"),
    "--require",
    join(__dirname, "compiled.cjs"),
    join(__dirname, "record.ts"),
    stack,
    file,
  ];
  return new Promise((done, fail) => {
    execFile(process.execPath, args, { cwd: root, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) done(JSON.parse(stdout) as Recording);
      else fail(new Error(`the program failed with ${file}:\n${stderr}`));
    });
  });
}
