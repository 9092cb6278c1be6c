import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { ConfigError } from "../config/faults";
import { loadConfig, type LoadedConfig } from "../config/load";
import { readStackFile, StackFileError } from "../plan/stack-file";
import { parseStartOptions, UsageError, type Options } from "./start/options";
import { checkLeftovers, checkLocks, checkPorts, pulumiCommand } from "./start/preflight";
import type { Finding } from "./start/prerequisites";
import { beyondReach, describe, isGood, targets, waitForAnswer, type Answer, type Target } from "./start/probe";
import { findProgram, show } from "./start/run";
import { pulumiEnvironment, StartError } from "./start/state";
import { engineHost, survey } from "./start/survey";
import { ensureStack, openWorkspace, prepareWorkspace, rememberConfigFile, type Workspace } from "./start/workspace";

const USAGE = `usage: npm start -- [--stack NAME] [--config-file FILE]

Deploys a stack on the Docker engine of this machine and ends with a URL that answers. Needs Docker and the Pulumi CLI;
where either is missing it says so and shows the plan. State and passphrase are kept in .rampart/ (git-ignored).

  --stack NAME        the stack (default: dev)
  --config-file FILE  its configuration (default: the one it was last started from, else Pulumi.<stack>.yaml)

Afterwards: npm run pulumi -- preview | up | destroy | stack output | cancel, on the same state.
`;

/** Seconds within which all URLs have to answer once everything is deployed and healthy. */
const PROBE_SECONDS = 60;
// The summary names the URLs, and `stack output` shows the rest. Without a terminal the progress would be rows of dots.
const UP = [
  "up",
  "--yes",
  "--skip-preview",
  "--suppress-outputs",
  ...(process.stdout.isTTY ? [] : ["--suppress-progress"]),
];
const root = resolve(__dirname, "..");
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const ok = (line: string): void => say(`  ok  ${line}`);

async function main(args: readonly string[]): Promise<number> {
  const options = parseStartOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const started = Date.now();
  const workspace = openWorkspace(root, options);
  say(
    `Rampart: stack ${workspace.stack} from ${workspace.sourceName}${workspace.remembered ? ", as at the last start" : ""}\n`,
  );
  const host = await engineHost(workspace.tracked.values["docker:host"], process.env);
  const findings = await survey(root, host, process.env);
  for (const finding of findings) if (finding.ok) ok(finding.text);
  if (findings.some((finding) => !finding.ok)) return showPlanInstead(workspace, options, findings);

  const config = await prepare(workspace, host);
  const pulumi = findProgram("pulumi", process.env) ?? "pulumi";
  await ensureStack(workspace, pulumi);
  rememberConfigFile(workspace);
  say("");
  const env = {
    ...pulumiEnvironment(process.env, workspace.paths, workspace.stack, workspace.pulumiFile),
    DOCKER_HOST: host,
  };
  const code = await show(pulumi, UP, env, root);
  if (code !== 0) {
    throw new StartError(
      `The deployment did not succeed (\`pulumi up\` ended with ${code}; its messages are above): mend what they name and run \`npm start\` again, or take everything down with \`${pulumiCommand(workspace.stack, "destroy")}\`.`,
    );
  }
  await probe(config, host);
  say(ending(workspace, Date.now() - started));
  return 0;
}

/** Everything that can be told before anything is deployed. @throws ConfigError and StartError */
async function prepare(workspace: Workspace, host: string): Promise<LoadedConfig> {
  const { created } = prepareWorkspace(workspace);
  const file = readStackFile(root, workspace.stack, workspace.pulumiFile);
  const prefix = `${file.project}:`;
  const own = (key: string): boolean => key.startsWith(prefix);
  const config = loadConfig({
    stack: workspace.stack,
    values: Object.fromEntries(
      Object.entries(file.values)
        .filter(([key]) => own(key))
        .map(([key, value]) => [key.slice(prefix.length), value]),
    ),
    secretKeys: file.secretKeys.filter(own).map((key) => key.slice(prefix.length)),
  });
  ok(`configuration: ${Object.keys(config.services).length} service(s), environment ${config.environment}`);
  ok(`state and passphrase in .rampart/${created ? ", the passphrase made now" : ""}`);
  for (const line of checkLocks(workspace)) ok(line);
  // First what is this stack's own by name: whatever else it holds, it may hold the ports as well.
  for (const line of await checkLeftovers(workspace, config, host)) ok(line);
  ok(await checkPorts(workspace, config, host));
  return config;
}

/** Without an engine or the CLI the plan still shows what would be deployed; what is missing comes last, to be seen. */
async function showPlanInstead(workspace: Workspace, options: Options, findings: readonly Finding[]): Promise<number> {
  const sentences = findings.flatMap((finding) => (finding.ok ? [] : [finding.sentence]));
  for (const sentence of sentences) say(`  --  ${sentence}`);
  const plan = join(root, "commands", "plan.ts");
  if (existsSync(plan)) {
    say(`\nThis is the plan of what would be deployed (npm run plan -- ${workspace.stack}):\n`);
    const file =
      options.configFile === undefined && !workspace.remembered ? [] : ["--config-file", workspace.sourceFile];
    await show(
      process.execPath,
      ["--require", require.resolve("tsx/cjs"), plan, workspace.stack, ...file],
      process.env,
      root,
    );
  }
  throw new StartError(["Nothing was deployed.", ...sentences].join("\n"));
}

async function probe(config: LoadedConfig, host: string): Promise<void> {
  const all = targets(config, host);
  if (all.length === 0) return say("\nDeployed. No service has a route, so there is no URL to open.");
  if (beyondReach(config, host))
    return say(
      `\nDeployed. The edge listens on ${config.edge.listenAddress} of ${host}, so its URLs answer there only:\n${all.map(({ url }) => `  ${url}`).join("\n")}`,
    );
  const deadline = Date.now() + PROBE_SECONDS * 1000;
  say("");
  for (const target of all) {
    const answer = await waitForAnswer(target, Math.max(0, (deadline - Date.now()) / 1000));
    if (!isGood(answer)) throw new StartError(silence(target, answer));
    say(`${target.url} answers (${describe(answer)})${remark(config, target)}`);
  }
}

function silence(target: Target, answer: Answer): string {
  return `The stack is deployed, but ${target.url} did not answer at ${target.address}:${target.port} within ${PROBE_SECONDS} s (${describe(answer)}): see \`docker ps\` and the logs of the edge and the service (\`docker logs <container>\`), then run \`npm start\` again.`;
}

function remark(config: LoadedConfig, { host, address }: Target): string {
  const remarks = [
    ...(config.certificates === "self-signed" ? ["self-signed: the browser warns, curl wants -k"] : []),
    ...(address.startsWith("127.") && host !== "localhost" && !host.endsWith(".localhost")
      ? [`your browser needs \`${address} ${host}\` in /etc/hosts`]
      : []),
  ];
  return remarks.length === 0 ? "" : `; ${remarks.join("; ")}`;
}

function ending({ stack, paths, sourceName }: Workspace, milliseconds: number): string {
  const here = (path: string): string => relative(root, path) || path;
  return [
    `Done in ${Math.round(milliseconds / 1000)} s.`,
    "",
    `  change      edit ${sourceName}, then npm start, or ${pulumiCommand(stack, "preview")} first`,
    `  plan        npm run plan -- ${stack}${sourceName === `Pulumi.${stack}.yaml` ? "" : ` --config-file ${sourceName}`}`,
    `  outputs     ${pulumiCommand(stack, "stack output")}`,
    `  stop        ${pulumiCommand(stack, "destroy")}`,
    `  state       ${here(paths.backend)}, opened by ${here(paths.passphrase)}: back up both, share neither`,
  ].join("\n");
}

function explain(error: unknown): number {
  if (error instanceof ConfigError) {
    const hint = error.message.includes("pulumi config set")
      ? "\n\nHere `pulumi config set …` is `npm run pulumi -- config set …`."
      : "";
    process.stderr.write(`\n${error.message}${hint}\n`);
    return 1;
  }
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  const known = error instanceof StartError || error instanceof StackFileError;
  process.stderr.write(
    known
      ? `\n${error.message}\n`
      : `\nnpm start failed in a way that it does not know: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => (process.exitCode = explain(error)),
);
