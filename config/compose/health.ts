/** A service's health check: the compose file's, or what is known of the image. */
import { fillIn } from "../places";
import type { DraftContext, Remarks } from "./draft-types";
import { isPrivate } from "./credentials";
import { insertDefined } from "./insert";
import type { ComposeHealth } from "./service";
import type { Member } from "./project";
import { knownImage } from "./roles";
import { clamp } from "./words";

interface HealthArgs {
  readonly member: Member;
  readonly context: DraftContext;
  readonly remarks: Remarks;
  readonly services: readonly string[];
  readonly port: number | string | undefined;
}

export interface HealthDraft {
  readonly config: Record<string, unknown> | undefined;
  readonly startTimeoutSeconds: number | undefined;
}

const DEFAULTS = { intervalSeconds: 5, timeoutSeconds: 3, retries: 3, startPeriodSeconds: 10 };
const DEFAULT_START_SECONDS = 60;

export function draftHealth(args: HealthArgs): HealthDraft {
  const { health } = args.member.service;
  const test = health?.disabled === true ? undefined : testOf(args);
  const config = insertDefined({}, { ...(test ?? knownTest(args)), ...timings(health) });
  const interval = typeof config["intervalSeconds"] === "number" ? config["intervalSeconds"] : DEFAULTS.intervalSeconds;
  const start =
    typeof config["startPeriodSeconds"] === "number" ? config["startPeriodSeconds"] : DEFAULTS.startPeriodSeconds;
  const needed = clamp(start + 2 * interval + 10, 5, 900);
  return { config, startTimeoutSeconds: needed > DEFAULT_START_SECONDS ? needed : undefined };
}

/** The compose file's own test. A `wget` of a page on the service's port is what Rampart does by itself. */
function testOf({ member, context, port }: HealthArgs): Record<string, unknown> | undefined {
  const test = member.service.health?.test;
  if (test === undefined || test.length === 0) return undefined;
  const [form = "", ...rest] = test;
  const line = rest.join(" ");
  const page =
    /^wget\s[^|;&]*?https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(\/[A-Za-z0-9\-._~/]*)?['"]?(?:\s*\|\|\s*exit 1)?$/.exec(
      line,
    );
  if (page !== null && (Number(page[1] ?? 80) === port || typeof port === "string")) return { http: page[2] ?? "/" };
  const words = form === "CMD" ? rest : form === "CMD-SHELL" ? ["/bin/sh", "-c", line] : test;
  const secret = isPrivate(words, context.project.hidden);
  if (!secret) return { command: words };
  return {
    command: [
      fillIn(
        "a command in the image that exits 0 when the service is well; " +
          "the compose file's holds a secret or a variable that is not set",
      ),
    ],
  };
}

function knownTest({ member, port, remarks, services }: HealthArgs): Record<string, unknown> {
  const { health, healthPath } = knownImage(member.service.image);
  if (health !== undefined) return { command: health };
  if (healthPath !== undefined) return { http: healthPath };
  const celery = celeryTest(member);
  if (celery !== undefined) return { command: celery };
  if (port === undefined) return { command: [fillIn("a command in the image that exits 0 when the service is well")] };
  remarks.check.push({
    services,
    about: "healthCheck",
    text: "the image's wget asks for / and wants a status of 2xx: give `http` another path, or a `command`",
  });
  return {};
}

/** `celery -A app worker` answers a ping. */
function celeryTest({ service }: Member): string[] | undefined {
  const words = [...(service.entrypoint ?? []), ...(service.command ?? [])].join(" ").split(" ");
  const at = words.findIndex((word) => /(?:^|\/)celery$/.test(word));
  const app = words.find((_word, index) => index > at && (words[index - 1] === "-A" || words[index - 1] === "--app"));
  return at < 0 || app === undefined || !words.includes("worker")
    ? undefined
    : ["celery", "-A", app, "inspect", "ping", "--timeout", "2"];
}

/** What differs from Rampart's defaults, in the ranges that Rampart takes. */
function timings(health: ComposeHealth | undefined): Record<string, number> {
  if (health === undefined || health.disabled) return {};
  const { intervalSeconds, timeoutSeconds, startPeriodSeconds, retries } = health;
  const whole = (value: number | undefined, least: number, most: number): number | undefined =>
    value === undefined ? undefined : clamp(Math.round(value), least, most);
  const all = {
    intervalSeconds: whole(intervalSeconds, 1, 300),
    timeoutSeconds: whole(timeoutSeconds, 1, 120),
    retries: whole(retries, 1, 20),
    startPeriodSeconds: whole(startPeriodSeconds, 0, 600),
  };
  return Object.fromEntries(
    Object.entries(all).filter(
      (entry): entry is [keyof typeof DEFAULTS, number] =>
        entry[1] !== undefined && DEFAULTS[entry[0] as keyof typeof DEFAULTS] !== entry[1],
    ),
  );
}
