import type { Severity } from "../rules/rule";
import type { Tree } from "../tree";
import type { EngineConfig } from "./engine-config";
import type { HostFacts } from "./facts";

/**
 * - `pass`: the control holds.
 * - `fail`: it does not.
 * - `skip`: nothing can tell it here, or a person has to decide; the evidence says which.
 */
export type HostOutcome = "pass" | "fail" | "skip";

/** A command, or what to do; by families of distributions where they differ. */
export type Remedy = string | { readonly debian: string; readonly fedora: string };

/** What a control found on one thing of the host. */
export interface HostFinding {
  readonly status: HostOutcome;
  /** A file, a user, a port, a CVE. @default the host, or the engine */
  readonly target?: string;
  readonly evidence: string;
  /** The command that mends this. @default the control's */
  readonly remedy?: Remedy;
}

interface ControlBase {
  /** Begins with `host-`. Stable: exceptions and reports refer to it. */
  readonly id: string;
  /** What is true where it passes. */
  readonly title: string;
  readonly severity: Severity;
  readonly why: string;
  /** Where it comes from: sections of the CIS Docker Benchmark (sources.ts), or a page that explains it. */
  readonly sources: readonly string[];
  /** What is looked at, and what makes which status. */
  readonly judged: string;
  /** The command that mends it, for a shell of root's or by `sudo`; or what to do, where no command can do it. */
  readonly remedy: Remedy;
  /** What daemon.json has to say for it to hold, where that is all. @default the remedy says what to do */
  readonly settings?: Tree;
}

/** One control over a host, by what it looks at. */
export type HostControl = ControlBase &
  // "either": the engine tells what the host does not, and the other way round.
  (
    | { readonly looksAt: "engine" | "host" | "either"; readonly judge: (facts: HostFacts) => readonly HostFinding[] }
    | {
        /** The configuration of the engine's process, which only its host knows. */
        readonly looksAt: "configuration";
        readonly judge: (config: EngineConfig, facts: HostFacts) => readonly HostFinding[];
      }
  );

export const pass = (evidence: string, target?: string): HostFinding => finding("pass", evidence, target);
export const fail = (evidence: string, target?: string, remedy?: Remedy): HostFinding => ({
  ...finding("fail", evidence, target),
  ...(remedy === undefined ? {} : { remedy }),
});
export const skip = (evidence: string, target?: string): HostFinding => finding("skip", evidence, target);
/** For what no program can tell right from wrong. */
export const decide = (evidence: string, target?: string): HostFinding =>
  finding("skip", `for a person to decide: ${evidence}`, target);

const finding = (status: HostOutcome, evidence: string, target?: string): HostFinding => ({
  status,
  evidence,
  ...(target === undefined ? {} : { target }),
});

/** Adds an argument to the kernel's command line. */
export const kernelArgument = (argument: string): Remedy => ({
  debian: `sudo sed -i 's/^GRUB_CMDLINE_LINUX="/&${argument} /' /etc/default/grub && sudo update-grub && sudo reboot`,
  fedora: `sudo grubby --update-kernel=ALL --args="${argument}" && sudo reboot`,
});
