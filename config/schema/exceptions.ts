import { z } from "zod";
import { HOST_CONTROLS } from "../../hardening/host";
import { canBeExcepted, RULES } from "../../hardening/rules";
import { asDay } from "./dates";
import { nearestKey } from "../nearest";
import { checkedString, matching, reason } from "./fields";

/** Controls of `rampart doctor`, which judges no stack: the plan leaves exceptions from them out. */
const OF_HOST = HOST_CONTROLS.filter(({ severity }) => severity !== "critical").map(({ id }) => id);
const EXCEPTABLE = [...RULES.filter(canBeExcepted).map(({ id }) => id), ...OF_HOST];

const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) &&
  !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) &&
  new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);

const rule = checkedString((value) => {
  if (EXCEPTABLE.includes(value)) return undefined;
  if ([...RULES, ...HOST_CONTROLS].some(({ id }) => id === value))
    return {
      allowed:
        "a rule or control that docs/rules.md or docs/doctor.md says takes exceptions; the others are not the " +
        "stack's to weaken",
      fix: "remove the entry, and see its page for what to change",
    };
  const near = nearestKey(value, EXCEPTABLE);
  return {
    allowed: "the id of a rule, as a plan and docs/rules.md show it, or of a control, as docs/doctor.md does",
    fix: near === undefined ? "correct the id" : `write it as ${near}`,
  };
}).meta({ enum: EXCEPTABLE });

const scope = matching(
  /^[a-z](?:[a-z0-9_-]{0,98}[a-z0-9])?$/,
  "the name of a service, container or network, or stack, or host",
  "write the name as the plan shows it, such as api, redis or internal; stack for what is about the stack as a " +
    "whole, host for a control of `rampart doctor`",
);

const until = z.preprocess(
  asDay,
  checkedString((value) =>
    isDay(value)
      ? undefined
      : { allowed: "a day, such as 2027-03-31; the exception counts until its end in UTC", fix: "write YYYY-MM-DD" },
  ),
);

/** What the stack accepts for a time although a rule does not hold. */
export const exceptions = z.array(z.strictObject({ rule, scope, reason, until })).max(100).default([]);

export type Exceptions = z.output<typeof exceptions>;
