import type { Severity } from "../rules/rule";
import { endOfException } from "../rules/exceptions";
import type { Exception } from "../rules/view";
import { skip, type HostControl, type HostFinding, type Remedy } from "./control";
import { engineConfig } from "./engine-config";
import type { HostFacts } from "./facts";

/** What a control came to on one thing of a host. */
export interface HostCheck {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly status: HostFinding["status"] | "accepted";
  /** A file, a user, a port, a CVE; `host` or `engine` for the whole. */
  readonly target: string;
  readonly evidence: string;
  readonly sources: readonly string[];
  /** The command that mends it: where it fails, or a person has to decide. */
  readonly remedy?: string;
}

export interface JudgeArgs {
  readonly facts: HostFacts;
  /** Of the stack; those from other rules are left out. @default none */
  readonly exceptions?: readonly Exception[];
  /** When exceptions have to be in force. */
  readonly now: Date;
}

/** Judges a host by controls. */
export const judgeHost = (controls: readonly HostControl[], { facts, exceptions = [], now }: JudgeArgs): HostCheck[] =>
  controls.flatMap((control) => {
    const exception = exceptions.find(({ rule }) => rule === control.id);
    const argument = argumentInTheWay(control, facts);
    return findingsOf(control, facts).map((finding) =>
      excepted(
        checkOf(argument === undefined ? control : { ...control, remedy: argument }, finding, facts),
        exception,
        now,
      ),
    );
  });

/** What to do where daemon.json cannot say a setting, as an argument of the engine's process says it already. */
function argumentInTheWay({ settings = {} }: HostControl, facts: HostFacts): string | undefined {
  const config = engineConfig(facts);
  if ("unknown" in config) return undefined;
  const taken = Object.keys(settings).filter((name) => config.fromArguments.includes(name));
  if (taken.length === 0) return undefined;
  return (
    `change ${taken.join(", ")} where the engine is started (sudo systemctl edit --full ` +
    "docker), as the engine takes a setting from one place only; then: sudo systemctl restart docker"
  );
}

function findingsOf(control: HostControl, facts: HostFacts): readonly HostFinding[] {
  const { engine, unseen } = facts;
  switch (control.looksAt) {
    case "engine":
      return engine.info === undefined ? [skip(engine.silent ?? "the engine does not answer")] : control.judge(facts);
    case "either":
      return unseen === undefined || engine.info !== undefined ? control.judge(facts) : [skip(unseen)];
    case "host":
      return unseen === undefined ? control.judge(facts) : [skip(unseen)];
    case "configuration": {
      if (unseen !== undefined) return [skip(unseen)];
      const config = engineConfig(facts);
      return "unknown" in config ? [skip(config.unknown)] : control.judge(config, facts);
    }
    default:
      return ((never: never) => never)(control);
  }
}

/** The remedy for the host's own distribution. */
export function remedyFor(remedy: Remedy, facts: HostFacts): string {
  if (typeof remedy === "string") return remedy;
  return /fedora|rhel|centos/.test(`${facts.os("ID")} ${facts.os("ID_LIKE")}`) ? remedy.fedora : remedy.debian;
}

function checkOf(control: HostControl, { status, target, evidence, remedy }: HostFinding, facts: HostFacts): HostCheck {
  const { id, title, severity, sources } = control;
  const found = remedy ?? (status === "fail" ? control.remedy : undefined);
  const fix = found === undefined ? undefined : remedyFor(found, facts);
  return {
    id,
    title,
    severity,
    status,
    target: target ?? (control.looksAt === "host" || control.looksAt === "either" ? "host" : "engine"),
    evidence,
    sources,
    ...(fix === undefined ? {} : { remedy: fix }),
  };
}

function excepted(check: HostCheck, exception: Exception | undefined, now: Date): HostCheck {
  if (check.status !== "fail" || exception === undefined || check.severity === "critical") return check;
  const { until, reason } = exception;
  return now.getTime() >= endOfException(until)
    ? { ...check, evidence: `${check.evidence}; the exception from it has ended on ${until}: ${reason}` }
    : { ...check, status: "accepted", evidence: `${check.evidence}: ${reason} (exception until ${until})` };
}
