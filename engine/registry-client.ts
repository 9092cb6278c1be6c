/** Asks a registry of images over the OCI distribution API: which tags there are, and which digest a tag has. */
import { createHash } from "node:crypto";
import { isLoopback, registryOf } from "../hardening/container/image";

/** A login for one registry. */
export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
}

/** The registry did not answer what was asked. */
export class RegistryError extends Error {}

/** What a tag may stand for: an index of platforms, or one image. */
const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** More pages of tags than any repository has. */
const MOST_PAGES = 100;
const PAGE = 1000;
const TIMEOUT_MS = 30_000;

/** One repository of a registry. Plain HTTP is spoken with this machine only, as an engine does. */
export class RegistryRepository {
  private readonly registry: string;
  private readonly base: string;
  private authorization: string | undefined;

  /**
   * @param repository as a reference names it, with its registry if that is not Docker Hub
   * @param login @default none: the registry is asked as anybody may
   */
  constructor(
    private readonly repository: string,
    private readonly login?: RegistryLogin,
  ) {
    this.registry = registryOf(`${repository}`);
    const hub = this.registry === "docker.io";
    const path = repository.replace(/^(?:index\.)?docker\.io\//, "");
    const name = hub ? (path.includes("/") ? path : `library/${path}`) : path.slice(path.indexOf("/") + 1);
    const host = hub ? "registry-1.docker.io" : this.registry;
    this.base = `${isLoopback(host) ? "http" : "https"}://${host}/v2/${name}`;
  }

  /** Every tag, in the registry's order. @throws RegistryError */
  async tags(): Promise<string[]> {
    const tags: string[] = [];
    let url: string | undefined = `${this.base}/tags/list?n=${PAGE}`;
    for (let page = 0; url !== undefined && page < MOST_PAGES; page += 1) {
      const answer = await this.ask(url);
      const body: unknown = await answer.json();
      const list = typeof body === "object" && body !== null && "tags" in body ? body.tags : undefined;
      if (Array.isArray(list)) tags.push(...list.filter((tag) => typeof tag === "string"));
      const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(answer.headers.get("link") ?? "")?.[1];
      url = next === undefined ? undefined : this.sameHost(new URL(next, url));
    }
    return tags;
  }

  /** `sha256:…` of what a tag stands for now. @throws RegistryError */
  async digest(tag: string): Promise<string> {
    const url = `${this.base}/manifests/${tag}`;
    const head = await this.ask(url, { method: "HEAD", headers: { accept: MANIFESTS } });
    const told = head.headers.get("docker-content-digest") ?? "";
    if (/^sha256:[0-9a-f]{64}$/.test(told)) return told;
    const answer = await this.ask(url, { headers: { accept: MANIFESTS } });
    return `sha256:${createHash("sha256")
      .update(new Uint8Array(await answer.arrayBuffer()))
      .digest("hex")}`;
  }

  /** A page of tags is never on another host, which would be given the login. */
  private sameHost(url: URL): string {
    if (url.host !== new URL(this.base).host) throw new RegistryError(`${this.registry} leads to ${url.host}`);
    return url.href;
  }

  private async ask(url: string, init: { method?: string; headers?: Record<string, string> } = {}): Promise<Response> {
    const first = await this.send(url, init);
    if (first.status !== 401) return this.good(first);
    this.authorization = await this.logIn(first.headers.get("www-authenticate") ?? "");
    return this.good(await this.send(url, init));
  }

  private async send(url: string, init: { method?: string; headers?: Record<string, string> }): Promise<Response> {
    const headers = {
      ...init.headers,
      ...(this.authorization === undefined ? {} : { authorization: this.authorization }),
    };
    try {
      return await fetch(url, { ...init, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      throw new RegistryError(`${this.registry} did not answer: ${reasonOf(error)}`);
    }
  }

  private good(answer: Response): Response {
    if (answer.ok) return answer;
    const who = this.login === undefined ? "without a login" : `as ${this.login.username}`;
    const what =
      answer.status === 404
        ? "has no such image or tag"
        : answer.status === 429
          ? "limits how often it is asked"
          : answer.status === 401 || answer.status === 403
            ? `refused ${this.repository}, asked ${who}`
            : `answered ${answer.status}`;
    throw new RegistryError(`${this.registry} ${what}`);
  }

  /** The value of Authorization that a registry asks for. */
  private async logIn(challenge: string): Promise<string> {
    const basic =
      this.login && `Basic ${Buffer.from(`${this.login.username}:${this.login.password}`).toString("base64")}`;
    if (/^basic\b/i.test(challenge)) {
      if (basic === undefined) throw new RegistryError(`${this.registry} wants a login`);
      return basic;
    }
    const parts = Object.fromEntries(
      [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]),
    );
    const { realm = "" } = parts;
    if (!/^bearer\b/i.test(challenge) || !URL.canParse(realm))
      throw new RegistryError(`${this.registry} asks for a login of a kind that Rampart does not know`);
    const url = new URL(realm);
    if (url.protocol !== "https:" && !isLoopback(url.host))
      throw new RegistryError(`${this.registry} has its logins checked at ${url.host} in clear`);
    for (const key of ["service", "scope"]) if (parts[key] !== undefined) url.searchParams.set(key, parts[key]);
    const saved = this.authorization;
    this.authorization = basic;
    const answer = await this.send(url.href, {});
    this.authorization = saved;
    const body: unknown = await this.good(answer).json();
    const token = tokenOf(body);
    if (token === undefined) throw new RegistryError(`${this.registry} gave no token`);
    return `Bearer ${token}`;
  }
}

function tokenOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const found = [Reflect.get(body, "token"), Reflect.get(body, "access_token")] as unknown[];
  return found.find((one): one is string => typeof one === "string" && one !== "");
}

/** `fetch failed` says nothing; its cause does. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
};
