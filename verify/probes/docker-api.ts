/** What each consumer's proxy of the Docker API refuses. */
import { SOCKET_PROXY_PORT } from "../../hardening/docker-api/address";
import type { DockerApiPermission } from "../../hardening/docker-api/endpoints";
import { LABEL_NAME } from "../../hardening/container/labels";
import { nameOf } from "../../hardening/rules/live";
import { leaf, tree } from "../../hardening/tree";
import type { Finding } from "../check";
import { permittedRequest, refusedRequests, type ApiRequest } from "../docker-api/requests";
import { answersOf, bytesOf, escapedLine, sendEachScript, verdictOf, type Verdict } from "../docker-api/wire";
import { addressesOf, type Stage } from "../stage";
import type { Probe } from "./probe";

/** More than a person reads. */
const MOST_TOLD = 8;
const PROXY = /^docker-api-(.+)$/;

export interface Tried {
  readonly request: ApiRequest;
  readonly verdict: Verdict;
}

/** @param control undefined where the consumer may ask for nothing that is harmless */
export function judgeProxy(target: string, tried: readonly Tried[], control: Tried | undefined): Finding {
  const through = tried.flatMap(({ request, verdict }) =>
    verdict.kind === "answered" ? [`${request.what} (${verdict.status})`] : [],
  );
  if (through.length > 0)
    return { status: "fail", target, evidence: `${through.length} requests are let through: ${few(through)}` };
  if (control?.verdict.kind !== "answered") {
    const why =
      control === undefined ? "the consumer may ask for nothing harmless" : `${control.request.what} fails, too`;
    return { status: "skip", target, evidence: `not told: ${why}` };
  }
  const silent = tried.filter(({ verdict }) => verdict.kind === "silent").map(({ request }) => request.what);
  return silent.length > 0
    ? { status: "skip", target, evidence: `not told: no answer to ${few(silent)}` }
    : { status: "pass", target, evidence: `${tried.length} requests refused, ${control.request.what} passes` };
}

const few = (names: readonly string[]): string =>
  names.length > MOST_TOLD ? `${names.slice(0, MOST_TOLD).join(", ")} …` : names.join(", ");

async function proxyFindings(stage: Stage, proxy: Readonly<Record<string, unknown>>): Promise<Finding[]> {
  const consumer = PROXY.exec(leaf(tree(tree(proxy["Config"])["Labels"])[LABEL_NAME]))?.[1] ?? "";
  const permissions = stage.config.services[consumer]?.dockerApi?.permissions;
  const target = nameOf(proxy);
  const [place] = Object.entries(addressesOf(proxy));
  if (permissions === undefined || place === undefined)
    return [{ status: "skip", target, evidence: "the stack's file has no service that may speak to it" }];
  const [network, address] = place;
  return [await tryProxy(stage, { target, network, address, permissions })];
}

interface Proxy {
  readonly target: string;
  /** The engine's name. */
  readonly network: string;
  readonly address: string;
  readonly permissions: readonly DockerApiPermission[];
}

async function tryProxy(stage: Stage, { target, network, address, permissions }: Proxy): Promise<Finding> {
  const names = (found: readonly unknown[]): string[] => found.map((one) => leaf(tree(one)["Name"]));
  const { volumes, networks } = stage.survey;
  const control = permittedRequest(permissions);
  const refused = refusedRequests(permissions, { volumes: names(volumes), networks: names(networks) });
  const requests = [...refused, ...(control === undefined ? [] : [control])];
  const shell = await stage.on(network);
  const { stdout } = await shell.run(sendEachScript(), {
    input: requests.map((request) => `${escapedLine(bytesOf(request))}\n`).join(""),
    args: [address, String(SOCKET_PROXY_PORT)],
  });
  const answers = answersOf(stdout, requests.length);
  const tried = requests.map((request, index) => ({ request, verdict: verdictOf(request, answers[index] ?? "") }));
  return judgeProxy(target, tried.slice(0, refused.length), tried[refused.length]);
}

export const dockerApi: Probe = {
  id: "probe-docker-api",
  title: "each proxy of the Docker API refuses what its consumer may not ask for",
  severity: "critical",
  why: "who gets past it is root on the host",
  run: async (stage) =>
    (await Promise.all(stage.running("socket-proxy").map((proxy) => proxyFindings(stage, proxy)))).flat(),
};
