import { writeFileSync } from "node:fs";
import { newestContainer } from "../engine/containers";
import { calledProfile, RECORDED_KINDS, renderSeccompProfile } from "../hardening/confinement/seccomp";
import { allowedCalls } from "../hardening/confinement/seccomp/recorded";
import { compare } from "../hardening/confinement/seccomp/trace";
import { LABEL_NAME, LABEL_STACK } from "../hardening/container/labels";
import { recordCalls } from "./seccomp-record/strace";
import { recordText } from "./seccomp-record/text";
import { command } from "./shared/command";
import { stackFileFor } from "./shared/common-options";
import { requiredEngine } from "./shared/engine-host";
import { messageOf, UserError } from "./shared/errors";
import { anyText, type ValueOption } from "./shared/options";
import { stackFileOf } from "./shared/project";

const LONGEST = 86_400;

const duration: ValueOption<number>["read"] = (given, refusal) => {
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < 1 || value > LONGEST) throw refusal(`1 to ${LONGEST}`);
  return value;
};

export const seccompRecord = command({
  name: "seccomp-record",
  summary: "records which system calls a running container makes, and which profile fits",
  about:
    "Attaches strace to one running container for a while, with its health checks and every `docker exec`, and " +
    "prints " +
    "the calls that it made and which of the recorded profiles allow them all. Needs root and strace on the engine's " +
    "own host. The container is slower meanwhile. What happened before is not seen: docs/confinement.md says how to " +
    "see a start.",
  stack: "required",
  options: {
    service: { value: "NAME", summary: "the container's name in the stack, such as api or postgres", read: anyText },
    seconds: {
      value: "N",
      summary: "how long to record (default: 60); Ctrl-C ends it earlier",
      read: duration,
      default: 60,
    },
    out: { value: "FILE", summary: "writes a profile of these calls, for `docker run --security-opt`", read: anyText },
    "config-file": stackFileFor("only for docker:host"),
  },
  run: async ({ root, env, print }, { stack, options }) => {
    const { service, seconds, out } = options;
    if (service === undefined) throw new UserError("Name the container: `--service api`.");
    const engine = await requiredEngine(stackFileOf(root, stack, options["config-file"]), env);
    if (!engine.host.startsWith("unix://"))
      throw new UserError(`A recording needs the engine's own host; ${engine.host} is another machine. Run it there.`);
    const id = await newestContainer(engine, { [LABEL_STACK]: stack, [LABEL_NAME]: service }, true);
    if (id === undefined) throw new UserError(`No container "${service}" of stack ${stack} runs on ${engine.host}.`);
    const state = await engine.must("The container could not be read", ["inspect", "--format", "{{.State.Pid}}", id]);
    print.progress(`Recording ${service} for ${seconds} s. Put the program to work now.`);
    const recording = await recordCalls(Number(state.trim()), seconds);
    if (recording.lines === 0)
      throw new UserError(
        `${service} made no system call in ${seconds} s. Put the program to work, and record longer.`,
      );
    const fits = RECORDED_KINDS.map((kind) => ({ kind, ...compare(recording.calls, allowedCalls(kind)) }));
    print.result(recordText(recording, fits));
    if (out !== undefined) {
      try {
        writeFileSync(out, `${renderSeccompProfile(calledProfile(recording.calls, { complain: false }))}\n`);
      } catch (error) {
        throw new UserError(`The profile was not written to ${out}: ${messageOf(error)}`);
      }
      print.result(`wrote ${out}`);
    }
    return 0;
  },
});
