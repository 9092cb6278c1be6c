/** Rules over how a database is set: its limits, its backups' age and drills. */
import { boundFault, inProduction, type Bound } from "./bounds";
import type { Rule, Verdict } from "./rule";
import type { DatabaseSettings } from "./settings";
import { baseline, cisPostgres, page } from "./sources";
import type { StackView } from "./view";

type Backups = Exclude<DatabaseSettings["backups"], false>;
type Finding = Pick<Verdict, "status" | "message">;

const backupsOf = ({ settings }: StackView): Backups | undefined => {
  const backups = settings?.database?.backups;
  return backups === undefined || backups === false ? undefined : backups;
};

/** Verdicts about the stack: each finding, or one that says what holds. */
const about = (view: StackView, findings: readonly Finding[], good: string): Verdict[] =>
  (findings.length === 0 ? [{ status: "pass" as const, message: good }] : findings).map(({ status, message }) => ({
    resource: view.stack,
    ...inProduction(status, message, view),
  }));

/** What has no end fails; what ends late is open. */
function endless(value: number, what: string, ordinary: number): Finding[] {
  if (value === 0) return [{ status: "fail", message: `${what} never end` }];
  const fault = boundFault({ value, what: `milliseconds until ${what} end`, ordinary });
  return fault === undefined ? [] : [fault];
}

/** A role with more connections than this leaves none to the others. */
const MOST_CONNECTIONS = 200;
/** A longer time between drills, in days, and nobody knows that a backup can be restored. */
const LONGEST_DRILL_DAYS = 31;
/** How far back, in days, backups should reach: mistakes are noticed late. */
const LEAST_REACH_DAYS = 28;
const LONGEST_AGE_HOURS = 50;

const reachDays = ({ keep: { daily, weekly, monthly } }: Backups): number => Math.max(daily, weekly * 7, monthly * 30);

export const DATABASE_RULES: readonly Rule[] = [
  {
    id: "rampart-database-limits",
    severity: "medium",
    title: "statements, transactions and connections of services have an end",
    why: "one statement without an end holds locks and connections until nobody can work",
    source: cisPostgres("5.5"),
    alsoIn: [page("docs/database-roles.md")],
    judged:
      "the database: a timeout of 0 fails; statements over 300000 ms, idle transactions over 600000 ms and roles " +
      "with more than 200 connections are open",
    remedy:
      "Set the limits: `database: { statementTimeoutMs: 30000, idleInTransactionTimeoutMs: 60000 }`, and lower " +
      "`connectionLimits`.",
    keys: [
      "database.statementTimeoutMs",
      "database.idleInTransactionTimeoutMs",
      ...["app_ro", "app_rw", "backup", "migrator", "monitor"].map((role) => `database.connectionLimits.${role}`),
    ],
    check: (view) => {
      const { database } = view.settings ?? {};
      if (database === undefined) return [];
      const bounds = Object.entries(database.connections).map(([role, value]): Bound => ({
        value,
        what: `connections of ${role}`,
        ordinary: MOST_CONNECTIONS,
      }));
      const findings = [
        ...endless(database.statementTimeoutMs, "statements of app_rw", 300_000),
        ...endless(database.idleInTransactionTimeoutMs, "idle transactions of app_rw", 600_000),
        ...bounds.flatMap((bound) => boundFault(bound) ?? []),
      ];
      return about(view, findings, "statements, transactions and connections of services have an end");
    },
  },
  {
    id: "rampart-restore-drills",
    severity: "medium",
    title: "a backup is restored for practice every month",
    why: "a backup that nobody has restored may be none",
    source: baseline("kitiumai/docker", "Backups tested"),
    alsoIn: [page("docs/backups.md")],
    judged: "the database, if there are backups: no drills fail, more than 31 days between two are open",
    remedy: "Restore a backup for practice every week: `database: { backups: { drillEveryDays: 7 } }`.",
    keys: ["database.backups.drillEveryDays"],
    check: (view) => {
      const backups = backupsOf(view);
      if (backups === undefined) return [];
      const { drillEveryDays: days } = backups;
      if (days === false) return about(view, [{ status: "fail", message: "no backup is restored for practice" }], "");
      const fault = boundFault({ value: days, what: "days between restore drills", ordinary: LONGEST_DRILL_DAYS });
      return about(view, fault === undefined ? [] : [fault], `a backup is restored every ${days} days`);
    },
  },
  {
    id: "rampart-backup-retention",
    severity: "medium",
    title: "backups reach back four weeks, and a missing one is noticed within two days",
    why: "what somebody deleted or encrypted is often missed after weeks",
    source: baseline("kitiumai/docker", "Regular Backups"),
    alsoIn: [page("docs/backups.md")],
    judged: "the database, if there are backups: an oldest one of less than 28 days, or `maxAgeHours` over 50, is open",
    remedy:
      "Keep more, and be told sooner: `database: { backups: { keep: { daily: 7, weekly: 4, monthly: 6 }, " +
      "maxAgeHours: 26 } }`.",
    keys: [
      "database.backups.keep.daily",
      "database.backups.keep.weekly",
      "database.backups.keep.monthly",
      "database.backups.maxAgeHours",
    ],
    check: (view) => {
      const backups = backupsOf(view);
      if (backups === undefined) return [];
      const reach = reachDays(backups);
      const findings: Finding[] = [
        ...(reach < LEAST_REACH_DAYS
          ? [
              {
                status: "open" as const,
                message: `the oldest backup is ${reach} days old: see that mistakes are noticed sooner`,
              },
            ]
          : []),
        ...(backups.maxAgeHours > LONGEST_AGE_HOURS
          ? [
              {
                status: "open" as const,
                message: `a missing backup is noticed after ${backups.maxAgeHours} hours: see that this is soon enough`,
              },
            ]
          : []),
      ];
      return about(view, findings, `backups reach back ${reach} days`);
    },
  },
];
