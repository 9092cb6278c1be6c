/** A real Traefik that ends TLS before a server of the test's own, on free loopback ports. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { parse, stringify } from "yaml";
import { freePorts } from "../../free-ports";
import {
  dynamicConfigProbePath,
  renderGivenCertificates,
  renderTraefikDynamic,
  renderTraefikStatic,
  TRAEFIK_CERTIFICATES_FILE,
  TRAEFIK_DYNAMIC_DIRECTORY,
  TRAEFIK_ROUTES_FILE,
  type GivenCertificates,
  type TraefikDynamicInput,
} from "../../../hardening/edge";

/** What a TLS client got to see. */
export interface Handshake {
  /** DNS names of the certificate; empty where there was none. */
  readonly names: readonly string[];
  readonly serial: string;
  readonly authorized: boolean;
  /** What came back over the connection. */
  readonly answer: string;
  readonly error?: string;
}

export interface ClientOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** What is sent. @default nothing */
  readonly send?: string;
  readonly session?: Buffer;
}

/** One TLS connection to a loopback port, until the other side ends it or has answered. */
export function connect(port: number, servername: string, options: ClientOptions = {}): Promise<Handshake> {
  const { send, ...certificates } = options;
  return new Promise((resolve) => {
    let [answer, seen]: [string, Omit<Handshake, "answer">] = ["", { names: [], serial: "", authorized: false }];
    const end = (error?: string): void => {
      socket.destroy();
      resolve({ ...seen, answer, ...(error === undefined ? {} : { error }) });
    };
    const socket = tls.connect(
      { host: "127.0.0.1", port, servername, rejectUnauthorized: false, ...certificates },
      () => {
        const { subjectaltname = "", serialNumber } = socket.getPeerCertificate();
        const names = subjectaltname.split(", ").map((name) => name.replace(/^DNS:/, ""));
        seen = { names, serial: serialNumber, authorized: socket.authorized };
        if (send === undefined) end();
        else socket.write(send);
      },
    );
    socket.setTimeout(10_000, () => end("timeout"));
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    socket.on("end", () => end());
    socket.on("error", (error: Error) => end(error.message));
  });
}

export class TlsTraefik {
  private constructor(
    private readonly directory: string,
    readonly port: number,
    private readonly ping: number,
    private readonly process_: ChildProcess,
  ) {}

  static async start(binary: string, input: TraefikDynamicInput, given: GivenCertificates): Promise<TlsTraefik> {
    const [port = 0, ping = 0] = await freePorts(2);
    const directory = mkdtempSync(join(tmpdir(), "rampart-tls-"));
    mkdirSync(join(directory, "dynamic", "routes"), { recursive: true });
    const configuration = parse(
      renderTraefikStatic({ http: false, gatewaySubnet: "192.0.2.0/24", certificates: { kind: "self-signed" } }),
    ) as {
      entryPoints: Record<string, { address: string }>;
    };
    Object.assign(configuration.entryPoints["websecure"] ?? {}, { address: `127.0.0.1:${port}` });
    Object.assign(configuration.entryPoints["ping"] ?? {}, { address: `127.0.0.1:${ping}` });
    const file = join(directory, "traefik.yml");
    writeFileSync(file, stringify(configuration).replace(TRAEFIK_DYNAMIC_DIRECTORY, join(directory, "dynamic")));
    const log = openSync(join(directory, "log"), "a");
    const process_ = spawn(binary, [`--configFile=${file}`], { stdio: ["ignore", log, log] });
    const traefik = new TlsTraefik(directory, port, ping, process_);
    traefik.write(input, given);
    await traefik.served(input);
    return traefik;
  }

  private write(input: TraefikDynamicInput, given: GivenCertificates): void {
    writeFileSync(join(this.directory, "dynamic", TRAEFIK_CERTIFICATES_FILE), renderGivenCertificates(given));
    writeFileSync(join(this.directory, "dynamic", TRAEFIK_ROUTES_FILE), renderTraefikDynamic(input));
  }

  /** As the engine does: the files, then the signal, then the wait until the new version is served. */
  async reload(input: TraefikDynamicInput, given: GivenCertificates): Promise<void> {
    this.write(input, given);
    this.process_.kill("SIGHUP");
    await this.served(input);
  }

  log(): string {
    return readFileSync(join(this.directory, "log"), "utf8");
  }

  get pid(): number | undefined {
    return this.process_.pid;
  }

  private async served(input: TraefikDynamicInput): Promise<void> {
    const path = dynamicConfigProbePath(renderTraefikDynamic(input));
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(20)) {
      const status = await new Promise<number>((resolve) => {
        http
          .get({ host: "127.0.0.1", port: this.ping, path, agent: false }, (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          })
          .on("error", () => resolve(0));
      });
      if (status === 200) return;
    }
    throw new Error(`Traefik does not serve the configuration:\n${this.log()}`);
  }

  async stop(): Promise<void> {
    if (this.process_.exitCode === null) {
      const exited = new Promise((done) => this.process_.once("exit", done));
      this.process_.kill("SIGKILL");
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
