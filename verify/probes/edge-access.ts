/** Whether management surfaces are closed, and whose address the gateway believes. */
import { setTimeout as sleep } from "node:timers/promises";
import { guardedHosts, type RouteConfig } from "../../config";
import { leaf, tree } from "../../hardening/tree";
import type { Finding } from "../check";
import { answerOr, ask, few, type EdgeAnswer, type Question } from "../edge/client";
import { routesOf, type EdgePlace } from "../edge/place";
import type { Stage } from "../stage";
import { edgeProbe, summed } from "./edge";
import { guardedRequests, isRefusal, judged, openRoutes } from "./edge-routes";

/** Of a documentation network: nobody has it. */
const FORGED = "203.0.113.9";

/** What clients say of themselves, and of the request that they are after. */
export const forgedHeaders = (address: string): Record<string, string> => ({
  ...Object.fromEntries(
    ["X-Forwarded-For", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "X_Forwarded_For"].map(
      (name) => [name, address],
    ),
  ),
  Forwarded: `for=${address}`,
  "Remote-User": "admin",
  "X-Auth-Request-User": "admin",
  "X-Remote-User": "admin",
});

/** The path as it is, and as a careless application or gateway reads it. */
function spellings(prefix: string): string[] {
  if (prefix === "/") return ["/", "//"];
  const letter = prefix.slice(1, 2);
  const encoded = `/%${letter.charCodeAt(0).toString(16)}${prefix.slice(2)}`;
  return [...new Set([prefix, prefix.toUpperCase(), prefix.toLowerCase(), encoded, `/${prefix}`])];
}

/** Attempts on a management surface, none with credentials that are right. */
export function intrusions({ host, pathPrefix, access }: RouteConfig): readonly (readonly [string, Question])[] {
  const [source = FORGED] = access?.sources ?? [];
  const wrong = `Basic ${Buffer.from("admin:rampart-verify").toString("base64")}`;
  return [
    ...spellings(pathPrefix).map((path): [string, Question] => [path, { host, path }]),
    ["a wrong password", { host, path: pathPrefix, headers: { Authorization: wrong } }],
    ["a forged address", { host, path: pathPrefix, headers: forgedHeaders(source.split("/")[0] ?? source) }],
  ];
}

/** What the gateway says to who may not come, also while nobody can be asked who it is. */
const CLOSED = ["source", "credentials", "authority", "path"] as const;
const NOT_TOLD = [429, 503];

/** @param answers by attempt; an error's message where there was none */
export function judgeSurface(
  target: string,
  access: NonNullable<RouteConfig["access"]>,
  answers: readonly (readonly [what: string, answer: EdgeAnswer | string])[],
): Finding {
  const told = ([what, answer]: (typeof answers)[number]): string =>
    `${what}: ${typeof answer === "string" ? answer : answer.status}`;
  const isClosed = ([, answer]: (typeof answers)[number]): boolean =>
    typeof answer !== "string" && CLOSED.some((refusal) => isRefusal(refusal, answer));
  const open = answers.filter(
    (one) => typeof one[1] !== "string" && !isClosed(one) && !NOT_TOLD.includes(one[1].status),
  );
  // Where the address is the only proof, this machine may be one of those that have it.
  if (open.length > 0 && access.basicAuth === undefined && access.forwardAuth === undefined)
    return summed(target, {
      faults: [],
      untold: ["only addresses are asked for, and this machine's is one of them"],
      seen: [],
    });
  return summed(target, {
    faults: open.map((one) => `answers ${told(one)}`),
    untold: answers.filter((one) => !isClosed(one)).map(told),
    seen: [`refuses ${answers.map(told).join(", ")}`],
  });
}

export const edgeAccess = edgeProbe({
  id: "probe-edge-access",
  title: "management surfaces, and hosts with client certificates, are closed without credentials",
  severity: "high",
  why: "whoever gets there runs the application",
  run: async ({ config }, place) => {
    const { clientCertificates } = config.edge;
    const open = openRoutes(routesOf(config), clientCertificates);
    const surfaces = open.flatMap(({ name, route }) =>
      route.access === undefined ? [] : [{ name, route, access: route.access }],
    );
    return [
      ...(await few(guardedHosts(config), (host) =>
        judged(`https://${host}`, place, guardedRequests(host, open[0]?.route.host)),
      )),
      ...(await few(surfaces, async ({ name, route, access }) => {
        const answers: [string, EdgeAnswer | string][] = [];
        for (const [what, question] of intrusions(route)) answers.push([what, await answerOr(place, question)]);
        return judgeSurface(`https://${name}`, access, answers);
      })),
    ];
  },
});

/** How often, and how many milliseconds apart, the log is looked at: it has a line after its client has the answer. */
const LOOKS = 20;
const PAUSE_MS = 100;

/** The line of a request in the gateway's log. */
async function logged(stage: Stage, id: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const gateway = leaf(stage.running("gateway")[0]?.["Id"]);
  for (let look = 0; look < LOOKS; look += 1) {
    const { stdout } = await stage.engine.ask(["logs", "--tail", "500", gateway]);
    const line = stdout.split("\n").find((one) => one.startsWith("{") && one.includes(`"${id}"`));
    if (line !== undefined) return tree(JSON.parse(line));
    await sleep(PAUSE_MS);
  }
  return undefined;
}

/** @param client as the gateway logged it; undefined where the request is not in its log */
export function judgeClient(
  { trusted, id }: { readonly trusted: boolean; readonly id: string },
  client: string | undefined,
): Finding {
  const target = "gateway";
  if (client === undefined)
    return summed(target, { faults: [], untold: ["the request is not in the gateway's log"], seen: [] });
  if (client === FORGED && trusted)
    return summed(target, { faults: [], untold: ["this machine's address is one of edge.trustedProxies"], seen: [] });
  return summed(target, {
    faults: [
      ...(client === FORGED ? [`believes ${FORGED}, which the request says of itself`] : []),
      ...(id === FORGED_ID && !trusted ? ["takes over the request's id from its client"] : []),
    ],
    untold: [],
    seen: [`believes none of the headers that name ${FORGED}, and logs ${client}`],
  });
}

const FORGED_ID = "rampart-verify-forged";

async function clientAddress(stage: Stage, place: EdgePlace): Promise<readonly Finding[]> {
  const { config } = stage;
  const { clientCertificates, maintenance } = config.edge;
  const [first] = openRoutes(routesOf(config), { ...clientCertificates, ...maintenance }).filter(
    ({ route }) => route.access === undefined,
  );
  if (first === undefined) return [];
  const headers = { ...forgedHeaders(FORGED), "X-Request-ID": FORGED_ID };
  const answer = await ask(place, { host: first.route.host, path: first.route.pathPrefix, headers });
  const id = String(answer.headers["x-request-id"] ?? "");
  const line = await logged(stage, id);
  const client = line === undefined ? undefined : leaf(line["client"]);
  return [judgeClient({ trusted: config.edge.trustedProxies.length > 0, id }, client)];
}

export const edgeClient = edgeProbe({
  id: "probe-edge-client",
  title: "the gateway believes no address that a client gives itself",
  severity: "medium",
  why: "rate limits and rules for addresses would be anybody's to pass",
  run: clientAddress,
});
