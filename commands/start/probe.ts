import { request } from "node:https";
import { routeUrl } from "../../config/derived";
import type { LoadedConfig } from "../../config/load";
import { watch } from "../../engine/until";

/** One URL of the stack, and where to knock for it. */
export interface Target {
  readonly url: string;
  readonly host: string;
  readonly path: string;
  /** The address to connect to, so that no DNS is needed. */
  readonly address: string;
  readonly port: number;
  /** Whether the certificate must be one that this machine trusts. */
  readonly trusted: boolean;
}

export type Answer = { readonly status: number; readonly matched: boolean } | { readonly error: string };

const ATTEMPT_MS = 5_000;
const PAUSE_MS = 400;

/** The URLs of all routes, each once. */
export function targets(config: LoadedConfig, engineHost: string): Target[] {
  const { httpsPort, listenAddress } = config.edge;
  const remote = /^(?:ssh|tcp):\/\/(?:[^@/]*@)?([^:/]+)/.exec(engineHost)?.[1];
  const address = listenAddress === "0.0.0.0" ? (remote ?? "127.0.0.1") : listenAddress;
  const urls = new Map<string, Target>();
  for (const { host, pathPrefix } of Object.values(config.services).flatMap((service) => service.routes)) {
    const url = routeUrl(config, { host, pathPrefix });
    // A custom CA, or Let's Encrypt's staging, is not among those that Node trusts.
    urls.set(url, {
      url,
      host,
      path: pathPrefix,
      address,
      port: httpsPort,
      trusted: config.certificates === "letsencrypt",
    });
  }
  return [...urls.values()].sort((a, b) => (a.url < b.url ? -1 : 1));
}

/** Whether the stack's own loopback is another machine's, which cannot be reached from here. */
export const beyondReach = (config: LoadedConfig, engineHost: string): boolean =>
  config.edge.listenAddress.startsWith("127.") && /^(ssh|tcp):\/\/(?!(?:[^@/]*@)?(?:127\.|localhost))/.test(engineHost);

/** Asks until there is an answer from behind the edge, or the time is over. */
export async function waitForAnswer(
  target: Target,
  timeoutSeconds: number,
  asking: (target: Target) => Promise<Answer> = ask,
): Promise<Answer> {
  let answer: Answer = { error: "nobody asked" };
  await watch({ seconds: timeoutSeconds, everyMs: PAUSE_MS }, async () => {
    answer = await asking(target);
    return isGood(answer) ? { fact: answer } : { state: describe(answer) };
  });
  return answer;
}

/**
 * Anything that an application may say to a stranger: not an error of the server's,
 * and not the edge's own "no such route".
 */
export const isGood = (answer: Answer): boolean =>
  "status" in answer && answer.status < 500 && (answer.status !== 404 || answer.matched);

export const describe = (answer: Answer): string => {
  if ("error" in answer) return answer.error;
  return isGood(answer) || answer.status !== 404
    ? `status ${answer.status}`
    : "status 404 from the edge, which knows no such route";
};

/** One GET over TLS, with the route's name in SNI and Host. */
export function ask(target: Target): Promise<Answer> {
  return new Promise((resolve) => {
    const outgoing = request(
      {
        host: target.address,
        port: target.port,
        path: target.path,
        servername: target.host,
        headers: {
          Host: target.port === 443 ? target.host : `${target.host}:${target.port}`,
          "User-Agent": "rampart-start",
        },
        // Self-signed in dev, where the edge is reached on loopback only.
        rejectUnauthorized: target.trusted,
        timeout: ATTEMPT_MS,
        agent: false,
      },
      (response) => {
        response.resume();
        // The edge adds its headers on a route only: its own 404 comes without.
        const matched =
          response.headers["strict-transport-security"] !== undefined ||
          response.headers["content-security-policy"] !== undefined;
        resolve({ status: response.statusCode ?? 0, matched });
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${ATTEMPT_MS / 1000} s`)));
    outgoing.on("error", (error) => resolve({ error: error.message }));
    outgoing.end();
  });
}
