import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { defined } from "../../hardening/defined";
import { field, parseJson, text } from "../shared/json";

/** A lock of Pulumi's file backend: who runs an update on the stack. */
export interface Lock {
  readonly file: string;
  readonly pid?: number;
  readonly host?: string;
  readonly user?: string;
  readonly since?: string;
}

export interface LockReport {
  /** The processes that made them are gone for certain. */
  readonly dead: readonly Lock[];
  /** Still at work, or on another machine, or not to be told. */
  readonly held: readonly Lock[];
}

export function readLocks(directory: string): Lock[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => parseLock(join(directory, name), readFileSync(join(directory, name), "utf8")));
}

export function parseLock(file: string, content: string): Lock {
  const lock = parseJson(content);
  const pid = field(lock, "pid");
  const [host, user, since] = [
    text(field(lock, "hostname")),
    text(field(lock, "username")),
    text(field(lock, "timestamp")),
  ];
  return {
    file,
    ...(typeof pid === "number" && Number.isInteger(pid) && pid > 0 ? { pid } : {}),
    ...defined({ host, user, since }),
  };
}

/**
 * Only a lock of this very host whose process is gone is dead. A process id that was given to another process since
 * makes a dead lock look held, which is the harmless side to err on.
 */
export function judgeLocks(
  locks: readonly Lock[],
  host: string = hostname(),
  isAlive: (pid: number) => boolean = processExists,
): LockReport {
  const isDead = (lock: Lock): boolean => lock.host === host && lock.pid !== undefined && !isAlive(lock.pid);
  return { dead: locks.filter(isDead), held: locks.filter((lock) => !isDead(lock)) };
}

export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return field(error, "code") !== "ESRCH";
  }
}

/** @param cancel the command that takes the locks off */
export function heldSentence(stack: string, locks: readonly Lock[], cancel: string): string {
  const who = locks.map(
    ({ user, host, pid, since }) =>
      `${user ?? "somebody"} on ${host ?? "an unknown host"}` +
      (pid === undefined ? "" : `, process ${pid}`) +
      (since === undefined ? "" : `, since ${since}`),
  );
  const count = locks.length === 1 ? "a lock" : `${locks.length} locks`;
  return (
    `The stack ${stack} is held by ${count} of another run (${who.join("; ")}): ` +
    "wait until it ends, or, if you know that it no longer runs, " +
    `take the lock off with \`${cancel}\` and run \`npm start\` again.`
  );
}

export function deadSentence(lock: Lock): string {
  return (
    `Took off the lock that process ${lock.pid ?? "?"} ` +
    `left${lock.since === undefined ? "" : ` at ${lock.since}`}: it runs no more, on this host.`
  );
}

export function removeLock(lock: Lock): void {
  // The file backend keeps a file of attributes beside each of its own.
  for (const file of [lock.file, `${lock.file}.attrs`]) rmSync(file, { force: true });
}

/** What an update that was cut off had begun: the engine may hold it while the state does not know its outcome. */
export const pendingOperations = (state: string): number => pending(state).length;

/** The names of the resources that it had begun to create. */
export const pendingCreations = (state: string): string[] =>
  pending(state)
    .filter((operation) => field(operation, "type") === "creating")
    .flatMap(
      (operation) =>
        text(field(field(operation, "resource"), "urn"))
          ?.split("::")
          .at(-1) ?? [],
    );

function pending(state: string): readonly unknown[] {
  const operations = field(field(field(parseJson(state), "checkpoint"), "latest"), "pending_operations");
  return Array.isArray(operations) ? operations : [];
}
