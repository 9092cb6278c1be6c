import { existsSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { ENVIRONMENTS, environmentOf, type Environment } from "../config/environment";
import { fromAnswers, type AnswerFlags } from "./init/answers";
import { fromCompose } from "./init/compose";
import { keptSecrets, writeFile, type Target } from "./init/write";
import { command, type Context } from "./shared/command";
import { UserError, wrongOption } from "./shared/errors";
import { anyText, stackName, type ValueOption } from "./shared/options";
import { terminal } from "./shared/terminal";
import { DEFAULT_STACK } from "./shared/workspace";
import { defined } from "../hardening/defined";

const text = (value: string, summary: string): ValueOption<string> => ({ value, summary, read: anyText });

export const init = command({
  name: "init",
  summary: "writes a stack's file, from five questions or from a compose file",
  about:
    "Writes Pulumi.<stack>.yaml: from the answers to five questions, or with --from from the compose file of an " +
    "application. What a compose file cannot tell stays in the file as a place that begins with FILL IN, and " +
    "`npx rampart plan` refuses it until somebody has written the value. No value of a secret is written or " +
    "printed: the report names the commands that set them. Reads the compose file with `docker compose config` " +
    "where there is one, and asks the engine and the registries for the digests of images. Changes nothing else.",
  stack: "optional",
  options: {
    from: text("FILE", "the compose file, or its directory; more files after commas override it"),
    stack: {
      value: "NAME",
      short: "s",
      summary: `the stack, as the first argument (default: ${DEFAULT_STACK})`,
      read: (given: string): string => stackName("--stack", given),
    },
    environment: {
      value: "ENV",
      short: "e",
      summary: `${ENVIRONMENTS.join(", ")} (default: by the stack's name)`,
      read: (given, refusal): Environment => {
        const found = ENVIRONMENTS.find((one) => one === given);
        if (found === undefined) throw refusal(ENVIRONMENTS.join(", "));
        return found;
      },
    },
    "config-file": text("FILE", "the file to write (default: Pulumi.<stack>.yaml)"),
    force: { summary: "overwrites the file; encrypted values in it stay" },
    "env-file": text("FILE", "with --from: values of variables (default: .env beside the compose file)"),
    profile: text("NAME", "with --from: also takes over the services of this profile; several after commas, * for all"),
    offline: { summary: "with --from: asks neither the engine nor a registry for images" },
    image: text("IMAGE", "in place of a question: <repository>:<tag>@sha256:<digest>"),
    port: text("PORT", "in place of a question: the port on which the program listens"),
    host: text("HOST", "in place of a question: the host name under which people reach it"),
    uses: text("WHAT", "in place of a question: database, cache, both after a comma, or nothing"),
    email: text("ADDRESS", "in place of a question: to which Let's Encrypt may write; not in dev"),
  },
  run: async (context, { stack: positional, options }) => {
    if (positional !== undefined && options.stack !== undefined && positional !== options.stack)
      throw wrongOption({ option: "--stack", given: options.stack, allowed: `'${positional}', or no --stack` });
    const given = options.stack ?? positional;
    const flags: AnswerFlags = defined({
      image: options.image,
      port: options.port,
      host: options.host,
      uses: options.uses,
      email: options.email,
    });
    const asker = options.from === undefined ? terminal(context.env) : undefined;
    try {
      const environment =
        options.environment ??
        (given === undefined && asker !== undefined
          ? await asker.choose("Which environment is it for?", ENVIRONMENTS, "dev")
          : environmentOf(given ?? DEFAULT_STACK, undefined));
      const stack = given ?? (options.environment === undefined && asker === undefined ? DEFAULT_STACK : environment);
      const target = targetOf(context, stack, options["config-file"]);
      if (existsSync(target.path) && !options.force)
        throw new UserError(`${target.shown} is there already.`, {
          hint: "Write another file with --config-file FILE, or overwrite it with --force.",
        });
      const written = { stack, environment, target };
      if (options.from === undefined) return await fromAnswers(context, written, flags, asker);
      const { text: file, report } = await fromCompose(context, {
        ...written,
        from: options.from,
        profiles: options.profile?.split(",") ?? [],
        offline: options.offline,
        ...defined({ envFile: options["env-file"] }),
        ...defined({ kept: keptSecrets(target.path) }),
      });
      writeFile(target, file, options.force);
      context.print.result(report);
      return 0;
    } finally {
      asker?.close();
    }
  },
});

/** The file to write, and how the user knows it. */
function targetOf({ root, cwd }: Context, stack: string, configFile: string | undefined): Target {
  const standard = join(root, `Pulumi.${basename(stack)}.yaml`);
  if (configFile !== undefined) {
    const path = resolve(cwd, configFile);
    return { path, shown: configFile, standard: path === standard };
  }
  const near = relative(cwd, standard);
  return { path: standard, shown: near.startsWith("..") ? standard : near, standard: true };
}
