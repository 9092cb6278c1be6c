/** Runs the program that prints a secret. */
import { spawnSync } from "node:child_process";
import { printable } from "../text";
import { CREDENTIAL_SHAPES } from "../values/secret-shapes";
import type { CommandLine } from "./arguments";

/** A person may have to touch a key or a fingerprint reader. */
export const TIME_LIMIT_SECONDS = 60;

/** Bytes of a secret: a key, a certificate with its chain, a service account; not a file of data. */
export const OUTPUT_LIMIT = 65_536;

/** What came of it. */
export type Reading =
  | { readonly kind: "value"; readonly value: string }
  /** There is no such program. */
  | { readonly kind: "missing" }
  /** @param why for a person, without the secret */
  | { readonly kind: "failed"; readonly why: string };

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Where a relative path counts from: the project's directory. */
  readonly directory: string;
  /** @default 60 */
  readonly timeLimitSeconds?: number;
}

/** What opens the stack's own secrets: no program that reads one of them needs the others. */
const OWN_VARIABLES = ["PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS", "PULUMI_CONFIG_PASSPHRASE"];

/**
 * Runs a program without a shell and without input, and takes what it prints as the secret, without the line break at
 * its end. Nothing of what it prints is ever shown; of what it says on standard error, what may be a secret is not.
 */
export function runForSecret([program, ...words]: CommandLine, options: RunOptions): Reading {
  const { env, directory, timeLimitSeconds = TIME_LIMIT_SECONDS } = options;
  const ended = spawnSync(program, words, {
    cwd: directory,
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !OWN_VARIABLES.includes(name))),
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeLimitSeconds * 1000,
    killSignal: "SIGKILL",
    maxBuffer: OUTPUT_LIMIT,
    shell: false,
  });
  const failed = (why: string): Reading => ({ kind: "failed", why });
  const code = codeOf(ended.error);
  if (code === "ENOENT") return { kind: "missing" };
  if (code === "ETIMEDOUT") return failed(`did not end within ${timeLimitSeconds} seconds`);
  if (code === "ENOBUFS") return failed(`printed more than ${OUTPUT_LIMIT / 1024} KiB`);
  if (code !== undefined) return failed(`could not be started (${code})`);
  const said = saidOf(ended.stderr, ended.stdout);
  if (ended.signal !== null) return failed(`was ended by ${ended.signal}${said}`);
  if (ended.status !== 0) return failed(`ended with ${String(ended.status)}${said}`);
  return valueOf(ended.stdout);
}

const codeOf = (error: NodeJS.ErrnoException | undefined): string | undefined => error && (error.code ?? error.name);

function valueOf(stdout: Buffer): Reading {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(stdout);
  } catch {
    return { kind: "failed", why: "printed something that is no text" };
  }
  const value = text.replace(/\r?\n$/, "");
  if (value.trim() === "") return { kind: "failed", why: "printed nothing" };
  if (value.includes("\0")) return { kind: "failed", why: "printed a NUL character, which no secret has" };
  return { kind: "value", value };
}

/** Lines and characters of standard error that help, the last ones. */
const MOST_LINES = 14;
const MOST_CHARACTERS = 1000;

/** Shorter than this, a line of what was printed is as likely a word of the message. */
const LEAST_HIDDEN = 4;

/** Letters and digits mixed, as in a key or a token; a path has its slashes and a word no digits. */
const TOKEN = /(?=[A-Za-z0-9+=_-]*\d)(?=[A-Za-z0-9+=_-]*[A-Za-z])[A-Za-z0-9+=_-]{20,}/g;

/** What a program said on standard error, as the end of a sentence; without what it printed or what may be a secret. */
function saidOf(stderr: Buffer, stdout: Buffer): string {
  const printed = stdout
    .toString()
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= LEAST_HIDDEN);
  const lines = withoutSecrets(stderr.toString(), printed)
    .split(/\r?\n/)
    .map((line) => printable(line).trim())
    .filter((line) => line !== "")
    .slice(-MOST_LINES);
  const text = lines.join(" / ").slice(0, MOST_CHARACTERS);
  return text === "" ? "" : `: ${text}`;
}

/** A message without what was printed, and without what looks like a key, a token or a password in a URL. */
export function withoutSecrets(message: string, printed: readonly string[]): string {
  const hidden = "(hidden)";
  const own = [...printed]
    .sort((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(secret, hidden), message);
  const urls = own.replace(/(:\/\/)[^\s/@]{1,200}@/g, `$1${hidden}@`);
  return CREDENTIAL_SHAPES.reduce(
    (text, shape) => text.replace(new RegExp(`${shape.source}\\S*`, shape.flags.replace("g", "") + "g"), hidden),
    urls,
  ).replace(TOKEN, hidden);
}
