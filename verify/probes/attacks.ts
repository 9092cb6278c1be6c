/** What loads the edge: only with `--attack`. None of it reaches an application while the edge does what it should. */
import https from "node:https";
import type { RouteConfig } from "../../config";
import { windowMs } from "../../hardening/gateway/limits";
import type { Finding } from "../check";
import { answerOr, few, type EdgeAnswer } from "../edge/client";
import { hostHeader, routesOf, type EdgePlace, type EdgeRoute } from "../edge/place";
import type { Stage } from "../stage";
import { edgeProbe, summed } from "./edge";
import { forgedHeaders } from "./edge-access";
import { isRefusal, openRoutes } from "./edge-routes";

/** Routes that anybody may ask, and whose host is served. */
export const anybodys = ({ config }: Stage): readonly EdgeRoute[] =>
  openRoutes(routesOf(config), { ...config.edge.clientCertificates, ...config.edge.maintenance }).filter(
    ({ route }) => route.access === undefined && !route.streaming,
  );

/** Requests beyond a route's burst. */
const BEYOND = 100;
/** The largest burst that is tried. */
const LARGEST_BURST = 2_000;
const CONNECTIONS = 16;

export interface Flood {
  readonly refused: readonly EdgeAnswer[];
  readonly sent: number;
  readonly milliseconds: number;
}

/** @param limit of the route, in whose window the requests have to fall for the limit to be reached */
export function judgeFlood(target: string, limit: RouteConfig["rateLimit"], flood: Flood): Finding {
  const { refused, sent, milliseconds } = flood;
  const seconds = (milliseconds / 1000).toFixed(1);
  // Sent evenly, so many fall into a window; the limit counts as tried where there is no doubt.
  if (refused.length === 0)
    return milliseconds > windowMs(limit) * (sent / limit.burst - 1)
      ? summed(target, {
          faults: [],
          untold: [`${sent} requests took ${seconds} s, which a burst of ${limit.burst} allows`],
          seen: [],
        })
      : summed(target, {
          faults: [`${sent} requests within ${seconds} s all pass a limit with a burst of ${limit.burst}`],
          untold: [],
          seen: [],
        });
  const silent = refused.filter(({ headers }) => !(Number(headers["retry-after"]) > 0)).length;
  return summed(target, {
    faults: silent > 0 ? [`${silent} answers with status 429 have no Retry-After`] : [],
    untold: [],
    seen: [
      `${refused.length} of ${sent} requests within ${seconds} s are refused with 429 and Retry-After, whatever ` +
        "address they give themselves",
    ],
  });
}

/** Requests with a method that no route has: they count, and end at the gateway. Each says another sender. */
async function flood(place: EdgePlace, { host, pathPrefix, rateLimit }: RouteConfig): Promise<Flood> {
  const agent = new https.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const started = Date.now();
  const sent = rateLimit.burst + BEYOND;
  try {
    const answers = await Promise.all(
      Array.from({ length: sent }, (_, index) =>
        answerOr(place, {
          host,
          path: pathPrefix,
          method: "RAMPART",
          headers: forgedHeaders(`203.0.113.${index % 256}`),
          agent,
        }),
      ),
    );
    return {
      sent,
      milliseconds: Date.now() - started,
      refused: answers.flatMap((one) => (typeof one !== "string" && isRefusal("rate", one) ? [one] : [])),
    };
  } finally {
    agent.destroy();
  }
}

export const rateLimit = edgeProbe({
  id: "probe-rate-limit",
  title: "a client that asks too often is refused, whatever it says of itself",
  severity: "medium",
  why: "passwords are guessed, and services are kept busy, by many requests",
  attack: true,
  run: async (stage, place) => {
    const [least] = [...anybodys(stage)].sort((a, b) => a.route.rateLimit.burst - b.route.rateLimit.burst);
    if (least === undefined) return [];
    const { route, name } = least;
    const target = `https://${name}`;
    if (route.rateLimit.burst > LARGEST_BURST)
      return [{ status: "skip", target, evidence: `its burst is ${route.rateLimit.burst}: that is too much to try` }];
    return [judgeFlood(target, route.rateLimit, await flood(place, route))];
  },
});

const MIB = 1_048_576;
const PATIENCE_MS = 8_000;

/** The answer to a request that declares the length of a body, and sends none. */
function declare(place: EdgePlace, { host, pathPrefix }: RouteConfig, method: string, bytes: number) {
  return new Promise<EdgeAnswer | string>((resolve) => {
    const request = https.request(
      {
        host: place.address,
        port: place.httpsPort,
        path: pathPrefix,
        method,
        servername: host,
        rejectUnauthorized: false,
        agent: false,
        timeout: PATIENCE_MS,
        headers: {
          Host: hostHeader(host, place.httpsPort, 443),
          "Content-Length": String(bytes),
          "Content-Type": "application/octet-stream",
        },
      },
      (response) => {
        let body = "";
        response.on("data", (part: Buffer) => (body += part.toString()));
        response.on("close", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
        response.on("end", () => request.destroy());
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer: the gateway waits for the body")));
    request.on("error", ({ message }) => resolve(message));
    request.flushHeaders();
  });
}

const WITH_BODY = ["POST", "PUT", "PATCH"];

/** @param above the answer to a body that is a byte too large */
export function judgeBody(target: string, limit: number, above: EdgeAnswer | string): Finding {
  if (typeof above === "string")
    return above.startsWith("no answer")
      ? summed(target, { faults: [`waits for a body of ${limit + 1} bytes`], untold: [], seen: [] })
      : summed(target, { faults: [], untold: [above], seen: [] });
  if (above.status === 429) return summed(target, { faults: [], untold: ["too many requests"], seen: [] });
  return summed(target, {
    faults: isRefusal("body-size", above) ? [] : [`a body of ${limit + 1} bytes gets ${above.status}`],
    untold: [],
    seen: [`a body of ${limit + 1} bytes gets 413 before a byte of it is read`],
  });
}

export const bodyLimit = edgeProbe({
  id: "probe-body-limit",
  title: "a body beyond a route's limit is refused",
  severity: "medium",
  why: "uploads fill memory and disks",
  attack: true,
  run: async (stage, place) =>
    (
      await few(anybodys(stage), async ({ name, route }): Promise<Finding[]> => {
        const method = route.methods.find((one) => WITH_BODY.includes(one));
        if (method === undefined || route.contentTypes !== undefined) return [];
        const limit = Math.ceil(route.maxBodyMiB * MIB);
        return [judgeBody(`https://${name}`, limit, await declare(place, route, method, limit + 1))];
      })
    ).flat(),
});
