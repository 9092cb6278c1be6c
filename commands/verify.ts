import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { jsonText } from "../config/text";
import { DockerClient } from "../engine/docker";
import { defined } from "../hardening/defined";
import { command } from "./shared/command";
import { configFile } from "./shared/common-options";
import { UserError } from "./shared/errors";
import { evaluateStack } from "./shared/evaluated";
import { parseJson } from "./shared/json";
import { anyText } from "./shared/options";
import { ownVersion } from "./shared/own-version";
import { openPulumiStack, type PulumiStack } from "./shared/pulumi-stack";
import { DEFAULT_STACK } from "./shared/workspace";
import { verificationText } from "./verify/render";

export const verify = command({
  name: "verify",
  summary: "tries on the running stack whether every control holds",
  about:
    "Judges the running stack by every rule of the plan's posture, compares it with its state, and tries what must " +
    "not be possible: from throw-away containers on the stack's own networks, which are removed again. By default " +
    "nothing of the stack is changed, so that it is safe in production. Secrets are read to look for " +
    "them, and never printed. The exit code is 1 if a control fails.",
  stack: "optional",
  options: {
    "config-file": configFile("the stack's file (default: the one of the last start, else Pulumi.<stack>.yaml)"),
    attack: { summary: "also tries what loads the stack, such as a flood of requests against a rate limit" },
    outside: {
      value: "ADDRESS:PORT",
      summary: "what internal networks must not reach, if not resolvers of the internet",
      read: (given: string, refusal) => {
        if (!/^(?:\d{1,3}\.){3}\d{1,3}:\d{1,5}$/.test(given))
          throw refusal("an IPv4 address and a port, 192.0.2.1:443");
        return given;
      },
    },
    json: { summary: "prints { stack, engine, checks: [{ id, status, target, evidence, … }] } for tools" },
    junit: { value: "FILE", summary: "also writes the checks as a JUnit report", read: anyText },
    sarif: { value: "FILE", summary: "also writes what fails as a SARIF 2.1.0 report", read: anyText },
    verbose: { short: "v", summary: "prints each thing that holds, too" },
  },
  run: async (context, { stack = DEFAULT_STACK, options }) => {
    const { print, cwd } = context;
    const started = Date.now();
    const pulumi = await openPulumiStack(context, {
      stack,
      readOnly: true,
      ...defined({ configFile: options["config-file"] }),
    });
    const exported = await exportState(pulumi);
    const { config, facts } = await evaluateStack(context, pulumi.file);
    const [{ verify: judge }, { stackState }] = await Promise.all([
      import("../verify/verify"),
      import("../verify/state"),
    ]);
    const verification = await judge({
      engine: new DockerClient(String(pulumi.env["DOCKER_HOST"])),
      config,
      facts,
      state: stackState(exported),
      attack: options.attack,
      ...defined({ outside: options.outside === undefined ? undefined : [options.outside] }),
      progress: (text) => print.progress(`  ..  ${text}`),
    });
    const write = (file: string | undefined, content: () => string): void => {
      if (file !== undefined) writeFileSync(resolve(cwd, file), content());
    };
    const [{ junit }, { sarif }] = await Promise.all([
      import("../verify/output/junit"),
      import("../verify/output/sarif"),
    ]);
    write(options.junit, () => junit(verification));
    write(options.sarif, () => jsonText(sarif(verification, ownVersion())));
    print.result(
      options.json
        ? jsonText(verification)
        : verificationText(verification, (Date.now() - started) / 1000, { ...print, verbose: options.verbose }),
    );
    return verification.checks.some(({ status }) => status === "fail") ? 1 : 0;
  },
});

/** @throws UserError where the state cannot be read, or nothing is deployed */
async function exportState(pulumi: PulumiStack): Promise<unknown> {
  const { code, stdout, stderr } = await pulumi.ask(["stack", "export", "--show-secrets"]);
  if (code !== 0)
    throw new UserError(`The state of stack ${pulumi.stack} could not be read: ${stderr.trim()}`, {
      hint: `Deploy it first: \`${pulumi.command("up")}\`.`,
    });
  return parseJson(stdout);
}
