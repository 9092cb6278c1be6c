/**
 * One core's part of a mixed load: `mixed-load.ts` starts it with a target and ends it by closing its input. It asks
 * without a pause over kept-alive connections, counts what fails, and asks for nothing twice.
 */
import https from "node:https";
import { ask } from "./http";
import { sleep } from "./process";
import type { Kind, Part, Target } from "./mixed-load";

/** Of each kind at a time. */
const CLIENTS: Readonly<Record<Kind, number>> = { get: 12, post: 6, slow: 4, stream: 1, upload: 1 };
const LONG_SECONDS = 8;
const UPLOAD_PIECES = 32;
const PIECE = Buffer.alloc(8192, "u");
const BODY = "b".repeat(2048);

const agent = new https.Agent({ keepAlive: true, maxSockets: 64 });
const target = JSON.parse(process.argv[2] ?? "{}") as Target;
const part: Part = {
  sent: { get: 0, post: 0, slow: 0, stream: 0, upload: 0 },
  failed: [],
  versions: {},
  outlived: { stream: 0, upload: 0 },
};
let running = true;
/** The version of the last answer. */
let current = "";

async function get(): Promise<void> {
  const { status, body } = await ask({ ...target, path: "/api/version", agent, timeoutMs: 15_000 });
  if (status !== 200) throw new Error(`${status} ${body}`);
  current = body;
  part.versions[body] = (part.versions[body] ?? 0) + 1;
}

async function post(): Promise<void> {
  const path = "/api/echo";
  const { status, body } = await ask({ ...target, path, method: "POST", body: BODY, agent, timeoutMs: 15_000 });
  if (status !== 200) throw new Error(`${status} ${body}`);
  expectLength(body, BODY.length);
}

async function slow(): Promise<void> {
  const { status, body } = await ask({ ...target, path: "/api/slow?ms=2000", agent, timeoutMs: 15_000 });
  if (status !== 200 || body !== "done") throw new Error(`${status} ${body}`);
}

/** Ends with the stream's own last event: one that was cut off has none. */
async function stream(): Promise<void> {
  const path = `/api/stream?seconds=${LONG_SECONDS}`;
  const headers = { accept: "text/event-stream" };
  const { status, body } = await ask({ ...target, path, headers, agent, timeoutMs: 30_000 });
  if (status !== 200 || !body.endsWith("data: end\n\n")) throw new Error(`${status} …${body.slice(-40)}`);
  if (/^data: (.*)/.exec(body)?.[1] !== current) part.outlived.stream += 1;
}

/** A body of which a piece comes each quarter of a second. */
async function upload(): Promise<void> {
  const answer = await new Promise<string>((resolve, reject) => {
    const request = https.request(
      {
        host: "127.0.0.1",
        port: target.port,
        path: "/api/echo",
        method: "POST",
        agent,
        servername: target.host,
        rejectUnauthorized: false,
        headers: { host: `${target.host}:${target.port}`, "content-length": PIECE.length * UPLOAD_PIECES },
      },
      (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => (body += chunk.toString()));
        response.on("error", reject);
        response.on("end", () =>
          response.statusCode === 200 ? resolve(body) : reject(new Error(`${response.statusCode ?? 0} ${body}`)),
        );
      },
    );
    request.on("error", reject);
    void (async () => {
      for (let sent = 0; sent < UPLOAD_PIECES && !request.destroyed; sent += 1) {
        request.write(PIECE);
        await sleep((LONG_SECONDS * 1000) / UPLOAD_PIECES);
      }
      request.end();
    })();
  });
  if (expectLength(answer, PIECE.length * UPLOAD_PIECES) !== current) part.outlived.upload += 1;
}

/** The version that took the body. @throws if it did not take all of it */
function expectLength(answer: string, length: number): string {
  const taken = JSON.parse(answer) as { readonly length: number; readonly version: string };
  if (taken.length !== length) throw new Error(`${taken.length} of ${length} bytes arrived`);
  return taken.version;
}

const KINDS: Readonly<Record<Kind, () => Promise<void>>> = { get, post, slow, stream, upload };

async function client(kind: Kind): Promise<void> {
  while (running) {
    const started = new Date().toISOString();
    part.sent[kind] += 1;
    await KINDS[kind]().catch(
      (error: unknown) =>
        void part.failed.push(`${started} ${kind}: ${error instanceof Error ? error.message : String(error)}`),
    );
  }
}

// A line a second, and the last one once everything is answered.
const told = setInterval(() => process.stdout.write(`${JSON.stringify(part)}\n`), 1000);
process.stdin.on("end", () => (running = false));
process.stdin.resume();
const clients = (Object.keys(CLIENTS) as Kind[]).flatMap((kind) =>
  Array.from({ length: CLIENTS[kind] }, () => client(kind)),
);
void Promise.all(clients).then(() => {
  clearInterval(told);
  agent.destroy();
  process.stdout.write(`${JSON.stringify(part)}\n`);
});
