/** A DNS server on a loopback port that knows what a test tells it: A records only. */
import { createSocket, type Socket } from "node:dgram";

/** Bytes of a message's head. */
const HEAD = 12;

export class Dns {
  private readonly names = new Map<string, readonly string[]>();

  private constructor(private readonly socket: Socket) {}

  static async start(names: Readonly<Record<string, readonly string[]>>): Promise<Dns> {
    const socket = createSocket("udp4");
    const dns = new Dns(socket);
    for (const [name, addresses] of Object.entries(names)) dns.set(name, addresses);
    socket.on("message", (query, { port, address }) => socket.send(dns.answer(query), port, address));
    await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
    return dns;
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** No addresses: the name does not exist. */
  set(name: string, addresses: readonly string[]): void {
    this.names.set(name, addresses);
  }

  addresses(name: string): readonly string[] {
    return this.names.get(name) ?? [];
  }

  /** As a hosts file. */
  get hosts(): string {
    return [...this.names].flatMap(([name, addresses]) => addresses.map((address) => `${address} ${name}\n`)).join("");
  }

  private answer(query: Buffer): Buffer {
    const labels: string[] = [];
    let at = HEAD;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString("ascii", at + 1, at + 1 + length));
      at += 1 + length;
    }
    const question = query.subarray(HEAD, at + 5);
    const isA = query.readUInt16BE(at + 1) === 1;
    const addresses = this.names.get(labels.join(".")) ?? [];
    const head = Buffer.alloc(HEAD);
    query.copy(head, 0, 0, 2);
    // An answer, and, where the name is not known, NXDOMAIN.
    head.writeUInt16BE(addresses.length > 0 ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(isA ? addresses.length : 0, 6);
    const records = isA
      ? addresses.map((address) =>
          // The name of the question, type A, class IN, one second, four bytes.
          Buffer.from([0xc0, HEAD, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split(".").map(Number)]),
        )
      : [];
    return Buffer.concat([head, question, ...records]);
  }

  stop(): Promise<void> {
    return new Promise((done) => this.socket.close(() => done()));
  }
}
