import { anyText, type ValueOption } from "./options";

/** The stack's file, by a path from the current directory. */
export const configFile = (summary: string): ValueOption<string> => ({ value: "FILE", summary, read: anyText });

/** The stack's file, for a command that needs little of it. @param what `only for docker:host`, for example */
export const stackFileFor = (what: string): ValueOption<string> =>
  configFile(
    `the stack's file, read ${what} (default: the one of the last start, else Pulumi.<stack>.yaml, if it exists)`,
  );

/** Which backup. */
export const SNAPSHOT: ValueOption<string> = {
  value: "ID",
  summary: "which backup: `latest`, or the start of its id with at least 8 hex digits",
  read: (given, refusal) => {
    if (!/^(?:latest|[0-9a-f]{8,64})$/.test(given)) throw refusal("latest, or at least 8 hex digits of an id");
    return given;
  },
};
