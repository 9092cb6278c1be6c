/**
 * That each rule of oxlint.config.mjs finds what it is there for: in a project of its own, with the repository's
 * configuration.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { files, node, ROOT } from "./examples/support";

/** Where a fault stands, and a file with the fault. Lines are joined: a file of a fault is short. */
type Fault = readonly [rule: string, file: string, ...lines: readonly string[]];

const lines = (count: number): string => Array.from({ length: count }, (_, index) => `call(${index});`).join("\n");
const CALL = "declare function call(value?: unknown): void;";
const PROMISE = "declare function promise(): Promise<number>;";
const ANY = "declare const any: any; // eslint-disable-line";

const FAULTS: readonly Fault[] = [
  // Rules that typescript-eslint recommends.
  ["no-array-constructor", "config/a.ts", "export const a = new Array(1, 2);"],
  ["no-unused-expressions", "config/b.ts", `${CALL} export const b = 1; b === 1 && call();`],
  ["no-unused-vars", "config/c.ts", "export const c = (): void => { const unused = 1; };"],
  ["no-unused-vars", "config/c-argument.ts", "export const c = (_unused: number): void => {};"],
  ["no-unused-vars", "config/c-caught.ts", `${CALL} try { call(); } catch (error) { call(); }`],
  ["ban-ts-comment", "config/d.ts", "// @ts-ignore", "export const d = 1;"],
  ["no-duplicate-enum-values", "config/e.ts", "export enum E { a = 1, b = 1 }"],
  ["no-empty-object-type", "config/f.ts", "export interface F {}"],
  ["no-explicit-any", "config/g.ts", "export const g = (value: any): void => void value;"],
  ["no-extra-non-null-assertion", "config/h.ts", "export const h = (value: string | undefined): string => value!!;"],
  ["no-misused-new", "config/i.ts", "export interface I { new (): I; }"],
  ["no-namespace", "config/j.ts", "export namespace J { export const j = 1; }"],
  ["no-non-null-asserted-optional-chain", "config/k.ts", "export const k = (v?: { a?: number }): number => v?.a!;"],
  ["no-require-imports", "config/l.ts", 'export const l: unknown = require("node:fs");'],
  ["no-this-alias", "config/m.ts", "export class M { m(): unknown { const self = this; return self; } }"],
  ["no-unnecessary-type-constraint", "config/n.ts", "export const n = <T extends unknown>(value: T): T => value;"],
  ["no-unsafe-declaration-merging", "config/o.ts", "export interface O { a: 1 } export class O {}"],
  ["no-unsafe-function-type", "config/p.ts", "export const p = (f: Function): unknown => f;"],
  ["no-wrapper-object-types", "config/q.ts", "export const q = (text: String): unknown => text;"],
  ["prefer-as-const", "config/r.ts", 'export const r = "r" as "r";'],
  ["prefer-namespace-keyword", "config/s.ts", "export declare module S {}"],
  ["triple-slash-reference", "config/t.ts", '/// <reference path="./a" />', "export const t = 1;"],
  ["no-var", "config/u.ts", "export var u = 1;"],
  ["prefer-const", "config/v.ts", "let v = 1; export const w = v;"],
  ["prefer-rest-params", "config/w.ts", "export function w(): unknown { return arguments; }"],
  ["prefer-spread", "config/x.ts", "export const x = (list: number[]): number => Math.max.apply(Math, list);"],
  // The same, where types are known.
  ["await-thenable", "config/aa.ts", "export const aa = async (): Promise<number> => await 1;"],
  ["no-array-delete", "config/ab.ts", "export const ab = (list: number[]): boolean => delete list[0];"],
  ["no-base-to-string", "config/ac.ts", "export const ac = (value: object): string => value.toString();"],
  ["no-duplicate-type-constituents", "config/ad.ts", "export type Ad = string | string;"],
  ["no-floating-promises", "config/ae.ts", `${PROMISE} export const ae = (): void => { promise(); };`],
  [
    "no-for-in-array",
    "config/af.ts",
    `${CALL} export const af = (l: number[]): void => { for (const i in l) call(i); };`,
  ],
  ["no-implied-eval", "config/ag.ts", 'export const ag = (): unknown => setTimeout("ag()", 1);'],
  [
    "no-misused-promises",
    "config/ah.ts",
    `${PROMISE} ${CALL} export const ah = (): void => { if (promise()) call(); };`,
  ],
  ["no-redundant-type-constituents", "config/ai.ts", "export type Ai = unknown | string;"],
  ["no-unnecessary-type-assertion", "config/aj.ts", "export const aj = (n: number): number => n as number;"],
  ["no-unsafe-argument", "config/ak.ts", ANY, "declare function text(t: string): void;", "text(any);", "export {};"],
  ["no-unsafe-assignment", "config/al.ts", ANY, "export const al: string = any;"],
  ["no-unsafe-call", "config/am.ts", ANY, "export const am = (): void => { any(); };"],
  [
    "no-unsafe-enum-comparison",
    "config/an.ts",
    "enum E { a = 1 } export const an = (e: E, n: number): boolean => e === n;",
  ],
  ["no-unsafe-member-access", "config/ao.ts", ANY, "export const ao = (): void => { any.key = 1; };"],
  ["no-unsafe-return", "config/ap.ts", ANY, "export const ap = (): string => any;"],
  ["no-unsafe-unary-minus", "config/aq.ts", "export const aq = (text: string): number => -text;"],
  ["only-throw-error", "config/ar.ts", 'export const ar = (): never => { throw "text"; };'],
  ["prefer-promise-reject-errors", "config/as.ts", 'export const as = (): Promise<never> => Promise.reject("text");'],
  ["require-await", "config/at.ts", "export const at = async (): Promise<number> => 1;"],
  ["restrict-plus-operands", "config/au.ts", 'export const au = (list: string[]): string => list + "text";'],
  ["restrict-template-expressions", "config/av.ts", "export const av = (a: object): string => `${a}`;"],
  ["unbound-method", "config/aw.ts", "class C { m(): void {} } export const aw: unknown = new C().m;"],
  // The house's own.
  ["consistent-type-imports", "config/ba.ts", 'import { Stats } from "node:fs"; export type Ba = Stats;'],
  ["no-non-null-assertion", "config/bb.ts", "export const bb = (value?: string): string => value!;"],
  [
    "switch-exhaustiveness-check",
    "config/bc.ts",
    `${CALL} export function bc(v: "a" | "b"): void { switch (v) { case "a": call(); } }`,
  ],
  ["explicit-module-boundary-types", "config/bd.ts", "export const bd = (n: number) => n;"],
  ["max-lines", "config/be.ts", CALL, lines(350), "export {};"],
  ["max-lines", "test/be.ts", CALL, lines(700), "export {};"],
  ["max-params", "config/bf.ts", "export const bf = (a: 1, b: 1, c: 1, d: 1, e: 1): number => a + b + c + d + e;"],
  ["eqeqeq", "config/bg.ts", "export const bg = (n: number): boolean => n == 1;"],
  ["eqeqeq", "scripts/bg.mjs", "export const bg = (n) => n == 1;"],
  // Who may import what.
  ...(["components", "config", "engine", "hardening", "plan", "resources"] as const).map((room): Fault => [
    "no-restricted-imports",
    `${room}/ca.ts`,
    'export { ca } from "../commands/ca";',
  ]),
  ["no-restricted-imports", "commands/cb.ts", 'export { cb } from "../test/cb";'],
  ["no-restricted-imports", "components/deep/cb.ts", 'export { cb } from "../../plan";'],
  ["no-restricted-imports", "engine/cb.ts", 'import type { Cb } from "../config/cb"; export type A = Cb;'],
  ["no-restricted-imports", "engine/docker.ts", 'export { cb } from "../config/cb";'],
  ["no-restricted-imports", "hardening/cc.ts", 'export { Output } from "@pulumi/pulumi";'],
  ["no-restricted-imports", "commands/plan.ts", 'export { cd } from "./psql";'],
  ["no-restricted-imports", "commands/plan/cd.ts", 'export { cd } from "../psql";'],
  ["no-restricted-imports", "commands/shared/run.ts", 'export { cd } from "../psql";'],
  ["no-restricted-imports", "commands/shared/ce.ts", 'export { spawn } from "node:child_process";'],
  ["no-restricted-imports", "commands/psql.ts", 'export { spawn } from "node:child_process";'],
  [
    "no-restricted-imports",
    "resources/ce.ts",
    'import type { spawn } from "node:child_process"; export type A = spawn;',
  ],
  // What only one file may do.
  [
    "no-restricted-syntax",
    "plan/da.ts",
    'import * as pulumi from "@pulumi/pulumi"; export const da = new pulumi.Config();',
  ],
  ["no-restricted-syntax", "plan/db.ts", "declare const r: { allConfig(): number }; export const db = r.allConfig();"],
  ["no-restricted-syntax", "plan/dc.ts", "declare function exec(s: string): void;", 'exec("docker ps");', "export {};"],
  ["no-restricted-syntax", "plan/dd.ts", "declare function spawn(s: string): void;", 'spawn("docker");', "export {};"],
  ["no-restricted-syntax", "plan/de.ts", 'export const de = (image: string): string[] => ["run", "--rm", image];'],
  ["no-restricted-syntax", "plan/df.ts", 'export const df = (image: string): string[] => ["create", image];'],
  // What tsc finds.
  ["TS2322", "config/ea.ts", 'export const ea: number = "text";'],
  ["TS6133", "test/ea.ts", "const unused = 1;", "export {};"],
  ["syntax", "config/eb.ts", "export const eb = [1;"],
];

/** What looks like a fault and is none. */
const FINE: readonly Fault[] = [
  ["what others import", "commands/backup/fg.ts", "export const fg = 1;"],
  ["what others import", "commands/shared/fh.ts", "export const fh = 1;"],
  ["a room below", "plan/fa.ts", 'export { fe } from "../config/schema/fe";'],
  [
    "a type of Pulumi's",
    "hardening/fb.ts",
    'import type { Output } from "@pulumi/pulumi"; export type Fb = Output<1>;',
  ],
  ["who starts programs", "engine/process.ts", 'export { spawn } from "node:child_process";'],
  [
    "a container of ephemeralArgs",
    "plan/fc.ts",
    "declare function ephemeralArgs(): string[];",
    'export const fc = ["run", ...ephemeralArgs()];',
  ],
  ["350 lines", "config/fd.ts", CALL, lines(348), "export {};", "", "// a comment"],
  ["a schema", "config/schema/fe.ts", "export const fe = (n: number) => n;"],
  [
    "a default for the rest",
    "config/ff.ts",
    `${CALL} export function ff(v: "a" | "b"): void { switch (v) { case "a": call(); break; default: } }`,
  ],
  [
    "a command's own folder",
    "commands/backup.ts",
    'export { fg } from "./backup/fg";',
    'export { fh } from "./shared/fh";',
  ],
];

const temporary = mkdtempSync(join(tmpdir(), "rampart-lint-"));
const project = join(temporary, "project");
const found = new Map<string, string[]>();

beforeAll(async () => {
  const commands = files("commands", /\.ts$/).map((path): Fault => ["", path, "export {};"]);
  const written = [...commands, ...FAULTS, ...FINE];
  for (const path of ["oxlint.config.mjs", "scripts/lint-rules.mjs", "tsconfig.json"])
    cpSync(join(ROOT, path), join(project, path), { recursive: true });
  // Beside the project: oxlint would lint what is in it.
  symlinkSync(join(ROOT, "node_modules"), join(temporary, "node_modules"));
  for (const [, path, ...code] of written) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), `${code.join("\n")}\n`);
  }
  const lint = [join(ROOT, "node_modules/oxlint/bin/oxlint"), "--config", "oxlint.config.mjs", "--format", "json"];
  const { stdout } = await node(lint, project);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code?: string; filename: string }[] };
  for (const { code = "syntax", filename } of diagnostics)
    found.set(filename, [...(found.get(filename) ?? []), code.replace(/^.*\((.*)\)$/, "$1")]);
});

afterAll(() => rmSync(temporary, { recursive: true, force: true }));

test.each(FAULTS)("%s is found in %s", (rule, file) => expect(found.get(file)).toContain(rule));
test.each(FINE)("%s may be in %s", (_, file) => expect(found.get(file) ?? []).toEqual([]));
