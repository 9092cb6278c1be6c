/** A registry on a port of this process, as far as Rampart asks one. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface FakeRegistryOptions {
  /** How a client shows who it is. @default anybody may ask */
  readonly login?: { readonly kind: "basic" | "bearer"; readonly username: string; readonly password: string };
  /** Tags of one page. @default 2 */
  readonly page?: number;
  /** Whether answers say the digest in their head. @default true */
  readonly tellsDigest?: boolean;
}

export class FakeRegistry {
  /** What a tag stands for, by repository and tag. */
  readonly tags: Record<string, Record<string, string>> = {};
  /** Method, path, and with which kind of authorization. */
  readonly asked: string[] = [];
  /** Answers everything with this status instead. */
  status: number | undefined;
  private readonly server = createServer((request, response) => this.answer(request, response));

  private constructor(private readonly options: FakeRegistryOptions) {}

  static async start(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
    const registry = new FakeRegistry(options);
    await new Promise<void>((resolve) => registry.server.listen(0, "127.0.0.1", resolve));
    return registry;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => void this.server.close(() => resolve()));
  }

  /** A reference as a stack's file has it. */
  reference(repository: string, tag: string): string {
    return `${this.host}/${repository}:${tag}@sha256:${digestOf(this.tags[repository]?.[tag] ?? "")}`;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", `http://${this.host}`);
    const kind = (request.headers.authorization ?? "").split(" ")[0] ?? "";
    this.asked.push(`${request.method ?? ""} ${url.pathname}${url.search}${kind === "" ? "" : ` ${kind}`}`);
    if (this.status !== undefined) return void response.writeHead(this.status).end();
    if (url.pathname === "/token") return this.token(request, response);
    if (!this.allows(request)) return this.challenge(response);
    const [, repository = "", what = "", rest = ""] = /^\/v2\/(.+)\/(tags|manifests)\/(.+)$/.exec(url.pathname) ?? [];
    const tags = this.tags[repository];
    const content = tags?.[rest];
    if (tags !== undefined && what === "tags") return this.list(Object.keys(tags), url, response);
    if (content === undefined || what !== "manifests") return void response.writeHead(404).end();
    const told = (this.options.tellsDigest ?? true) ? { "docker-content-digest": `sha256:${digestOf(content)}` } : {};
    response.writeHead(200, told).end(request.method === "HEAD" ? undefined : content);
  }

  private list(tags: readonly string[], url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get("from") ?? 0);
    const to = from + (this.options.page ?? 2);
    const link = to < tags.length ? { link: `<${url.pathname}?from=${to}>; rel="next"` } : {};
    response.writeHead(200, link).end(JSON.stringify({ tags: tags.slice(from, to) }));
  }

  private allows({ headers }: IncomingMessage): boolean {
    const { login } = this.options;
    return login === undefined || headers.authorization === (login.kind === "basic" ? basic(login) : "Bearer of-today");
  }

  private challenge(response: ServerResponse): void {
    const value =
      this.options.login?.kind === "basic"
        ? 'Basic realm="registry"'
        : `Bearer realm="http://${this.host}/token",service="registry",scope="repository:api:pull"`;
    response.writeHead(401, { "www-authenticate": value }).end();
  }

  private token({ headers }: IncomingMessage, response: ServerResponse): void {
    const { login } = this.options;
    if (login !== undefined && headers.authorization !== basic(login)) return void response.writeHead(401).end();
    response.writeHead(200).end(JSON.stringify({ token: "of-today" }));
  }
}

const basic = ({ username, password }: { readonly username: string; readonly password: string }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
