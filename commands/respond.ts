import { relative } from "node:path";
import { defined } from "../hardening/defined";
import { newestContainer } from "../engine/containers";
import type { DockerClient } from "../engine/docker";
import { LABEL_COMPONENT, LABEL_STACK } from "../hardening/container/labels";
import { configOf } from "../plan/stack-config";
import { collectEvidence } from "./respond/evidence";
import { Incident, type Step } from "./respond/incident";
import { generatedPasswords, rotate, secretName } from "./respond/rotate";
import { endDatabaseSessions, revokeInRedis, sessionKeys, type SessionKeys } from "./respond/sessions";
import { tasks } from "./respond/tasks";
import { command, type Context } from "./shared/command";
import { configFile } from "./shared/common-options";
import { requiredEngine } from "./shared/engine-host";
import { UserError, usageError } from "./shared/errors";
import { openPulumiStack, type PulumiStack } from "./shared/pulumi-stack";
import { readUpdates } from "./shared/rollback/plan";
import { rollBack } from "./shared/rollback/roll-back";
import { writePrivateFile } from "./shared/state";
import { consent } from "./shared/terminal";

export const respond = command({
  name: "respond",
  summary: "answers a breach: evidence, rotation, sessions",
  about: [
    "Answers a breach in one run. Shows the steps first, and asks. A step that fails ends the run; --resume goes on.",
    "",
    "  1  collects evidence under .rampart/incidents/, before anything is changed",
    "  2  with --rollback, goes back to the configuration before",
    "  3  turns every password and certificate over, and ends elevations, by one update",
    "  4  ends every session in Postgres but those of the services' new logins",
    "  5  deletes the sessions in Redis that services name (cache.sessions)",
    "",
    "Then it lists what a person has to do.",
  ].join("\n"),
  stack: "required",
  options: {
    rollback: { summary: "goes back to the configuration before this one first, as `rampart rollback` does" },
    "replace-generated": {
      summary: "makes generated secrets of services anew; what is encrypted with them becomes unreadable",
    },
    "all-keys": { summary: "deletes every key of the services in Redis, and not only those named as sessions" },
    "dry-run": { summary: "shows the steps, and changes nothing" },
    resume: { summary: "goes on with the newest answer that did not come to its end" },
    new: { summary: "begins another answer, where one did not come to its end" },
    yes: { short: "y", summary: "does not ask" },
    "config-file": configFile("the stack's file (default: the one of the last start, else Pulumi.<stack>.yaml)"),
  },
  run: async (context, { stack, options }) => {
    const { print, env, root } = context;
    if (options.resume && options.new) throw usageError("--resume and --new: given both; allowed: one of them");
    const pulumi = await openPulumiStack(context, { stack, ...defined({ configFile: options["config-file"] }) });
    const engine = await requiredEngine(pulumi.file, env);
    const before = Incident.unfinished(root, stack);
    if (options.resume && before === undefined) throw new UserError(`No answer of stack ${stack} waits to go on.`);
    if (before !== undefined && !options.resume && !options.new && !options["dry-run"])
      throw new UserError(`The answer in ${relative(root, before.directory)} did not come to its end.`, {
        hint: "Go on with --resume, or begin another with --new.",
      });
    const known = options.resume ? before : undefined;
    const generated = await generatedPasswords(pulumi);
    const config = configOf(pulumi.file);
    const answer: Answer = {
      pulumi,
      engine,
      rollback: options.rollback,
      yes: options.yes,
      replace: options["replace-generated"] ? generated.secrets : [],
      keptSecrets: options["replace-generated"] ? [] : generated.secrets,
      people: generated.people,
      sessions: sessionKeys(config, options["all-keys"]),
      tls: config.redis.tls,
    };
    print.result(described(answer, known));
    if (options["dry-run"]) {
      print.progress("Nothing was changed.");
      return 0;
    }
    const ask = consent(env);
    if (!options.yes && (ask === undefined || !(await ask(`Answer the breach of stack ${stack}? [y/N] `)))) {
      print.progress(ask === undefined ? "Nothing was changed. To do it, add --yes." : "Nothing was changed.");
      return 1;
    }
    return carryOut(context, answer, known ?? Incident.begin(root, stack, new Date()));
  },
});

interface Answer {
  readonly pulumi: PulumiStack;
  readonly engine: DockerClient;
  readonly rollback: boolean;
  readonly yes: boolean;
  /** URNs of generated secrets that are made anew, and of those that are kept. */
  readonly replace: readonly string[];
  readonly keptSecrets: readonly string[];
  /** URNs of passwords of people, which are made anew. */
  readonly people: readonly string[];
  readonly sessions: readonly SessionKeys[];
  /** Whether Redis takes TLS only. */
  readonly tls: boolean;
}

/** The steps in their order, each in a sentence. */
function sentences({ pulumi, rollback, replace, people, sessions }: Answer): [Step, string][] {
  const made = [...replace.map(secretName), ...(people.length === 0 ? [] : ["the passwords of access.basicAuth"])];
  const anew = made.length === 0 ? "" : `; makes ${made.join(", ")} anew`;
  const keys = sessions.flatMap(({ prefixes }) => prefixes.map((prefix) => `${prefix}*`));
  return [
    ["evidence", "collects logs, containers, processes, state and history"],
    ...(rollback ? [["rollback", "goes back to the configuration before"] satisfies [Step, string]] : []),
    [
      "rotation",
      `sets rotation.everything in ${pulumi.sourceName}, takes database.elevations out, and runs \`pulumi up\`${anew}`,
    ],
    ["database-sessions", "ends every session in Postgres but those of the services' new logins"],
    ["redis-sessions", keys.length === 0 ? "no service names its sessions: nothing" : `deletes ${keys.join(", ")}`],
  ];
}

const described = (answer: Answer, known: Incident | undefined): string =>
  sentences(answer)
    .map(([step, sentence]) => `  ${known?.isDone(step) === true ? "done" : "    "}  ${step}: ${sentence}`)
    .join("\n");

async function carryOut(context: Context, answer: Answer, incident: Incident): Promise<number> {
  const { print, root } = context;
  const { pulumi, keptSecrets, people, sessions } = answer;
  const where = relative(root, incident.directory);
  for (const [step] of sentences(answer)) {
    if (incident.isDone(step)) continue;
    print.progress(`\n${step}`);
    print.ok(await runStep(context, answer, { incident, step }));
    incident.finish(step, new Date());
  }
  const left = tasks({ pulumi, keptSecrets, people, sessions, directory: where });
  const list = `What is for a person to do:\n${left.map((task, index) => `  ${index + 1}. ${task}`).join("\n")}`;
  writePrivateFile(`${incident.directory}/tasks.txt`, `${list}\n`);
  incident.end(new Date());
  print.result(`\n${list}\nThe same in ${where}/tasks.txt`);
  return 0;
}

/** @returns what was done, for the report. @throws UserError and EngineError where it was not */
async function runStep(
  context: Context,
  { pulumi, engine, replace, people, sessions, tls, yes }: Answer,
  { incident, step }: { readonly incident: Incident; readonly step: Step },
): Promise<string> {
  switch (step) {
    case "evidence": {
      const files = await collectEvidence({ engine, pulumi, directory: incident.directory });
      return `${files.length} files in ${relative(context.root, incident.directory)}, with SHA256SUMS`;
    }
    case "rollback": {
      const updates = await readUpdates(pulumi);
      if (!(await rollBack(context, { pulumi, updates, to: 1, yes, ask: consent(context.env) })))
        throw new UserError("The rollback was not agreed to.", {
          hint: "Go on without it: --resume, without --rollback.",
        });
      return "the configuration before is deployed";
    }
    case "rotation":
      await rotate(pulumi, incident.rotationKey, [...replace, ...people]);
      return `every password and certificate is another one: rotation.everything is ${incident.rotationKey}`;
    case "database-sessions": {
      const postgres = await running(engine, pulumi.stack, "postgres");
      return postgres === undefined
        ? "no Postgres runs"
        : `${await endDatabaseSessions(engine, postgres)} sessions were ended`;
    }
    case "redis-sessions": {
      const redis = await running(engine, pulumi.stack, "redis");
      if (redis === undefined || sessions.length === 0) return "nothing to delete";
      const deleted = (await revokeInRedis(engine, { container: redis, tls, keys: sessions })).trim().split("\n");
      return `deleted: ${deleted.map((line) => line.replace(/^(\S+) (\d+)$/, "$2 keys of $1*")).join(", ")}`;
    }
    default: {
      const unknown: never = step;
      throw new Error(`not a step: ${String(unknown)}`);
    }
  }
}

const running = (engine: DockerClient, stack: string, component: string): Promise<string | undefined> =>
  newestContainer(engine, { [LABEL_STACK]: stack, [LABEL_COMPONENT]: component }, true);
