/** Sinks of a test's own, which decode what they are sent by the protocols' own rules. */
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

interface HttpRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** A sink by HTTP. */
export class HttpSink {
  readonly requests: HttpRequest[] = [];
  /** What it answers to a request. */
  answer: (request: HttpRequest) => number = () => 204;
  private constructor(private readonly server: HttpServer) {}

  static async start(): Promise<HttpSink> {
    const server = createServer();
    const sink = new HttpSink(server);
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const one = { path: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks) };
        const status = sink.answer(one);
        if (status < 300) sink.requests.push(one);
        response.writeHead(status).end(status < 300 ? "" : "no");
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return sink;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}

/** A sink over a connection that stays open. */
export class TcpSink {
  received = Buffer.alloc(0);
  port = 0;
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();

  /**
   * @param take Looks at what came so far, and gives what is answered
   * @param tls The server's certificate and key. @default in clear
   */
  constructor(
    private readonly take: (sink: TcpSink, socket: Socket) => void = () => undefined,
    private readonly tls?: { readonly cert: string; readonly key: string },
  ) {}

  async start(): Promise<void> {
    const server = this.tls === undefined ? createTcpServer() : createTlsServer(this.tls);
    server.on(this.tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("data", (chunk: Buffer) => {
        this.received = Buffer.concat([this.received, chunk]);
        this.take(this, socket);
      });
    });
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    server.close();
    await once(server, "close");
  }
}

/** Messages by their octet counts (RFC 6587); what is not whole yet is left out. */
export function syslogMessages(bytes: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const count = /^(\d+) /.exec(bytes.subarray(at, at + 12).toString("latin1"));
    if (count === null) throw new Error(`no count at ${at}`);
    const start = at + count[0].length;
    const end = start + Number(count[1]);
    if (end > bytes.length) break;
    messages.push(bytes.subarray(start, end).toString());
    at = end;
  }
  return messages;
}

type Packed = string | number | bigint | boolean | Buffer | readonly Packed[] | { readonly [key: string]: Packed };

/** One value of MessagePack, and the place after it; undefined where the bytes end before. */
export function unpack(bytes: Buffer, at = 0): readonly [value: Packed, next: number] | undefined {
  try {
    return value(bytes, at);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function take(bytes: Buffer, at: number, size: number): Buffer {
  if (at + size > bytes.length) throw new RangeError("not whole yet");
  return bytes.subarray(at, at + size);
}

function value(bytes: Buffer, at: number): readonly [Packed, number] {
  const kind = take(bytes, at, 1).readUInt8();
  const after = at + 1;
  const text = (size: number, from: number): readonly [string, number] => [
    take(bytes, from, size).toString(),
    from + size,
  ];
  if (kind >= 0xa0 && kind <= 0xbf) return text(kind & 31, after);
  if (kind >= 0x90 && kind <= 0x9f) return items(bytes, after, kind & 15);
  if (kind >= 0x80 && kind <= 0x8f) return entries(bytes, after, kind & 15);
  switch (kind) {
    case 0xc2:
    case 0xc3:
      return [kind === 0xc3, after];
    case 0xcb:
      return [take(bytes, after, 8).readDoubleBE(), after + 8];
    case 0xd3:
      return [Number(take(bytes, after, 8).readBigInt64BE()), after + 8];
    case 0xd7:
      return [take(bytes, after, 9), after + 9];
    case 0xd9:
      return text(take(bytes, after, 1).readUInt8(), after + 1);
    case 0xda:
      return text(take(bytes, after, 2).readUInt16BE(), after + 2);
    case 0xdb:
      return text(take(bytes, after, 4).readUInt32BE(), after + 4);
    case 0xdc:
      return items(bytes, after + 2, take(bytes, after, 2).readUInt16BE());
    case 0xde:
      return entries(bytes, after + 2, take(bytes, after, 2).readUInt16BE());
    default:
      throw new Error(`a kind that is not used here: ${kind.toString(16)} at ${at}`);
  }
}

function items(bytes: Buffer, at: number, count: number): readonly [Packed[], number] {
  const list: Packed[] = [];
  let next = at;
  for (let index = 0; index < count; index += 1) {
    const [item, after] = value(bytes, next);
    list.push(item);
    next = after;
  }
  return [list, next];
}

function entries(bytes: Buffer, at: number, count: number): readonly [{ [key: string]: Packed }, number] {
  const [list, next] = items(bytes, at, count * 2);
  const map: { [key: string]: Packed } = {};
  for (let index = 0; index < count; index += 1) map[list[index * 2] as string] = list[index * 2 + 1] ?? "";
  return [map, next];
}

/** Fields of a protobuf message: what is length-delimited as bytes, all else as a number. */
export function protobuf(bytes: Buffer): { readonly field: number; readonly value: Buffer | bigint }[] {
  const fields: { field: number; value: Buffer | bigint }[] = [];
  let at = 0;
  const varint = (): bigint => {
    let result = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at);
      at += 1;
      result |= BigInt(byte & 127) << shift;
      if (byte < 128) return result;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const field = key >> 3;
    if ((key & 7) === 0) fields.push({ field, value: varint() });
    else if ((key & 7) === 1) {
      fields.push({ field, value: bytes.readBigUInt64LE(at) });
      at += 8;
    } else {
      const size = Number(varint());
      fields.push({ field, value: bytes.subarray(at, at + size) });
      at += size;
    }
  }
  return fields;
}
