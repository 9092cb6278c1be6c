/**
 * Seccomp profiles, derived from the engine's default: pure functions. The profiles do not depend on the container's
 * capabilities: what they deny stays denied when somebody adds one.
 */

import { canonicalJson } from "../canonical-json";
import type { SeccompOption, SeccompProfileName } from "../container/workload";
import { DENIED_GROUPS, FOREIGN_ABI_SYSCALLS, type SeccompKind } from "./seccomp/denied";
import { allowedCalls, baseOf, isRecordedKind } from "./seccomp/recorded";
import { withMargin } from "./seccomp/margin";
import mobyDefault from "./seccomp/moby-default.json";
import { defined } from "../defined";

export { RECORDED_KINDS, SECCOMP_KINDS } from "../container/workload";
export type { RecordedKind } from "./seccomp/recorded";
export { DENIED_GROUPS, type DeniedGroup, type SeccompKind } from "./seccomp/denied";

const ACTIONS = ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_LOG"] as const;
export type SeccompAction = (typeof ACTIONS)[number];

const OPERATORS = ["SCMP_CMP_EQ", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ"] as const;
export type SeccompOperator = (typeof OPERATORS)[number];

/** A condition on one argument of a system call; all conditions of a rule must hold. */
export interface SeccompArgument {
  /** Position, from 0. */
  readonly index: number;
  readonly value: number;
  /** For SCMP_CMP_MASKED_EQ: (argument & value) must equal this. @default 0 */
  readonly valueTwo?: number;
  readonly op: SeccompOperator;
}

/** The engine's own conditions on the host; capabilities are left out on purpose. */
export interface SeccompCondition {
  /** Architectures as Go names them. */
  readonly arches?: readonly string[];
  /** The first kernel version on which the rule holds, for example "4.8". */
  readonly minKernel?: string;
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: SeccompAction;
  /** @default 1 (EPERM) */
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
  readonly includes?: SeccompCondition;
}

export interface SeccompArchitecture {
  readonly architecture: string;
  readonly subArchitectures: readonly string[];
}

/** A profile in the Docker engine's format (20.10 and later). */
export interface SeccompProfile {
  readonly defaultAction: SeccompAction;
  readonly defaultErrnoRet?: number;
  readonly archMap: readonly SeccompArchitecture[];
  readonly syscalls: readonly SeccompRule[];
}

export interface SeccompProfileOptions {
  /** Let everything pass and have the kernel log what would be denied. Weaker than the engine's default. */
  readonly complain: boolean;
}

/** The part of moby's file that is read here; plain strings, because that is what a JSON import has. */
interface MobyRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number | undefined;
  readonly args?: readonly { readonly index: number; readonly value: number; readonly op: string }[] | undefined;
  readonly includes?:
    | {
        readonly caps?: readonly string[] | undefined;
        readonly arches?: readonly string[] | undefined;
        readonly minKernel?: string | undefined;
      }
    | undefined;
}

const EPERM = 1;
/** The architectures that Rampart is for, as the engine's archMap and as Go names them. */
const ARCHITECTURES: Readonly<Record<string, string>> = { SCMP_ARCH_AARCH64: "arm64", SCMP_ARCH_X86_64: "amd64" };
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;

function denied(kind: SeccompKind): readonly string[] {
  return DENIED_GROUPS.filter((group) => group.kinds.includes(kind))
    .flatMap((group) => group.syscalls)
    .sort();
}

/** The system calls that a profile denies whatever their arguments, sorted. */
export const DENIED_SYSCALLS: Readonly<Record<SeccompKind, readonly string[]>> = {
  api: denied("api"),
  frontend: denied("frontend"),
  worker: denied("worker"),
};

function oneOf<T extends string>(allowed: readonly T[], value: string, what: string): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) {
    throw new Error(`moby-default.json: ${what} is "${value}"; Rampart knows ${allowed.join(", ")}`);
  }
  return found;
}

/**
 * The address families that a server needs: none (0), Unix (1), IPv4 (2), IPv6, netlink. The engine's default allows
 * 35 of them, and the forgotten ones (X.25, ATM, CAN, TIPC, RxRPC …) have been the way into the kernel more than once.
 */
function socketRules(kind: SeccompKind): readonly SeccompRule[] {
  const netlink: SeccompArgument = { index: 0, op: "SCMP_CMP_EQ", value: AF_NETLINK };
  // Servers list their network interfaces (getaddrinfo does); audit, netfilter and uevents are not theirs.
  const routesOnly: SeccompArgument = { index: 2, op: "SCMP_CMP_EQ", value: NETLINK_ROUTE };
  const allow = (args: readonly SeccompArgument[]): SeccompRule => ({
    names: ["socket"],
    action: "SCMP_ACT_ALLOW",
    args,
  });
  return [
    allow([{ index: 0, op: "SCMP_CMP_LT", value: 3 }]),
    allow([{ index: 0, op: "SCMP_CMP_EQ", value: AF_INET6 }]),
    allow(kind === "worker" ? [netlink] : [netlink, routesOnly]),
  ];
}

/** Servers may ask for their personality or set Linux's own; builds may also pass as a 32-bit or older system. */
function mayKeepPersonality(kind: SeccompKind, rule: SeccompRule): boolean {
  const value = rule.args?.[0]?.value;
  return kind === "worker" || value === 0 || value === 0xffffffff;
}

function deriveRule(kind: SeccompKind, rule: MobyRule): SeccompRule | undefined {
  // A rule for a capability: a container without capabilities has no use for it, and one with them stays confined.
  if (rule.includes?.caps !== undefined && rule.includes.caps.length > 0) return undefined;
  const arches = rule.includes?.arches?.filter((arch) => Object.values(ARCHITECTURES).includes(arch));
  if (arches?.length === 0) return undefined;

  const removed = new Set([...DENIED_SYSCALLS[kind], ...FOREIGN_ABI_SYSCALLS, "socket"]);
  const names = rule.names.filter((name) => !removed.has(name));
  if (names.length === 0) return undefined;

  const minKernel = rule.includes?.minKernel;
  const derived: SeccompRule = {
    names: names.sort(),
    action: oneOf(ACTIONS, rule.action, "an action"),
    // `excludes` is dropped: it names capabilities, which must not matter, and architectures that Rampart is not for.
    ...defined({ errnoRet: rule.errnoRet }),
    ...(rule.args === undefined
      ? {}
      : { args: rule.args.map((arg) => ({ ...arg, op: oneOf(OPERATORS, arg.op, "an operator") })) }),
    ...(arches === undefined && minKernel === undefined
      ? {}
      : { includes: { ...(arches && { arches }), ...defined({ minKernel }) } }),
  };
  return names.includes("personality") && !mayKeepPersonality(kind, derived) ? undefined : derived;
}

const rulesOfKind = (kind: SeccompKind): readonly SeccompRule[] => [
  ...mobyDefault.syscalls.flatMap((rule) => deriveRule(kind, rule) ?? []),
  ...socketRules(kind),
];

/** The rules of a kind, with only the calls of a list. */
function only(allowed: ReadonlySet<string>, kind: SeccompKind): readonly SeccompRule[] {
  return rulesOfKind(kind).flatMap((rule) => {
    // What is refused with an errno of its own (clone3) stays refused so.
    if (rule.action === "SCMP_ACT_ERRNO") return [rule];
    const names = rule.names.filter((call) => allowed.has(call));
    return names.length === 0 ? [] : [{ ...rule, names }];
  });
}

const rulesOf = (name: SeccompProfileName): readonly SeccompRule[] =>
  isRecordedKind(name) ? only(allowedCalls(name), baseOf(name)) : rulesOfKind(name);

/**
 * The profile of a name: `api` for application runtimes and data stores, `frontend` for a web server of static files,
 * `worker` for builds and jobs, and the recorded ones, each for the program that it is named after.
 */
export const seccompProfile = (name: SeccompProfileName, options: SeccompProfileOptions): SeccompProfile =>
  profileOf(rulesOf(name), options);

/** A profile of the calls that were recorded, with the margin, as far as `worker` allows them. */
export const calledProfile = (calls: readonly string[], options: SeccompProfileOptions): SeccompProfile =>
  profileOf(only(new Set(withMargin(calls)), "worker"), options);

function profileOf(syscalls: readonly SeccompRule[], options: SeccompProfileOptions): SeccompProfile {
  // Other ABIs are a second door to every system call (libseccomp lets 32-bit socketcall pass wherever `socket` may
  // pass, with any address family), so a profile is for the native one, and a call through another is killed.
  // Complain mode never kills: it keeps the other ABIs and has their calls logged.
  return {
    ...(options.complain
      ? { defaultAction: "SCMP_ACT_LOG" as const }
      : { defaultAction: "SCMP_ACT_ERRNO" as const, defaultErrnoRet: EPERM }),
    archMap: mobyDefault.archMap
      .filter(({ architecture }) => architecture in ARCHITECTURES)
      .map(({ architecture, subArchitectures }) => ({
        architecture,
        subArchitectures: options.complain ? [...(subArchitectures ?? [])] : [],
      })),
    syscalls,
  };
}

/**
 * A profile as compact JSON with sorted keys: it travels inside the container's options, and its diff must be stable.
 */
export function renderSeccompProfile(profile: SeccompProfile): string {
  return canonicalJson(profile);
}

/** The engine's security options for a workload's seccomp: none means the engine's own default profile. */
export function seccompSecurityOpt(option: SeccompOption): string[] {
  switch (option.kind) {
    case "default":
      return [];
    case "profile":
      return [`seccomp=${renderSeccompProfile(seccompProfile(option.profile, { complain: option.complain }))}`];
    case "unconfined":
      return ["seccomp=unconfined"];
    default: {
      const unknown: never = option;
      throw new Error(`seccomp: unknown option ${JSON.stringify(unknown)}`);
    }
  }
}
