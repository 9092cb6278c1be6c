import { mkdirSync, readdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import { despiteDeadlocks } from "../../engine/deadlocks";
import type { DockerClient } from "../../engine/docker";
import { lines } from "../../engine/text";
import { watch } from "../../engine/until";
import { manifestSql } from "../../hardening/backup/manifest-sql";
import { dumpFile, GLOBALS_FILE, INFO_FILE, manifestFile, script } from "../../hardening/backup/paths";
import {
  compareInput,
  compareScript,
  createDatabaseScript,
  dropDatabaseScript,
  dropUnusedRolesScript,
  freeSpaceScript,
  listDatabasesScript,
  manifestScript,
  missingRolesScript,
  openDatabasesScript,
  policyScript,
  restoreScript,
  switchScript,
} from "../../hardening/backup/restore-scripts";
import { RESERVE_MIB, restoredMiB } from "../../hardening/backup/space";
import { execIn, pipe, saveFrom, scriptIn } from "../shared/backup-engine";
import type { Difference } from "../shared/difference";
import { UserError } from "../shared/errors";

/** What a backup says of itself. */
export interface BackupInfo {
  readonly stack: string;
  readonly time: string;
  readonly databases: readonly string[];
  readonly server: string;
}

export interface Verified {
  readonly tables: number;
  readonly rows: number;
  readonly policies: number;
  readonly differences: readonly Difference[];
}

/** A restored database, the live one whose place it takes, and the name under which that is kept. */
export interface Swap {
  readonly live: string;
  readonly restored: string;
  readonly before: string;
}

/** How long a Postgres that was killed may take to come back. */
const REOPEN_SECONDS = 90;

/** One backup in the store of a stack, and the server that it is restored into. */
export class Restore {
  constructor(
    private readonly engine: DockerClient,
    private readonly store: string,
    private readonly snapshot: string,
    private readonly say: (line: string) => void,
  ) {}

  async info(): Promise<BackupInfo> {
    return JSON.parse(await this.file(INFO_FILE)) as BackupInfo;
  }

  /** Writes the backup's files into a new or empty directory of this machine. */
  async toDirectory(info: BackupInfo, path: string): Promise<void> {
    if (existsSync(path) && readdirSync(path).length > 0)
      throw new UserError(`${path} is not empty: name a new directory.`);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    for (const file of [
      INFO_FILE,
      GLOBALS_FILE,
      ...info.databases.flatMap((database) => [dumpFile(database), manifestFile(database)]),
    ]) {
      await saveFrom(this.engine, `Writing ${file}`, [this.store, this.cat(file)], join(path, file));
      this.say(join(path, file));
    }
  }

  /** @throws UserError where restoring dumps of so many bytes could fill the disk under the live databases */
  async room(postgres: string, dumpBytes: number): Promise<void> {
    const free = Number(
      await scriptIn(this.engine, { container: postgres, what: "Looking for free space", script: freeSpaceScript() }),
    );
    const needed = restoredMiB(dumpBytes) + RESERVE_MIB;
    if (free < needed)
      throw new UserError(
        `The disk under Postgres has ${free} MiB free, and what is restored may take ${needed - RESERVE_MIB} MiB ` +
          `and has to leave ${RESERVE_MIB} MiB: make room first. Nothing was changed.`,
      );
  }

  /**
   * Restores one database beside the live one, and compares it with the backup's manifest. The new one stays, whatever
   * comes out.
   */
  async toDatabase(postgres: string, database: string, target: string): Promise<Verified> {
    const { engine } = this;
    const [expected, known] = await Promise.all([this.file(manifestFile(database)), this.databases(postgres)]);
    if (known.includes(target))
      throw new UserError(`The database ${target} exists already: name another, or drop it first.`);
    const made = lines(
      await scriptIn(engine, {
        container: postgres,
        what: "Looking for the backup's roles",
        script: missingRolesScript(),
        input: expected,
      }),
    );
    if (made.length > 0) this.say(`roles that the server does not have, made without login: ${made.join(", ")}`);
    try {
      await scriptIn(engine, {
        container: postgres,
        what: `Making the database ${target}`,
        script: createDatabaseScript(),
        args: [target, database],
      });
      this.say(`${database}: restoring into ${target}`);
      await pipe(
        engine,
        `Restoring ${database}`,
        [this.store, this.cat(dumpFile(database))],
        [postgres, ["sh", "-c", restoreScript(), "rampart", target]],
      );
    } catch (error) {
      // Half a database is of no use to anybody, and would be in the way of the next attempt.
      await scriptIn(engine, {
        container: postgres,
        what: `Dropping ${target}`,
        script: dropDatabaseScript(),
        args: [target],
      }).catch(() => this.say(`the unfinished database ${target} is still there`));
      throw error;
    }
    const unused = lines(
      await scriptIn(engine, {
        container: postgres,
        what: "Removing roles that nothing needs",
        script: dropUnusedRolesScript(),
        args: made,
      }),
    );
    if (unused.length > 0) this.say(`of these removed again, as nothing was granted to them: ${unused.join(", ")}`);
    const found = await scriptIn(engine, {
      container: postgres,
      what: `Reading what ${target} holds`,
      script: manifestScript(),
      args: [target],
      input: manifestSql(),
    });
    return readVerification(
      await scriptIn(engine, {
        container: postgres,
        what: `Comparing ${target} with the backup`,
        script: compareScript(),
        input: compareInput(expected, found),
      }),
    );
  }

  /**
   * Runs what the configuration says of rows and rights: the backup may be older than it.
   * @throws UserError with everything that the guard found, after which the database is as it was restored
   */
  async confine(postgres: string, target: string, statements: readonly string[]): Promise<void> {
    const result = await despiteDeadlocks(() =>
      execIn(this.engine, postgres, ["sh", "-c", policyScript(), "rampart", target], `${statements.join(";\n")};\n`),
    );
    if (result.code !== 0)
      throw new UserError(`${target} does not hold to the configuration as it is now:\n${result.stderr.trim()}`);
  }

  /**
   * Puts restored databases in the live ones' places, all of them or none. Gives the number of sessions that were
   * ended, by live name.
   */
  async switch(postgres: string, swaps: readonly Swap[]): Promise<Readonly<Record<string, number>>> {
    const names = swaps.map(({ live }) => live).join(" and ");
    try {
      return endedSessions(
        await scriptIn(this.engine, {
          container: postgres,
          what: `Putting what was restored in the place of ${names}`,
          script: switchScript(),
          args: swaps.flatMap(({ live, restored, before }) => [live, restored, before]),
        }),
      );
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const there = await this.reopen(postgres, swaps);
      const [first] = swaps;
      // The server may have gone between the commit and the answer.
      if (first !== undefined && there?.includes(first.before) === true) return {};
      const opened =
        `Nobody can connect to ${names} until Postgres is back and this is run again, or: ` +
        `${swaps.map(({ live }) => `ALTER DATABASE "${live}" WITH ALLOW_CONNECTIONS true;`).join(" ")}`;
      throw new UserError(
        `${reason}\n${there === undefined ? opened : `${names} are as they were, and can be connected to.`}`,
      );
    }
  }

  /** After a switch that failed: waits for the server, which may be starting again, and lets everybody in. */
  private async reopen(postgres: string, swaps: readonly Swap[]): Promise<string[] | undefined> {
    const seen = await watch({ seconds: REOPEN_SECONDS, everyMs: 1000 }, async () => {
      try {
        return {
          fact: lines(
            await scriptIn(this.engine, {
              container: postgres,
              what: "Opening the databases",
              script: openDatabasesScript(),
              args: swaps.map(({ live }) => live),
            }),
          ),
        };
      } catch (error) {
        return { state: error instanceof Error ? error.message : String(error) };
      }
    });
    return "fact" in seen ? seen.fact : undefined;
  }

  async databases(postgres: string): Promise<string[]> {
    return lines(
      await scriptIn(this.engine, {
        container: postgres,
        what: "Listing the databases",
        script: listDatabasesScript(),
      }),
    );
  }

  private cat(file: string): string[] {
    return ["sh", script("store"), "cat", this.snapshot, file];
  }

  private async file(name: string): Promise<string> {
    const result = await execIn(this.engine, this.store, this.cat(name));
    if (result.code !== 0)
      throw new UserError(
        `The backup's ${name} cannot be read: ${result.stderr.trim().split("\n").slice(-3).join("\n")}`,
      );
    return result.stdout;
  }
}

/** Lines of a name and a number. */
export const endedSessions = (text: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    lines(text).map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );

/** The lines that the comparison writes: a difference each, and the figures at last. */
export function readVerification(text: string): Verified {
  const written = lines(text);
  const figures = JSON.parse(written.at(-1) ?? "{}") as {
    readonly tables?: number;
    readonly rows?: number;
    readonly policies?: number;
  };
  const { tables, rows, policies } = figures;
  if (tables === undefined || rows === undefined || policies === undefined)
    throw new UserError(`The comparison gave no figures: ${text.slice(0, 300)}`);
  return { tables, rows, policies, differences: written.slice(0, -1).map((line) => JSON.parse(line) as Difference) };
}

/** What a restore that did not come to its end, or one that is still at work, has left beside the live databases. */
export const unfinished = (known: readonly string[], databases: readonly string[]): string[] =>
  known.filter((name) =>
    databases.some((database) => new RegExp(`^${database.slice(0, 38)}_restore_\\d{8}t\\d{6}$`).test(name)),
  );

/** `app_restore_20261124t023000`: a name that PostgreSQL takes, and that sorts by time. */
export const timedName = (database: string, what: "restore" | "before", at: Date): string =>
  `${database.slice(0, 38)}_${what}_${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").toLowerCase()}`;
