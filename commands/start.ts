import { join, relative } from "node:path";
import { FORM_VARIABLE, formVariable, withPulumiForm } from "../config/commands";
import { ConfigError } from "../config/faults";
import type { LoadedConfig } from "../config/load";
import { DockerClient } from "../engine/docker";
import { defined } from "../hardening/defined";
import { configOf } from "../plan/stack-config";
import { readStackFile, type StackFile } from "../plan/stack-file";
import { command, type Context } from "./shared/command";
import { configFile } from "./shared/common-options";
import { engineHost } from "./shared/engine-host";
import { messageOf, UserError, wrongOption } from "./shared/errors";
import { stackName } from "./shared/options";
import { evaluateStack } from "./shared/evaluated";
import { rememberConfigFile } from "./shared/last-start";
import { packageVersion, pulumiCommand, startedForm } from "./shared/pulumi-cli";
import { withPulumi } from "./shared/pulumi-program";
import { makePrivateDirectory, pulumiEnvironment, writePrivateFile } from "./shared/state";
import { agreement } from "./shared/terminal";
import {
  DEFAULT_STACK,
  ensureStack,
  openWorkspace,
  prepareWorkspace,
  type Workspace,
  type WorkspaceOptions,
} from "./shared/workspace";
import { bringPulumi } from "./start/bring-pulumi";
import { deployStack } from "./start/deployment";
import { checkLeftovers, checkLocks, checkPorts } from "./start/preflight";
import type { Finding } from "./start/prerequisites";
import { beyondReach, describe, isGood, targets, waitForAnswer, type Answer, type Target } from "./start/probe";
import { findingsOf, survey, type Survey } from "./start/survey";

/** Seconds within which all URLs have to answer once everything is deployed and healthy. */
const PROBE_SECONDS = 60;
export const start = command({
  name: "start",
  summary: "deploys a stack on this machine and prints its URLs",
  about:
    "Deploys a stack on the Docker engine of this machine, and ends with a URL that answers. Needs Docker. Where " +
    "the Pulumi CLI is missing, the command offers to download it; without Docker it shows the plan. State and " +
    "passphrase are kept in .rampart/, which Git ignores. Afterwards `npx rampart pulumi preview`, `up`, " +
    "`destroy`, `stack output` and `cancel` work on the same state.",
  stack: "optional",
  options: {
    stack: {
      value: "NAME",
      short: "s",
      summary: `the stack, as the first argument (default: ${DEFAULT_STACK})`,
      read: (given: string): string => stackName("--stack", given),
    },
    "config-file": configFile("the stack's file (default: the one of the last start, else Pulumi.<stack>.yaml)"),
    yes: { short: "y", summary: "downloads the Pulumi CLI without asking, where it is missing" },
    verbose: { short: "v", summary: "shows Pulumi's own output" },
  },
  run: async (context, { stack, options }) => {
    if (stack !== undefined && options.stack !== undefined && stack !== options.stack)
      throw wrongOption({ option: "--stack", given: options.stack, allowed: `'${stack}', or no --stack` });
    return deploy(context, {
      stack: options.stack ?? stack ?? DEFAULT_STACK,
      yes: options.yes,
      verbose: options.verbose,
      ...defined({ configFile: options["config-file"] }),
    });
  },
});

interface StartOptions extends WorkspaceOptions {
  /** Nobody is asked before the Pulumi CLI is downloaded. */
  readonly yes: boolean;
  /** Pulumi's own output instead of a view of the progress. */
  readonly verbose: boolean;
}

async function deploy(context: Context, options: StartOptions): Promise<number> {
  const { root, cwd, env, print } = context;
  const started = Date.now();
  const workspace = openWorkspace(root, options, cwd);
  print.progress(
    `Rampart: stack ${workspace.stack} from ` +
      `${workspace.sourceName}${workspace.remembered ? ", as at the last start" : ""}\n`,
  );
  const host = await engineHost(workspace.tracked.values["docker:host"], env);
  const surveyed = await surveyOrBring(context, host, options);
  const findings = findingsOf(surveyed);
  const { program: pulumi } = surveyed;
  for (const finding of findings) if (finding.ok) print.ok(finding.text);
  if (pulumi === undefined || findings.some((finding) => !finding.ok))
    return showPlanInstead(context, workspace, findings);

  const config = await prepare(context, workspace, host);
  await ensureStack(workspace, pulumi);
  rememberConfigFile(workspace.paths, workspace.stack, workspace.sourceName);
  print.progress("");
  const { paths, stack, pulumiFile } = workspace;
  const pulumiEnv = pulumiEnvironment(withPulumi(env, pulumi), paths, stack, pulumiFile);
  const code = await deployStack({
    pulumi,
    env: { ...pulumiEnv, DOCKER_HOST: host, [FORM_VARIABLE]: formVariable(startedForm(workspace)) },
    engine: new DockerClient(host),
    root,
    directory: paths.directory,
    print,
    stream: process.stderr,
    verbose: options.verbose,
  });
  if (code !== 0) {
    throw new UserError(
      `The deployment did not succeed (\`pulumi up\` ended with ${code}; its messages are above): ` +
        "mend what they name and run `npm start` again, " +
        `or take everything down with \`${pulumiCommand(workspace, "destroy")}\`.`,
    );
  }
  await probe(context, config, host);
  print.result(ending(workspace, Date.now() - started));
  return 0;
}

/** Looks at the machine. Where only the Pulumi CLI is missing, the CLI can be brought. */
async function surveyOrBring({ root, env, print }: Context, host: string, { yes }: StartOptions): Promise<Survey> {
  const first = await survey(root, host, env);
  if (first.program !== undefined || first.docker.some(({ ok }) => !ok)) return first;
  const version = packageVersion(root, "pulumi");
  const brought = await bringPulumi({ version, env, print, yes, ask: agreement(env) });
  return brought ? survey(root, host, env) : first;
}

/** Everything that can be told before anything is deployed. @throws ConfigError and UserError */
async function prepare({ root, print }: Context, workspace: Workspace, host: string): Promise<LoadedConfig> {
  const { created } = prepareWorkspace(workspace);
  const file = readStackFile(root, workspace.stack, workspace.pulumiFile);
  const config = load(workspace, file);
  print.ok(`configuration: ${Object.keys(config.services).length} service(s), environment ${config.environment}`);
  print.ok(`state and passphrase in .rampart/${created ? ", the passphrase made now" : ""}`);
  for (const line of checkLocks(workspace)) print.ok(line);
  // First what is this stack's own by name: whatever else it holds, it may hold the ports as well.
  for (const line of await checkLeftovers(workspace, config, host)) print.ok(line);
  print.ok(await checkPorts(workspace, config, host));
  return config;
}

/**
 * The configuration of a stack's file.
 * @throws UserError with every fault, and with the commands of `npm start` that set secrets
 */
function load(workspace: Workspace, file: StackFile): LoadedConfig {
  try {
    return configOf(file, true);
  } catch (error) {
    if (error instanceof ConfigError) throw new UserError(`\n${withPulumiForm(error.message, startedForm(workspace))}`);
    throw error;
  }
}

/** Without an engine or the CLI the plan still shows what would be deployed; what is missing comes last, to be seen. */
async function showPlanInstead(
  context: Context,
  workspace: Workspace & { readonly tracked: StackFile },
  findings: readonly Finding[],
): Promise<never> {
  const { root, print } = context;
  const sentences = findings.flatMap((finding) => (finding.ok ? [] : [finding.sentence]));
  for (const sentence of sentences) print.missing(sentence);
  print.progress(`\nThis is the plan of what would be deployed (npx rampart plan ${workspace.stack}):\n`);
  const evaluated = await evaluateStack(context, workspace.tracked);
  const [{ renderPlan }, { renderPage }] = await Promise.all([import("../plan"), import("../plan/page")]);
  print.result(renderPlan(evaluated, { width: print.width, paint: print.paint }));
  const report = join(workspace.paths.directory, "report.html");
  try {
    makePrivateDirectory(workspace.paths.directory);
    writePrivateFile(report, renderPage({ plan: evaluated, missing: sentences }));
    print.progress(`The same as a page for a browser, with a picture of the stack: ${relative(root, report)}\n`);
  } catch (error) {
    // A checkout that nobody may write to: the plan above says it all.
    print.progress(`The plan could not be written as a page: ${messageOf(error)}\n`);
  }
  throw new UserError(["Nothing was deployed.", ...sentences].join("\n"));
}

async function probe({ print }: Context, config: LoadedConfig, host: string): Promise<void> {
  const all = targets(config, host);
  if (all.length === 0) return print.result("\nDeployed. No service has a route, so there is no URL to open.");
  if (beyondReach(config, host))
    return print.result(
      `\nDeployed. The edge listens on ${config.edge.listenAddress} of ${host}, ` +
        `so its URLs answer there only:\n${all.map(({ url }) => `  ${url}`).join("\n")}`,
    );
  const deadline = Date.now() + PROBE_SECONDS * 1000;
  print.progress("");
  for (const target of all) {
    const answer = await waitForAnswer(target, Math.max(0, (deadline - Date.now()) / 1000));
    if (!isGood(answer)) throw new UserError(silence(target, answer));
    print.result(`${target.url} answers (${describe(answer)})${remark(config, target)}`);
  }
}

function silence(target: Target, answer: Answer): string {
  return (
    `The stack is deployed, but ${target.url} did not answer at ${target.address}:${target.port} within ` +
    `${PROBE_SECONDS} s (${describe(answer)}): see \`docker ps\` and the logs of the edge and the service ` +
    "(`docker logs <container>`), then run `npm start` again."
  );
}

function remark(config: LoadedConfig, { host, address }: Target): string {
  const remarks = [
    ...(config.certificates === "self-signed"
      ? ["self-signed: the browser warns until `npx rampart trust`, curl wants -k"]
      : []),
    ...(address.startsWith("127.") && host !== "localhost" && !host.endsWith(".localhost")
      ? [`your browser needs \`${address} ${host}\` in /etc/hosts`]
      : []),
  ];
  return remarks.length === 0 ? "" : `; ${remarks.join("; ")}`;
}

function ending(workspace: Workspace, milliseconds: number): string {
  const { root, stack, paths, sourceName } = workspace;
  const here = (path: string): string => relative(root, path) || path;
  return [
    `Done in ${Math.round(milliseconds / 1000)} s.`,
    "",
    `  change      edit ${sourceName}, then npm start, or ${pulumiCommand(workspace, "preview")} first`,
    `  plan        npx rampart plan ${stack}` +
      `${sourceName === `Pulumi.${stack}.yaml` ? "" : ` --config-file ${sourceName}`}`,
    `  outputs     ${pulumiCommand(workspace, "stack output")}`,
    `  stop        ${pulumiCommand(workspace, "destroy")}`,
    `  state       ${here(paths.backend)}, opened by ${here(paths.passphrase)}: back up both, share neither`,
  ].join("\n");
}
