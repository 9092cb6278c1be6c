/** Runs a script of Rampart's on a machine: this one, or another one by ssh. */
import { lastLines } from "../../engine/text";
import { shellWord } from "../../hardening/shell-word";
import { UserError } from "./errors";
import type { ValueOption } from "./options";
import { feed, type Finished } from "./run";

/** As the Docker CLI reads the address; the host's name never begins with a hyphen. */
export const SSH_ADDRESS = /^ssh:\/\/(?:([\w.][\w.-]*)@)?([A-Za-z0-9][A-Za-z0-9.-]*)(?::(\d{1,5}))?(?:\/.*)?$/;

/** `--host` of a command. */
export const machineOption = (summary: string): ValueOption<string> => ({
  value: "ssh://USER@HOST",
  summary,
  read: (given, refusal) => {
    if (!SSH_ADDRESS.test(given)) throw refusal("an address such as ssh://admin@server.example.com:22");
    return given;
  },
});

export interface Machine {
  /** `ssh://user@host:22`; undefined for this machine. */
  readonly address: string | undefined;
  /** Whether the script runs by `sudo -n`. */
  readonly sudo: boolean;
  readonly env: NodeJS.ProcessEnv;
}

export interface MachineScript {
  /** A script for a POSIX shell. */
  readonly text: string;
  readonly args: readonly string[];
  readonly timeoutSeconds: number;
}

/** @throws UserError where the address is none */
export function runOn(
  { address, sudo, env }: Machine,
  { text, args, timeoutSeconds }: MachineScript,
): Promise<Finished> {
  if (address !== undefined) checkAddress(address);
  const shell = [...(sudo ? ["sudo", "-n"] : []), "sh", "-s", "--", ...args];
  const [command = "sh", ...rest] = address === undefined ? shell : ["ssh", ...sshArgs(address, shell)];
  return feed({ command, args: rest, input: text, env, timeoutSeconds });
}

/** @throws UserError where the address is none */
export function checkAddress(address: string): void {
  if (!SSH_ADDRESS.test(address))
    throw new UserError(`${address} is no address of a machine; allowed: ssh://admin@server.example.com:22`);
}

/** For a script that did not come to its end. @param fallback why, where the machine does not say */
export function unanswered({ address, sudo }: Machine, { code, stderr }: Finished, fallback: string): UserError {
  const where = address ?? "This host";
  return new UserError(`${where} could not be asked (exit ${code}): ${lastLines(stderr, 1) || fallback}`, {
    hint: sudo
      ? "--sudo needs a user who may run `sudo -n sh` without a password."
      : address === undefined
        ? "The command needs a POSIX shell, `sh`."
        : `See whether \`ssh ${sshArgs(address, ["true"]).join(" ")}\` works without a question.`,
  });
}

function sshArgs(address: string, command: readonly string[]): string[] {
  const [, user, host = "", port] = SSH_ADDRESS.exec(address) ?? [];
  return [
    ...["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-T"],
    ...(port === undefined ? [] : ["-p", port]),
    user === undefined ? host : `${user}@${host}`,
    command.map(shellWord).join(" "),
  ];
}
