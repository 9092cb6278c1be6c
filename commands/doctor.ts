import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { jsonText } from "../config/text";
import { DockerClient } from "../engine/docker";
import { engineConfig, HOST_CONTROLS, judgeHost, type HostFacts } from "../hardening/host";
import { leaf } from "../hardening/tree";
import { readStackFile, type StackFile } from "../plan/stack-file";
import { gather } from "./doctor/gather";
import { decides, examinationText, type Examination } from "./doctor/render";
import { command, type Context } from "./shared/command";
import { configFile } from "./shared/common-options";
import { engineHost } from "./shared/engine-host";
import { exceptionsOf } from "./shared/exceptions";
import { machineOption } from "./shared/machine";
import { anyText } from "./shared/options";
import { ownVersion } from "./shared/own-version";
import { DEFAULT_STACK } from "./shared/workspace";

export const doctor = command({
  name: "doctor",
  summary: "examines the host and the engine, and says what mends each fault",
  about:
    "Judges the machine that the engine runs on, and the engine's own configuration: sections 1 to 3 of the CIS " +
    "Docker Benchmark, the kernel, ssh, the firewall, updates, and versions with a known way out of containers. " +
    "Changes nothing. Runs here, or by ssh where the engine's address is ssh:// or --host names the machine. As " +
    "another user than root, what only root sees is skipped. The exit code is 1 if a control of high or critical " +
    "severity fails.",
  stack: "optional",
  options: {
    host: machineOption(
      "the machine, and the engine on it where neither the stack nor DOCKER_HOST names one by tcp://",
    ),
    sudo: { summary: "examines the machine by `sudo -n`, for a user who is not root and needs no password for it" },
    "config-file": configFile("the stack's file, read for docker:host and exceptions (default: Pulumi.<stack>.yaml)"),
    json: { summary: "prints { host, engine, checks: [{ id, status, target, evidence, remedy, … }] } for tools" },
    junit: { value: "FILE", summary: "also writes the checks as a JUnit report", read: anyText },
    sarif: { value: "FILE", summary: "also writes what fails as a SARIF 2.1.0 report", read: anyText },
    verbose: { short: "v", summary: "prints each thing that holds, too, and commands for what a person decides" },
  },
  run: async (context, { stack, options }) => {
    const { print, cwd, root } = context;
    const named = options["config-file"];
    const file =
      stack === undefined && named === undefined
        ? undefined
        : readStackFile(root, stack ?? DEFAULT_STACK, named === undefined ? undefined : resolve(cwd, named));
    const exceptions = exceptionsOf(file);
    const facts = await examine(context, file, options);
    const checks = judgeHost(HOST_CONTROLS, { facts, exceptions, now: new Date() });
    const examination = { ...subject(facts), checks };
    const write = (path: string | undefined, content: () => string): void => {
      if (path !== undefined) writeFileSync(resolve(cwd, path), content());
    };
    const report = { stack: examination.host, engine: examination.engine, checks };
    const [{ junit }, { sarif }] = await Promise.all([
      import("../verify/output/junit"),
      import("../verify/output/sarif"),
    ]);
    write(options.junit, () => junit(report, TOOL));
    write(options.sarif, () => jsonText(sarif(report, ownVersion(), TOOL)));
    print.result(
      options.json
        ? jsonText(examination)
        : examinationText(examination, {
            ...print,
            verbose: options.verbose,
            controls: HOST_CONTROLS,
            file: settingsFile(facts),
          }),
    );
    return checks.some(({ status, severity }) => status === "fail" && decides(severity)) ? 1 : 0;
  },
});

const TOOL = "rampart doctor";

async function examine(
  { env, print }: Context,
  file: StackFile | undefined,
  { host, sudo }: { readonly host: string | undefined; readonly sudo: boolean },
): Promise<HostFacts> {
  const own = await engineHost(file?.values["docker:host"], env);
  // A machine is named for the engine on it, unless the engine has an address on a network.
  const engine = new DockerClient(host === undefined || own.startsWith("tcp://") ? own : host);
  print.progress(
    `  ..  asks ${host === undefined || host === engine.host ? engine.host : `${engine.host} and ${host}`}`,
  );
  return gather({ engine, sudo, env, ...(host === undefined ? {} : { host }) });
}

function subject(facts: HostFacts): Omit<Examination, "checks"> {
  const { info } = facts;
  const version = leaf(info["ServerVersion"]);
  return {
    host: leaf(info["Name"]) || (facts.value("system", "name") ?? "unknown"),
    system: facts.os("PRETTY_NAME") || leaf(info["OperatingSystem"]) || "unknown system",
    engine: version === "" ? "that does not answer" : `Docker ${version}`,
  };
}

function settingsFile(facts: HostFacts): string {
  const config = engineConfig(facts);
  return "unknown" in config ? "/etc/docker/daemon.json" : config.file;
}
