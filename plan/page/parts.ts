import { SEVERITIES, type PostureEntry, type Severity, type Status } from "../../hardening/rules";
import type { Change, Direction } from "../changes";
import type { RecordedResource } from "../monitor";
import type { Fact, Item } from "../summary";
import { changeText, countsOfChanges, type Comparison } from "../text/changes";
import { bySeverity, findings, resourcesText, STATUS_NAMES, STATUSES, type Finding } from "../text/posture";
import { grantTexts, textOf } from "../text/tree";
import { markup, NOTHING, type Markup } from "./html";
import type { Topology } from "./topology";

export const tag = (kind: Status | Severity | Direction, text: string): Markup =>
  markup`<span class="tag ${kind}">${text}</span>`;

/** A tile a status. */
export const tiles = (posture: readonly PostureEntry[]): Markup =>
  markup`<ul class="tiles">${STATUSES.map((status) => {
    const number = posture.filter((entry) => entry.status === status).length;
    return markup`<li class="tile ${number === 0 ? "zero" : status}"><b>${number}</b>${STATUS_NAMES[status]}</li>`;
  })}</ul>`;

/** What to do before a deployment can go on. */
export const missingNotice = (missing: readonly string[]): Markup =>
  missing.length === 0
    ? NOTHING
    : markup`<section class="card notice" aria-labelledby="go-on"><h2 id="go-on">What to install to go on</h2>
      <p>Nothing was deployed, because something is missing on this machine.
      This page is the plan of what would be deployed.</p><ol>
      ${missing.map((sentence) => markup`<li>${withCode(sentence)}</li>`)}</ol></section>`;

/** A sentence whose parts between backticks are code. */
const withCode = (sentence: string): Markup[] =>
  sentence.split("`").map((part, index) => (index % 2 === 1 ? markup`<code>${part}</code>` : markup`${part}`));

export function changesSection({ source, changes, controls }: Comparison): Markup {
  return markup`<h2 id="changes">What changed since ${source}</h2>${
    changes.length === 0
      ? markup`<p>Nothing changed.</p>`
      : markup`<p>${countsOfChanges(changes)}. What weakens the stack comes first.</p><div class="card">
        <ul class="changes">${changes.map(changeRow)}</ul></div>`
  }${
    controls.length === 0
      ? NOTHING
      : markup`<h3>Controls that stand otherwise</h3><div class="card"><ul class="changes">${controls.map(
          ({ direction, id, resource, before, after }) =>
            markup`<li>${tag(direction, direction)}<span class="rule">${id}</span><span class="what">
              ${resource}: ${STATUS_NAMES[before]} → ${STATUS_NAMES[after]}</span></li>`,
        )}</ul></div>`
  }`;
}

function changeRow(change: Change): Markup {
  const { direction, path, before, after } = change;
  const what =
    before !== undefined && after !== undefined && before !== after
      ? markup`<del>${before}</del> → <ins>${after}</ins>`
      : markup`${changeText(change)}`;
  return markup`<li>${tag(direction, direction)}<code class="path">${path}</code><span class="what">${what}</span>
    </li>`;
}

/** What does not hold and what is open in full; the rest folded. */
export function postureSection(posture: readonly PostureEntry[]): Markup {
  const all = findings(posture);
  const of = (...statuses: readonly Status[]): Finding[] => all.filter(({ status }) => statuses.includes(status));
  const [told, passed] = [of("fail", "open", "accepted", "skip"), of("pass")];
  return markup`<h2 id="posture">Posture</h2><div class="card scroll matrix">${matrix(posture)}</div>
    <h3>What fails, is open, accepted, or not judged here</h3><div class="card">
    ${told.length === 0 ? markup`<p>Every rule passes.</p>` : ruleTable(told)}</div><details>
      <summary>Passes, by severity: ${bySeverity(posture.filter(({ status }) => status === "pass"))}</summary>
      <div class="card">${ruleTable(passed)}</div></details>`;
}

const matrix = (posture: readonly PostureEntry[]): Markup =>
  markup`<table><caption class="unseen">How many judgements there are of each severity and status</caption><thead>
    <tr><th scope="col">Severity</th>${STATUSES.map(
      (status) => markup`<th scope="col" class="number">
    ${STATUS_NAMES[status]}</th>`,
    )}</tr></thead><tbody>${SEVERITIES.map(
      (severity) =>
        markup`<tr><th scope="row">${tag(severity, severity)}</th>${STATUSES.map((status) => {
          const number = posture.filter((entry) => entry.status === status && entry.severity === severity).length;
          return markup`<td class="number">${number === 0 ? markup`<span class="soft">0</span>` : number}</td>`;
        })}</tr>`,
    )}</tbody></table>`;

const ruleTable = (list: readonly Finding[]): Markup =>
  markup`<table class="stack"><thead><tr><th scope="col">Status</th><th scope="col">Severity</th>
    <th scope="col">Finding</th></tr></thead><tbody>${list.map(
      ({ rule, status, groups }) =>
        markup`<tr><td class="inline">${tag(status, STATUS_NAMES[status])}</td><td class="inline">
        ${tag(rule.severity, rule.severity)}</td><td>
          ${
            status === "pass"
              ? ruleName(rule)
              : groups.map(
                  ({ resources, message }) => markup`<p class="found">
            ${resourcesText(resources)}: ${withCode(message)}
              </p>`,
                )
          }${status === "pass" ? NOTHING : markup`<p class="finding">Rule: ${ruleName(rule)}</p>`}${
            rule.remedy === undefined || (status !== "fail" && status !== "open")
              ? NOTHING
              : markup`<p class="finding">Fix: ${withCode(rule.remedy)}</p>`
          }</td>
              </tr>`,
    )}</tbody></table>`;

const ruleName = ({ title, id }: Finding["rule"]): Markup => markup`${withCode(title)} <code class="soft">${id}
  </code>`;

/** Cards, each of one route, service or server. */
export const itemCards = (items: readonly Item[]): Markup =>
  markup`<div class="grid">${items.map(
    ({ title, detail, facts }) =>
      markup`<article class="card item"><header><h3>${title}</h3><p>${detail}</p></header><dl>${facts.map(factRow)}
        </dl></article>`,
  )}</div>`;

const factRow = ({ label, lines, weak }: Fact): Markup =>
  markup`<dt>${label}</dt><dd${weak === true ? markup` class="weak"` : NOTHING}>${
    lines.length === 1 ? markup`${lines}` : markup`<ul>${lines.map((each) => markup`<li>${each}</li>`)}</ul>`
  }</dd>`;

export const networkTable = (networks: Topology["networks"]): Markup =>
  markup`<div class="card"><table class="stack"><thead><tr><th scope="col">Network</th><th scope="col">Way out</th>
    <th scope="col">Addresses</th></tr></thead><tbody>${networks.map(
      ({ name, internal, subnet }) =>
        markup`<tr><td class="rule">${name}</td><td>${internal ? tag("pass", "none") : tag("open", "has one")}</td>
        <td class="mono">${subnet}</td></tr>`,
    )}</tbody></table></div>`;

interface RoleRow {
  readonly name: string;
  readonly limits: string;
  readonly rights: readonly string[];
  /** Whether it is a superuser, or can make roles or databases. */
  readonly powerful: boolean;
}

/** The database roles, and what each may do. */
export function roleTable(resources: readonly RecordedResource[]): Markup {
  const rows = roleRows(resources);
  if (rows.length === 0) return NOTHING;
  return markup`<h2 id="roles">Database roles</h2>
    ${
      rows.some(({ powerful }) => powerful)
        ? NOTHING
        : markup`<p>No role is a superuser, and none can create roles or
      databases. Only Postgres itself and the provider know the superuser's password.</p>`
    }
    <div class="card"><table class="stack"><thead><tr><th scope="col">Role</th><th scope="col">Limits</th>
    <th scope="col">Rights</th></tr></thead><tbody>${rows.map(
      ({ name, limits, rights }) =>
        markup`<tr><td class="rule">${name}</td><td>${limits}</td><td><ul class="plain">
        ${rights.map((right) => markup`<li>${right}</li>`)}</ul></td></tr>`,
    )}</tbody></table></div>`;
}

const kindOf = ({ type }: RecordedResource): string => type.split(":").at(-1) ?? "";

function roleRows(resources: readonly RecordedResource[]): RoleRow[] {
  const grants = resources.filter((resource) => ["Grant", "DefaultPrivileges"].includes(kindOf(resource)));
  const rightsOf = (role: string): string[] => grantTexts(grants.filter(({ inputs }) => inputs["role"] === role));
  const roles = resources
    .filter((resource) => kindOf(resource) === "Role")
    .map(({ inputs }): RoleRow => {
      const name = textOf(inputs["name"]);
      const member = Array.isArray(inputs["roles"]) ? (inputs["roles"] as unknown[]).map(textOf) : [];
      const timeout = Number(inputs["statementTimeout"] ?? 0);
      return {
        name,
        powerful: ["superuser", "createRole", "createDatabase"].some((right) => inputs[right] === true),
        limits: [
          `${textOf(inputs["connectionLimit"])} connections`,
          timeout === 0 ? "statements may take for ever" : `statements end after ${timeout / 1000} s`,
        ].join("; "),
        rights: [
          ...member.map((role) => `acts as ${role}`),
          ...(inputs["bypassRowLevelSecurity"] === true ? ["reads the rows of every tenant"] : []),
          ...rightsOf(name),
        ],
      };
    });
  const everyone = rightsOf("public");
  return [
    ...roles.sort((a, b) => (a.name < b.name ? -1 : 1)),
    ...(everyone.length === 0 ? [] : [{ name: "public (everybody)", limits: "", rights: everyone, powerful: false }]),
  ];
}
