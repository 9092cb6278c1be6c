import type { KeyTexts } from "../key-text";
import { CONTAINER } from "./container";
import { DATABASE } from "./database";
import { EDGE } from "./edge";
import { EXCEPTIONS } from "./exceptions";
import { JOB } from "./job";
import { LOGGING } from "./logging";
import { MONITORING } from "./monitoring";
import { REDIS } from "./redis";
import { ROTATION } from "./rotation";
import { ROUTE } from "./route";
import { SERVICE } from "./service";
import { SIGNATURES } from "./signatures";
import { STACK } from "./stack";

/** By the heading under which docs/configuration.md has the table. */
export const TABLES: Readonly<Record<string, KeyTexts>> = {
  "The stack": STACK,
  "The edge: `edge`": EDGE,
  "The database: `database`": DATABASE,
  "The cache: `redis`": REDIS,
  "Logs: `logging`": LOGGING,
  "Metrics and alerts: `monitoring`": MONITORING,
  "New passwords and certificates: `rotation`": ROTATION,
  "What the stack accepts for a time: `exceptions`": EXCEPTIONS,
  "Signed images: `signatures`": SIGNATURES,
  "A service: `services.<name>`": SERVICE,
  "A job: `jobs.<name>`": JOB,
  "A container: services, jobs and `migration`": CONTAINER,
  "A route: `services.<name>.routes`": ROUTE,
};

/** Keys of a service, of jobs, of the migration and of a route stand in their tables without `services.`. */
export const SERVICES = "services.";
const OF_SERVICES: readonly KeyTexts[] = [SERVICE, CONTAINER, ROUTE];

/** The full key of a row: the migration's keys are those of a service. */
export const fullKey = (texts: KeyTexts, key: string): string =>
  OF_SERVICES.includes(texts) ? `${SERVICES}${key}` : key;

/** By full key. */
export const KEY_TEXTS: KeyTexts = Object.fromEntries(
  Object.values(TABLES).flatMap((texts) => Object.entries(texts).map(([key, text]) => [fullKey(texts, key), text])),
);
