import { isNativeError } from "node:util/types";
import { defined } from "../../hardening/defined";

/** 1: the command failed, or a rule does; 2: the command line is wrong. */
export type FailureCode = 1 | 2;

export interface UserErrorDetails {
  /** What to do, where the message does not say it. */
  readonly hint?: string;
  /** @default 1 */
  readonly exitCode?: FailureCode;
}

/** Something that the user can mend. It is printed as a message and a hint, without a stack trace. */
export class UserError extends Error {
  readonly hint: string | undefined;
  readonly exitCode: FailureCode;

  constructor(message: string, { hint, exitCode = 1 }: UserErrorDetails = {}) {
    super(message);
    this.name = "UserError";
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

/** The command line is wrong. */
export const usageError = (message: string, hint?: string): UserError =>
  new UserError(message, { exitCode: 2, ...defined({ hint }) });

export interface Refusal {
  /** As the user writes it: `--tunnel`, `<stack>`. */
  readonly option: string;
  /** @default nothing was given */
  readonly given?: string;
  readonly allowed: string;
  /** What to do, where `allowed` does not say it. */
  readonly fix?: string;
}

/** An option whose value, or whose absence, is wrong: the same parts as a fault of the configuration. */
export const wrongOption = ({ option, given, allowed, fix }: Refusal): UserError =>
  usageError(`${option}: given ${given === undefined ? "nothing" : `'${given}'`}; allowed: ${allowed}`, fix);

export const messageOf = (error: unknown): string => (isNativeError(error) ? error.message : String(error));
