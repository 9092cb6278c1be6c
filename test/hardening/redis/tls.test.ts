import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { redisHealthCheck, redisPasswordHash, renderRedisAcl } from "../../../hardening/redis";
import { describeWith } from "../../programs";
import { RedisServer, type Connection, type TlsFiles } from "./redis-server";

const describeTls = describeWith("redis-server", "redis-cli", "openssl");
const USERS = renderRedisAcl([{ name: "api", passwordSha256: redisPasswordHash("secret"), keyPrefixes: ["api:"] }]);

/** A CA of its own in a directory. */
class Authority {
  private readonly directory = mkdtempSync(join(tmpdir(), "rampart-ca-"));
  readonly certificate: string;

  constructor() {
    this.openssl(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-keyout",
      "ca.key",
      "-out",
      "ca.crt",
      "-days",
      "2",
      "-subj",
      "/CN=test",
    );
    this.certificate = this.read("ca.crt");
  }

  issue(): TlsFiles {
    writeFileSync(join(this.directory, "san"), "subjectAltName=DNS:redis,IP:127.0.0.1");
    this.openssl(
      "req",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-keyout",
      "tls.key",
      "-out",
      "tls.csr",
      "-subj",
      "/CN=redis",
    );
    this.openssl(
      "x509",
      "-req",
      "-in",
      "tls.csr",
      "-CA",
      "ca.crt",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "1",
      "-extfile",
      "san",
      "-out",
      "tls.crt",
    );
    return { certificate: this.read("tls.crt"), key: this.read("tls.key"), ca: this.certificate };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private openssl(...args: string[]): void {
    execFileSync("openssl", args, { cwd: this.directory, stdio: "pipe" });
  }

  private read(name: string): string {
    return readFileSync(join(this.directory, name), "utf8");
  }
}

describeTls("a real redis-server with TLS", () => {
  let server: RedisServer;
  let authority: Authority;
  let first: TlsFiles;
  const connections: Connection[] = [];

  async function connection(ca: string): Promise<Connection> {
    const made = await server.connect("api", "secret", ca);
    connections.push(made);
    return made;
  }

  /** The serial number of the certificate that a client is shown. */
  const serialOf = (made: Connection): string => (made.socket as TLSSocket).getPeerCertificate().serialNumber;

  beforeEach(async () => {
    authority = new Authority();
    first = authority.issue();
    server = await RedisServer.create(USERS, first);
  });

  afterEach(async () => {
    for (const made of connections.splice(0)) made.close();
    await server.remove();
    authority.remove();
  });

  test("serves a client that verifies it by name, and nobody in clear", async () => {
    expect(await (await connection(first.ca)).ask("SET", "api:k", "v")).toBe("OK");
    const plain = spawnSync("redis-cli", ["-p", String(server.port), "ping"], { encoding: "utf8" });
    expect(`${plain.stdout}${plain.stderr}`).not.toContain("PONG");
    const other = new Authority();
    other.remove();
    await expect(server.connect("api", "secret", other.certificate)).rejects.toThrow(/self-signed|unable to/);
  });

  test("takes no TLS older than 1.3", async () => {
    const old = connect({
      port: server.port,
      host: "127.0.0.1",
      servername: "redis",
      ca: first.ca,
      maxVersion: "TLSv1.2",
    });
    await expect(
      new Promise((resolve, reject) => old.once("secureConnect", resolve).once("error", reject)),
    ).rejects.toThrow(/protocol version|alert/);
  });

  test("the health check verifies the chain", () => {
    const [, program = "", ...rest] = redisHealthCheck(true, server.path("live"));
    const check = (): { status: number | null; stdout: string } => {
      const { status, stdout } = spawnSync(program, ["-p", String(server.port), ...rest], { encoding: "utf8" });
      return { status, stdout: stdout.trim() };
    };
    expect(check()).toEqual({ status: 0, stdout: "PONG" });
    const other = new Authority();
    server.certify({ ...first, ca: other.certificate });
    other.remove();
    expect(check().status).not.toBe(0);
  });

  test("a renewed certificate is shown to the next client, and those that are connected stay", async () => {
    const open = await connection(first.ca);
    const second = authority.issue();
    server.certify(second);
    expect(server.users("stage")).toEqual({ status: 0, output: "" });
    const next = await connection(first.ca);
    expect(serialOf(next)).not.toBe(serialOf(open));
    expect([await open.ask("SET", "api:k", "v"), await next.ask("GET", "api:k")]).toEqual(["OK", "v"]);
  });

  test("a renewed certificate of another CA reaches the next client, and those that are connected stay", async () => {
    const open = await connection(first.ca);
    const other = new Authority();
    const second = other.issue();
    other.remove();
    server.certify(second);
    expect(server.users("stage")).toEqual({ status: 0, output: "" });
    await expect(server.connect("api", "secret", first.ca)).rejects.toThrow(/unable to|self-signed/);
    expect(await (await connection(second.ca)).ask("PING")).toBe("PONG");
    expect(await open.ask("PING")).toBe("PONG");
  });

  test("a certificate that does not fit its key is an error, and the one before is served on", async () => {
    server.certify({ ...authority.issue(), key: authority.issue().key });
    const { status, output } = server.users("stage");
    expect([status, output]).toEqual([1, expect.stringContaining("Unable to update TLS configuration")]);
    expect(serialOf(await connection(first.ca))).toBe(serialOf(await connection(first.ca)));
  });
});
