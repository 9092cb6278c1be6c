import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What an application was asked. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
}

/** An application that says what it was asked, and misbehaves where a path says so. */
export class Application {
  readonly seen: Seen[] = [];
  /** What a question for `/healthz` is answered. */
  health = 200;
  private readonly held: http.ServerResponse[] = [];

  private constructor(
    readonly name: string,
    private readonly server: http.Server,
  ) {}

  static async start(name: string, address = "127.0.0.1", port = 0): Promise<Application> {
    const server = http.createServer();
    const application = new Application(name, server);
    server.on("request", (request, response) => application.serve(request, response));
    server.on("upgrade", (request: http.IncomingMessage, socket: Socket) => {
      application.keep(request);
      socket.on("error", () => undefined);
      const key = `${request.headers["sec-websocket-key"] ?? ""}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash("sha1").update(key).digest("base64");
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
          `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.on("data", (chunk: Buffer) => socket.write(chunk));
      socket.on("end", () => socket.end());
    });
    await new Promise<void>((done) => server.listen(port, address, done));
    return application;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends every answer that a path `…/hold` has begun. */
  release(): void {
    for (const response of this.held.splice(0)) response.end("\n");
  }

  /** How many requests for a path have come. */
  count(url: string): number {
    return this.seen.filter((one) => one.url === url).length;
  }

  private keep(request: http.IncomingMessage): void {
    const { method = "", url = "", headers, rawHeaders } = request;
    this.seen.push({ method, url, headers, rawHeaders });
  }

  private serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    this.keep(request);
    const url = request.url ?? "";
    let size = 0;
    request.on("error", () => undefined);
    request.on("data", (chunk: Buffer) => (size += chunk.length));
    if (url.endsWith("/die")) {
      request.socket.destroy();
      return;
    }
    request.on("end", () => {
      response.setHeader("Server", "secret-server/1.0");
      response.setHeader("X-Powered-By", "Express");
      response.setHeader("Content-Security-Policy", "default-src *");
      response.setHeader("Access-Control-Allow-Origin", "*");
      response.setHeader("Access-Control-Allow-Credentials", "true");
      if (url.endsWith("/hold")) {
        response.write("first\n");
        this.held.push(response);
      } else if (url.endsWith("/silent")) this.held.push(response);
      else if (url === "/healthz") response.writeHead(this.health).end();
      else if (url.endsWith("/204")) response.writeHead(204).end();
      else if (url.endsWith("/teapot")) response.writeHead(418).end("short and stout");
      else
        response.end(JSON.stringify({ name: this.name, url, method: request.method, size, headers: request.headers }));
    });
  }

  async stop(): Promise<void> {
    this.release();
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
