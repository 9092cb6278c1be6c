/** A real Traefik with the rendered files on free loopback ports. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import {
  dynamicConfigProbePath,
  renderTraefikStatic,
  TRAEFIK_DYNAMIC_DIRECTORY,
  TRAEFIK_RELOAD_FILE,
  TRAEFIK_ROUTES_FILE,
  traefikDynamicFiles,
} from "../../../hardening/edge";
import { until } from "../gateway/client";

/** Writes as an engine's upload does: the old file goes, an empty one comes, and only then its content. */
async function upload(path: string, content: string): Promise<void> {
  rmSync(path, { force: true });
  const file = openSync(path, "wx", 0o644);
  await new Promise((done) => setTimeout(done, 30));
  writeSync(file, content);
  closeSync(file);
}

export class RealTraefik {
  private readonly directory = mkdtempSync(join(tmpdir(), "rampart-traefik-"));
  private readonly configFile = join(this.directory, "traefik.yml");
  private process_: ChildProcess | undefined;

  private constructor(
    private readonly binary: string,
    readonly ports: { readonly websecure: number; readonly ping: number },
  ) {}

  /** @param gateway The address from which the gateway connects: it is believed about its clients (CIDR). */
  static async start(
    binary: string,
    settings: {
      readonly dynamic: string;
      readonly gateway: string;
      readonly ports: { readonly websecure: number; readonly ping: number };
    },
  ): Promise<RealTraefik> {
    const traefik = new RealTraefik(binary, settings.ports);
    traefik.writeStatic(
      renderTraefikStatic({ certificates: { kind: "self-signed" }, gatewaySubnet: settings.gateway }),
    );
    mkdirSync(join(traefik.directory, "dynamic", "routes"), { recursive: true });
    for (const { path, content } of traefikDynamicFiles(settings.dynamic))
      writeFileSync(join(traefik.directory, "dynamic", path), content);
    const log = openSync(join(traefik.directory, "log"), "a");
    traefik.process_ = spawn(binary, [`--configFile=${traefik.configFile}`], { stdio: ["ignore", log, log] });
    await traefik.ready(settings.dynamic);
    return traefik;
  }

  /** The rendered file, on loopback ports and in this directory. */
  private writeStatic(text: string): void {
    const configuration = parse(text) as { entryPoints: Record<string, { address: string }> };
    for (const [name, port] of Object.entries(this.ports)) {
      const entryPoint = configuration.entryPoints[name];
      if (entryPoint !== undefined) entryPoint.address = `127.0.0.1:${port}`;
    }
    writeFileSync(
      this.configFile,
      stringify(configuration).replace(TRAEFIK_DYNAMIC_DIRECTORY, join(this.directory, "dynamic")),
    );
  }

  log(): string {
    return readFileSync(join(this.directory, "log"), "utf8");
  }

  healthcheck(): string {
    return execFileSync(this.binary, ["healthcheck", `--configFile=${this.configFile}`], { encoding: "utf8" });
  }

  /** What the ping entry point answers. */
  ping(path: string): Promise<number> {
    return new Promise((resolve) => {
      http
        .get({ host: "127.0.0.1", port: this.ports.ping, path, agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
        .on("error", () => resolve(0));
    });
  }

  async ready(dynamic: string): Promise<void> {
    const probe = dynamicConfigProbePath(dynamic);
    await until(
      "Traefik serves the configuration",
      async () => ((await this.ping(probe)) === 200 ? true : undefined),
      15,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.log()}`);
    });
  }

  async reload(dynamic: string, by: "file" | "SIGHUP" = "file"): Promise<void> {
    const [routes, trigger] = traefikDynamicFiles(dynamic);
    await upload(join(this.directory, "dynamic", routes.path), routes.content);
    if (by === "file") await upload(join(this.directory, "dynamic", trigger.path), trigger.content);
    else this.process_?.kill("SIGHUP");
    await this.ready(dynamic);
  }

  /** Half a file, and Traefik is told to read it. */
  writeBroken(text: string): void {
    writeFileSync(join(this.directory, "dynamic", TRAEFIK_ROUTES_FILE), text);
    writeFileSync(join(this.directory, "dynamic", TRAEFIK_RELOAD_FILE), "broken\n");
  }

  async stop(): Promise<void> {
    const { process_ } = this;
    if (process_ !== undefined && process_.exitCode === null) {
      const exited = new Promise((done) => process_.once("exit", done));
      process_.kill("SIGKILL");
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
