/** The plan as one page: no script, no request, nothing but this file. Pure: the same plan is the same page. */
import { createHash } from "node:crypto";
import type { Plan } from "../evaluate";
import { costOf, costText } from "../cost";
import { summarise } from "../summary";
import type { Comparison } from "../text/changes";
import { markup, NOTHING, raw, type Markup } from "./html";
import { changesSection, itemCards, missingNotice, networkTable, postureSection, roleTable, tiles } from "./parts";
import { STYLE } from "./style";
import { tallPicture } from "./tall";
import { topologyOf } from "./topology";
import { widePicture } from "./wide";

export interface PageInput {
  readonly plan: Plan;
  /** @default the plan stands by itself */
  readonly comparison?: Comparison;
  /** Sentences that say what a deployment lacks on this machine, each with its remedy. @default nothing is missing */
  readonly missing?: readonly string[];
}

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");
/** Nothing is loaded, run or sent; only the one style sheet counts. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The whole page. It holds no secret, as the plan holds none. */
export function renderPage({ plan, comparison, missing = [] }: PageInput): string {
  const { stack, config, resources, posture } = plan;
  const { edge, routes, programs, jobs = [], data } = summarise(config);
  const topology = topologyOf(plan);
  const custom = resources.filter((resource) => resource.custom).length;
  const roles = roleTable(resources);
  const { networks, dockerApi } = topology;
  return lines(
    markup`<!doctype html>`,
    markup`<html lang="en">`,
    markup`<head>`,
    markup`<meta charset="utf-8">`,
    markup`<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    markup`<meta name="viewport" content="width=device-width, initial-scale=1">`,
    markup`<meta name="referrer" content="no-referrer">`,
    markup`<meta name="color-scheme" content="light dark">`,
    markup`<title>Plan of stack ${stack}</title>`,
    markup`<link rel="icon" href="data:,">`,
    markup`<style>${raw(STYLE)}</style>`,
    markup`</head>`,
    markup`<body>`,
    markup`<a class="unseen" href="#main">To the content</a>`,
    markup`<header class="top"><div><h1>Plan of stack ${stack}</h1>`,
    markup`<p class="soft">Environment ${config.environment}: ${custom} resources in
      ${resources.length - custom} components. Nothing was contacted or changed.</p>`,
    contents({
      compared: comparison !== undefined,
      roles: roles !== NOTHING,
      data: data.length > 0,
      jobs: jobs.length > 0,
    }),
    markup`</div></header>`,
    markup`<main id="main">`,
    tiles(posture),
    markup`<p>Cost: ${costText(costOf(plan))}.</p>`,
    missingNotice(missing),
    comparison === undefined ? NOTHING : changesSection(comparison),
    markup`<h2 id="topology">Topology</h2>`,
    markup`<figure class="card">${widePicture(topology)}${tallPicture(topology)}<figcaption><ul class="key">`,
    markup`<li>a network with no way out</li>`,
    networks.some(({ name }) => name === "egress")
      ? markup`<li class="open">may open connections to the internet</li>`
      : NOTHING,
    dockerApi.length === 0 ? NOTHING : markup`<li class="danger">a filtered Docker API</li>`,
    markup`</ul>A container reaches only what is on a network with it. Only the gateway publishes ports.</figcaption>
      </figure>`,
    postureSection(posture),
    markup`<h2 id="routes">Routes</h2>`,
    routes.length === 0 ? markup`<p>No service has a route.</p>` : itemCards(routes),
    markup`<h2 id="services">Services</h2>`,
    itemCards([edge, ...programs]),
    jobs.length === 0 ? NOTHING : markup`<h2 id="jobs">Jobs</h2>${itemCards(jobs)}`,
    data.length === 0 ? NOTHING : markup`<h2 id="data">Data</h2>${itemCards(data)}`,
    roles,
    markup`<h2 id="networks">Networks</h2>`,
    networkTable(networks),
    markup`</main>`,
    markup`<footer><p>Made by <code>rampart plan ${stack} --html</code>.
      A secret's value is never part of a plan.</p></footer>`,
    markup`</body>`,
    markup`</html>`,
  );
}

const lines = (...parts: readonly Markup[]): string =>
  `${parts
    .map(({ text }) => text)
    .filter((text) => text !== "")
    .join("\n")}\n`;

interface Sections {
  readonly compared: boolean;
  readonly data: boolean;
  readonly jobs: boolean;
  readonly roles: boolean;
}

function contents({ compared, data, jobs, roles }: Sections): Markup {
  const links: readonly (readonly [string, string])[] = [
    ...(compared ? [["changes", "Changes"] as const] : []),
    ["topology", "Topology"],
    ["posture", "Posture"],
    ["routes", "Routes"],
    ["services", "Services"],
    ...(jobs ? [["jobs", "Jobs"] as const] : []),
    ...(data ? [["data", "Data"] as const] : []),
    ...(roles ? [["roles", "Database roles"] as const] : []),
    ["networks", "Networks"],
  ];
  return markup`<nav aria-label="On this page"><ul>${links.map(
    ([id, text]) => markup`<li><a href="#${id}">${text}
    </a></li>`,
  )}</ul></nav>`;
}
