import { defined } from "../../hardening/defined";
import { loadConfig } from "../../config/load";
import { ConfigError } from "../../config/faults";
import { writeStackFile } from "../../config/compose/write";
import type { Environment } from "../../config/environment";
import { hostCheck } from "../../config/values/edge";
import { imageCheck } from "../../config/values/program";
import type { Context } from "../shared/command";
import { UserError, usageError } from "../shared/errors";
import { commands } from "./commands";
import type { Asker } from "../shared/terminal";
import { header, writeFile, type Target } from "./write";

/** Answers that the command line gives. */
export interface AnswerFlags {
  readonly image?: string;
  readonly port?: string;
  readonly host?: string;
  readonly uses?: string;
  readonly email?: string;
}

export interface Written {
  readonly stack: string;
  readonly environment: Environment;
  readonly target: Target;
}

interface Question {
  readonly flag: keyof AnswerFlags;
  readonly text: string;
  readonly fallback?: string;
  /** What is wrong with an answer. */
  readonly check: (answer: string) => string | undefined;
}

/** What a stack's file with one service needs. */
function questions(environment: Environment): Question[] {
  const all: Question[] = [
    {
      flag: "image",
      text: "Which image, with its tag and digest?",
      check: (answer) => imageCheck(answer)?.allowed,
    },
    {
      flag: "port",
      text: "On which port does the program listen?",
      fallback: "8080",
      check: (answer) =>
        /^\d{4,5}$/.test(answer) && Number(answer) >= 1024 && Number(answer) <= 65_535 ? undefined : "1024 to 65535",
    },
    {
      flag: "host",
      text: "Under which host name do people reach it?",
      ...(environment === "dev" ? { fallback: "app.localhost" } : {}),
      check: (answer) => hostCheck(answer, environment)?.allowed,
    },
    {
      flag: "uses",
      text: "What does it use: database, cache, both (database,cache), or nothing?",
      fallback: "nothing",
      check: (answer) =>
        /^(?:nothing|database|cache|database,\s*cache|cache,\s*database)$/.test(answer)
          ? undefined
          : "database, cache, database,cache, or nothing",
    },
  ];
  const email: Question = {
    flag: "email",
    text: "To which e-mail address may Let's Encrypt write?",
    check: (answer) => (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(answer) ? undefined : "an e-mail address"),
  };
  return environment === "dev" ? all : [...all, email];
}

/**
 * Writes a stack's file of one service.
 * @throws UserError for a wrong answer, and for a missing one where nobody can be asked
 */
export async function fromAnswers(
  { print }: Context,
  written: Written,
  flags: AnswerFlags,
  asker: Asker | undefined,
): Promise<number> {
  const answers = await collect(questions(written.environment), flags, asker);
  const values = valuesOf(written.environment, answers);
  try {
    loadConfig({ stack: written.stack, values, secretKeys: [] });
  } catch (error) {
    // Such as a stack named prod for environment dev: every answer by itself is good.
    if (error instanceof ConfigError) throw new UserError(error.message);
    throw error;
  }
  writeFile(written.target, writeStackFile({ header: header("Written by `npx rampart init`."), values }), true);
  print.result(
    [
      `Wrote ${written.target.shown}: stack ${written.stack}, environment ${written.environment}.`,
      "",
      "Run",
      ...commands({ ...written, secrets: [], copies: [] }),
    ].join("\n"),
  );
  return 0;
}

async function collect(
  all: readonly Question[],
  flags: AnswerFlags,
  asker: Asker | undefined,
): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  const missing: string[] = [];
  for (const { flag, text, fallback, check } of all) {
    const given = flags[flag];
    const fault = given === undefined ? undefined : check(given);
    if (fault !== undefined) throw usageError(`--${flag}: given '${given ?? ""}'; allowed: ${fault}`);
    if (given !== undefined) answers[flag] = given;
    else if (asker !== undefined) answers[flag] = await asker.ask(text, fallback, check);
    else if (fallback !== undefined) answers[flag] = fallback;
    else missing.push(`--${flag}`);
  }
  if (missing.length > 0)
    throw usageError(
      `There is no terminal to ask at, and ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing.`,
      "Give the answers as options, or name a compose file with --from FILE.",
    );
  return answers;
}

function valuesOf(
  environment: Environment,
  { image, port, host, uses = "nothing", email }: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const parts = uses.split(/,\s*/);
  return {
    environment,
    ...defined({ acmeEmail: email }),
    services: {
      web: {
        image,
        port: Number(port),
        routes: [{ host }],
        ...(parts.includes("database") ? { data: "read-write" } : {}),
        ...(parts.includes("cache") ? { cache: true } : {}),
      },
    },
  };
}
