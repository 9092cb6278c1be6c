/** How long the edge waits for a client that takes its time: only with `--attack`. */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Finding } from "../check";
import { anybodys } from "./attacks";
import { edgeProbe } from "./edge";

/** The gateway gives up after 5 s without a greeting, and 10 s without the end of a request's headers. */
const LONGEST_MS = 20_000;
const BETWEEN_MS = 1_000;

/** Milliseconds after which the other side ended a connection that never says all; undefined where it went on. */
type Ended = number | undefined;

/** What is written to a connection as soon as it is there, and every second from then on. */
interface Trickle {
  readonly first: string;
  readonly then: string;
}

/**
 * Waits for the end of a connection.
 * @param ready the event after which it counts as open
 * @throws Error where it never is
 */
function endOf(socket: Socket, ready: "connect" | "secureConnect", trickle?: Trickle): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let opened: number | undefined;
    let fault = new Error("the connection was never open");
    const timers: NodeJS.Timeout[] = [];
    socket.on(ready, () => {
      opened = Date.now();
      if (trickle === undefined) return;
      socket.write(trickle.first);
      timers.push(setInterval(() => socket.write(trickle.then), BETWEEN_MS));
    });
    timers.push(
      setTimeout(() => {
        resolve(undefined);
        socket.destroy();
      }, LONGEST_MS),
    );
    // Ending it by a reset is as good; "close" follows.
    socket.on("error", (error) => (fault = error));
    socket.on("close", () => {
      timers.forEach(clearTimeout);
      if (opened === undefined) reject(fault);
      else resolve(Date.now() - opened);
    });
    socket.resume();
  });
}

/** A connection that ends sooner was not given up for its silence. */
const SOONEST_MS = 2_000;

export function judgeSlow(target: string, ended: Ended): Finding {
  if (ended === undefined) return { status: "fail", target, evidence: `is still served after ${LONGEST_MS / 1000} s` };
  const seconds = (ended / 1000).toFixed(1);
  return ended < SOONEST_MS
    ? { status: "skip", target, evidence: `not told: the connection was closed after ${seconds} s already` }
    : { status: "pass", target, evidence: `is given up after ${seconds} s` };
}

export const slowClient = edgeProbe({
  id: "probe-slow-client",
  title: "a client that takes its time is given up",
  severity: "medium",
  why: "a few slow connections would keep everybody else out",
  attack: true,
  run: async (stage, place) => {
    const [first] = anybodys(stage);
    if (first === undefined) return [];
    const { host } = first.route;
    const to = { host: place.address, port: place.httpsPort };
    const [silent, trickling] = await Promise.all([
      endOf(connectPlain(to), "connect"),
      endOf(connectTls({ ...to, servername: host, rejectUnauthorized: false }), "secureConnect", {
        first: `GET / HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `,
        then: "x",
      }),
    ]);
    return [
      judgeSlow("a connection that says nothing", silent),
      judgeSlow("a request whose headers do not end", trickling),
    ];
  },
});
