/** Which requests the gateway takes, and which it answers by itself. */
import { randomBytes } from "node:crypto";
import { routeHosts } from "../../config";
import { REFUSALS, type Refusal } from "../../hardening/gateway/refusals";
import type { Finding } from "../check";
import { answerOr, few, type EdgeAnswer, type Question } from "../edge/client";
import { hostHeader, routesOf, type EdgePlace, type EdgeRoute } from "../edge/place";
import { edgeProbe, summed } from "./edge";

/** A request, and the answers that are right. An application's own 404 is none of the gateway's, and tells nothing. */
export interface Wanted {
  /** For a person. */
  readonly what: string;
  readonly question: Question;
  /** Refusals of the gateway's, a redirect to an URL, or the page of a host in maintenance. */
  readonly right: readonly Refusal[] | { readonly location: string } | "maintenance";
  /** Whether no handshake at all is right, too. @default false */
  readonly orNoHandshake?: boolean;
}

const told = (right: Wanted["right"]): string => {
  if (right === "maintenance") return "503 of a host in maintenance";
  if ("location" in right) return `301 to ${right.location}`;
  return `${right.map((refusal) => REFUSALS[refusal].status).join(" or ")} of the gateway's own`;
};

function isRight(right: Wanted["right"], { status, headers, body }: EdgeAnswer): boolean {
  if (right === "maintenance") return status === MAINTENANCE;
  if ("location" in right) return [301, 308].includes(status) && headers.location === right.location;
  return right.some((refusal) => isRefusal(refusal, { status, body }));
}

/** Whether the gateway itself refused, and not the application behind it. */
export const isRefusal = (refusal: Refusal, { status, body }: Pick<EdgeAnswer, "status" | "body">): boolean =>
  status === REFUSALS[refusal].status && body.startsWith(REFUSALS[refusal].text);

/** This machine has sent too much lately, or a client behind the same address has. */
const TOO_MANY = 429;
const ALERT = /SSL alert number/;

type Judged = Readonly<Record<"faults" | "untold" | "seen", readonly string[]>>;

/** What one answer says. @param answer an error's message where there was none */
export function judgeAnswer(wanted: Wanted, answer: EdgeAnswer | string): Judged {
  const { what, right, orNoHandshake = false } = wanted;
  const none = { faults: [], untold: [], seen: [] };
  if (typeof answer === "string")
    return orNoHandshake && ALERT.test(answer)
      ? { ...none, seen: [`${what}: no handshake`] }
      : { ...none, untold: [`${what}: ${answer}`] };
  if (answer.status === TOO_MANY) return { ...none, untold: [`${what}: too many requests`] };
  const leads = answer.headers.location === undefined ? "" : ` to ${answer.headers.location}`;
  return isRight(right, answer)
    ? { ...none, seen: [`${what}: ${answer.status}`] }
    : { ...none, faults: [`${what}: ${answer.status}${leads}, and not ${told(right)}`] };
}

export const judgeAnswers = (target: string, judged: readonly Judged[]): Finding =>
  summed(target, {
    faults: judged.flatMap(({ faults }) => faults),
    untold: judged.flatMap(({ untold }) => untold),
    seen: judged.flatMap(({ seen }) => seen),
  });

const MAINTENANCE = 503;

/** Paths that an application may read in another way. */
const AMBIGUOUS = ["/a/../rampart-verify", "/%2e%2e/rampart-verify", "/a;rampart-verify", "/a%2frampart-verify"];

/** What is asked of each host. */
export const hostRequests = (host: string, { httpPort, httpsPort }: EdgePlace): Wanted[] => [
  ...AMBIGUOUS.map((path) => ({ what: path, question: { host, path }, right: ["path"] as const })),
  ...(httpPort === undefined
    ? []
    : [
        {
          what: "plain http",
          // Nobody may say that it was https, or another host.
          question: {
            host,
            path: "/rampart-verify?x=1",
            plain: true,
            headers: { "X-Forwarded-Host": FOREIGN, "X-Forwarded-Proto": "https" },
          },
          right: { location: `https://${hostHeader(host, httpsPort, 443)}/rampart-verify?x=1` },
        },
      ]),
];

/** What is asked of each route: methods that no route has. None of it reaches the application. */
export const routeRequests = ({ route }: EdgeRoute, maintained: boolean): Wanted[] =>
  ["TRACE", "RAMPART"].map((method) => ({
    what: method,
    question: { host: route.host, path: route.pathPrefix, method },
    // Where a streaming route has nothing beside it, no route has the method.
    right: maintained ? "maintenance" : route.streaming ? ["method", "host"] : ["method"],
  }));

const FOREIGN = "rampart-verify.invalid";

/** A name that no stack has, and the address itself. */
export function strangerRequests({ address, httpPort }: EdgePlace, known: string | undefined): Wanted[] {
  const unknown = `${randomBytes(6).toString("hex")}.${FOREIGN}`;
  const right = ["host", "misdirected"] as const;
  return [
    { what: "an unknown host", question: { host: unknown }, right, orNoHandshake: true },
    { what: "the address as host", question: { host: address }, right, orNoHandshake: true },
    ...(known === undefined
      ? []
      : [
          {
            what: `an unknown host behind the name ${known}`,
            question: { host: unknown, servername: known },
            right,
          },
        ]),
    ...(httpPort === undefined
      ? []
      : [{ what: "an unknown host by plain http", question: { host: unknown, plain: true }, right }]),
  ];
}

/** What is asked of a host that asks for a client's certificate. @param other a host that asks for none, if any */
export const guardedRequests = (host: string, other: string | undefined): Wanted[] => [
  { what: "without a certificate", question: { host }, right: ["misdirected"], orNoHandshake: true },
  ...(other === undefined
    ? []
    : [
        {
          what: `on a connection for ${other}`,
          question: { host, servername: other },
          right: ["misdirected"] as const,
        },
      ]),
];

/** Asks one after the other, and judges all. */
export async function judged(target: string, place: EdgePlace, wanted: readonly Wanted[]): Promise<Finding> {
  const answers: Judged[] = [];
  for (const one of wanted) answers.push(judgeAnswer(one, await answerOr(place, one.question)));
  return judgeAnswers(target, answers);
}

/** @param hosts those that ask for a client's certificate, which this process has not got */
export const openRoutes = (
  routes: readonly EdgeRoute[],
  hosts: Readonly<Record<string, unknown>>,
): readonly EdgeRoute[] => routes.filter(({ route }) => !Object.hasOwn(hosts, route.host));

export const edgeRoutes = edgeProbe({
  id: "probe-edge-routes",
  title: "the edge serves only the stack's hosts, methods and paths, and those by https",
  severity: "high",
  why: "what an application reads otherwise than the gateway passes its rules",
  run: async ({ config }, place) => {
    const { clientCertificates, maintenance } = config.edge;
    const open = openRoutes(routesOf(config), clientCertificates);
    const hosts = routeHosts(config).filter((host) => !Object.hasOwn(clientCertificates, host));
    const all: readonly { readonly target: string; readonly wanted: readonly Wanted[] }[] = [
      { target: "other hosts", wanted: strangerRequests(place, hosts[0]) },
      ...hosts.map((host) => ({ target: host, wanted: hostRequests(host, place) })),
      ...open.map((one) => ({
        target: `https://${one.name}`,
        wanted: routeRequests(one, Object.hasOwn(maintenance, one.route.host)),
      })),
    ];
    return few(all, ({ target, wanted }) => judged(target, place, wanted));
  },
});
