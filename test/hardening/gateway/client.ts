/** A client that says who it is by the PROXY protocol, as the edge does. */
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Request {
  readonly method?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent with its length, unless a header says otherwise. */
  readonly body?: string;
  /** The client's address. @default 198.51.100.1 */
  readonly from?: string;
  /** The address from which the edge connects. @default 127.0.0.1 */
  readonly edge?: string;
  readonly agent?: http.Agent;
  /** From the internet, and so without the PROXY protocol: the client is `edge`. @default false */
  readonly direct?: boolean;
}

const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const PORTS = Buffer.from([0x30, 0x39, 0x20, 0xfb]);

/** `2001:db8::1` as sixteen bytes. */
function ipv6(address: string): Buffer {
  const [front = "", back = ""] = address.split("::");
  const groups = (text: string): number[] => (text === "" ? [] : text.split(":").map((group) => parseInt(group, 16)));
  const [first, last] = [groups(front), groups(back)];
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** The head of a connection by version 2 of the PROXY protocol. */
export function proxyHead(from: string): Buffer {
  const six = from.includes(":");
  const addresses = six
    ? [ipv6(from), ipv6("2001:db8:ffff::1")]
    : [Buffer.from(from.split(".").map(Number)), Buffer.from([203, 0, 113, 1])];
  const rest = Buffer.concat([...addresses, PORTS]);
  return Buffer.concat([SIGNATURE, Buffer.from([0x21, six ? 0x21 : 0x11, 0, rest.length]), rest]);
}

/** A connection of a client, past the PROXY protocol. */
export function connect(
  port: number,
  { from = "198.51.100.1", edge = "127.0.0.1", direct = false }: Request = {},
): net.Socket {
  const socket = net.connect({ host: "127.0.0.1", port, localAddress: edge, noDelay: true });
  socket.on("error", () => undefined);
  if (!direct) socket.write(proxyHead(from));
  return socket;
}

/** An agent whose connections are one client's, and stay open. */
export function keepAlive(port: number, request: Request = {}): http.Agent {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  Object.assign(agent, { createConnection: () => connect(port, request) });
  return agent;
}

export function start(port: number, path: string, request: Request = {}): http.ClientRequest {
  const { method = "GET", host = "app.example.com", headers = {}, agent } = request;
  const connection = agent === undefined ? { createConnection: () => connect(port, request) } : { agent };
  return http.request({
    ...connection,
    path,
    method,
    headers: { host, ...headers },
    setHost: false,
  } as http.RequestOptions);
}

export function replyOf(request: http.ClientRequest): Promise<Reply> {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
  });
}

export function ask(port: number, path: string, request: Request = {}): Promise<Reply> {
  const sent = start(port, path, request);
  const reply = replyOf(sent);
  sent.end(request.body ?? "");
  return reply;
}

/**
 * Sends bytes as they are; resolves with what comes back until the other side closes. With `leaves`, the client closes
 * its side at the first answer.
 */
export function raw(
  port: number,
  text: string,
  request: Request & { readonly leaves?: boolean } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, request);
    let answer = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      answer += chunk;
      if (request.leaves === true) socket.end();
    });
    socket.on("close", () => resolve(answer));
    socket.write(text);
  });
}

/** A request by HTTP/2, which needs no length. */
export function ask2(port: number, path: string, request: Request & { readonly end?: boolean } = {}): Promise<Reply> {
  const { method = "GET", host = "app.example.com", headers = {}, body = "" } = request;
  return new Promise((resolve, reject) => {
    const session = http2.connect(`http://${host}`, { createConnection: () => connect(port, request) });
    session.on("error", reject);
    const stream = session.request({ ":path": path, ":method": method, ...headers }, { endStream: body === "" });
    let status = 0;
    let answered: http.IncomingHttpHeaders = {};
    let text = "";
    stream.setEncoding("utf8");
    stream.on("response", (given) => {
      status = Number(given[":status"]);
      answered = given;
    });
    stream.on("data", (chunk: string) => (text += chunk));
    // A refused body is reset after its answer.
    stream.on("error", (error: Error) => (status === 0 ? reject(error) : undefined));
    stream.on("close", () => {
      session.destroy();
      resolve({ status, headers: answered, body: text });
    });
    if (body !== "") stream.end(body);
  });
}

export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  seconds = 10,
): Promise<T> {
  for (const deadline = Date.now() + seconds * 1000; ;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
