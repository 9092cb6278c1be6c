/** Hosts as facts.sh told them: hosts/*.txt, and what is changed of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  HOST_CONTROLS,
  HostFacts,
  judgeHost,
  parseFacts,
  saidFacts,
  unseenHost,
  type EngineFacts,
  type Fact,
  type HostCheck,
} from "../../../hardening/host";

export type Host = "bad" | "debian12" | "fedora" | "macos" | "rootless" | "ubuntu";

export const NOW = new Date("2026-11-28T12:00:00Z");

/** What is other than recorded. */
export interface Change {
  /** `kind key` of facts to leave out. */
  readonly without?: readonly string[];
  /** `kind`, `key`, `value`. */
  readonly add?: readonly (readonly [string, string, string])[];
  readonly engine?: EngineFacts;
  /** Keys of `docker info`. */
  readonly info?: Readonly<Record<string, unknown>>;
}

export function host(name: Host, { without = [], add = [], engine = {}, info = {} }: Change = {}): HostFacts {
  const recorded = parseFacts(readFileSync(join(__dirname, "hosts", `${name}.txt`), "utf8"));
  const facts: Fact[] = [
    ...recorded.filter(({ kind, key }) => !without.includes(`${kind} ${key}`)),
    ...add.map(([kind, key, value]) => ({ kind, key, value })),
  ];
  const said = saidFacts(facts) ?? {};
  const told: EngineFacts =
    engine.silent === undefined ? { ...said, info: { ...said.info, ...info }, ...engine } : engine;
  const unseen = unseenHost(facts, told.info);
  return new HostFacts(unseen === undefined ? facts : [], told, unseen);
}

export const judged = (facts: HostFacts): HostCheck[] => judgeHost(HOST_CONTROLS, { facts, now: NOW });

/** `<status> <control> <target>`, a line for each check that does not pass. */
export const notHeld = (facts: HostFacts): string[] =>
  judged(facts)
    .filter(({ status }) => status !== "pass")
    .map(({ id, status, target }) => `${status} ${id} ${target}`);

/** What one control says: `<status> <target>: <evidence>`. */
export const told = (facts: HostFacts, id: string): string[] =>
  judged(facts)
    .filter((check) => check.id === id)
    .map(({ status, target, evidence }) => `${status} ${target}: ${evidence}`);
