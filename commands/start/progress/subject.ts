/** What a step is about, in words for a person. */
import { HEALTHY_NAME_KEEPER, keeper } from "../../../engine/keepers";
import { LABEL_COMPONENT, LABEL_NAME, labelOf } from "../../../hardening/container/labels";
import { field, text } from "../../shared/json";
import type { Step } from "./event";

export interface Subject {
  /** `web`, `image postgres:16.15-alpine`. */
  readonly name: string;
  /** What is awaited: `becomes healthy`. */
  readonly awaited: string;
  /** The words for it once it is so: `is healthy`. */
  readonly reached: string;
  /** Seconds from which its end is worth a line; undefined: never. */
  readonly notableSeconds: number | undefined;
  /** The reference of an image that is pulled: the engine knows how far it is. */
  readonly image?: string;
}

const shortType = (type: string): string => type.split(":").at(-1) ?? type;
const nameOf = ({ urn }: Step): string => urn.split("::").at(-1) ?? urn;

/** Whether a step ends something. */
const isEnd = (op: string): boolean => op.startsWith("delete") || op === "discard";

/** A pull that takes longer than a look at the engine. */
const PULL_SECONDS = 2;
/** Anything else is worth a line only if it made everybody wait. */
const LONG_SECONDS = 5;

export function subjectOf(step: Step): Subject {
  const type = shortType(step.type);
  if (isEnd(step.op)) return ending(step, type);
  switch (type) {
    case "Container":
      return container(step);
    case "RemoteImage": {
      const image = text(field(step.inputs, "name")) ?? nameOf(step);
      const name = `image ${image.split("@")[0] ?? ""}`;
      return { name, image, awaited: "is pulled", reached: "is pulled", notableSeconds: PULL_SECONDS };
    }
    case "RandomId":
      return receipt(step);
    default:
      return other(step, type);
  }
}

function container(step: Step): Subject {
  const label = (name: string): string | undefined => text(labelOf(step.inputs, name));
  const name = label(LABEL_NAME) ?? nameOf(step);
  if (label(LABEL_COMPONENT) === "carrier")
    return { name: `files of ${name}`, awaited: "are written", reached: "are written", notableSeconds: LONG_SECONDS };
  if (field(step.inputs, "start") === false)
    return { name, awaited: "is created", reached: "is created", notableSeconds: LONG_SECONDS };
  return { name, awaited: "starts", reached: "has started", notableSeconds: LONG_SECONDS };
}

/** A receipt is created once its hook has done the work. */
function receipt(step: Step): Subject {
  const name = nameOf(step);
  if (/-migration(?:-|$)/.test(name))
    return { name: "migration", awaited: "runs", reached: "has run", notableSeconds: 0 };
  const healthy = keeper(step.inputs, HEALTHY_NAME_KEEPER);
  if (healthy !== undefined)
    return { name: healthy, awaited: "becomes healthy", reached: "is healthy", notableSeconds: 0 };
  return { name, awaited: "takes effect", reached: "has taken effect", notableSeconds: LONG_SECONDS };
}

function ending(step: Step, type: string): Subject {
  const name = type === "Container" ? (text(labelOf(step.inputs, LABEL_NAME)) ?? nameOf(step)) : nameOf(step);
  const old = step.op === "delete-replaced" && type === "Container" ? `the old ${name}` : name;
  return {
    name: old,
    awaited: type === "Container" ? "stops" : "is removed",
    reached: "is gone",
    notableSeconds: LONG_SECONDS,
  };
}

/** Pulumi's types in words; others keep their name. */
const WORDS: Readonly<Record<string, string>> = {
  DefaultPrivileges: "default privileges",
  RandomBytes: "secret",
  RandomPassword: "secret",
};

function other(step: Step, type: string): Subject {
  const word = WORDS[type] ?? type.toLowerCase();
  const name = `${step.type.startsWith("postgresql:") ? "database " : ""}${word} ${nameOf(step)}`;
  return { name, awaited: "is made", reached: "is made", notableSeconds: LONG_SECONDS };
}
