/** Pebble, its name server and what answers for a DNS provider, on the host's network, where a CA is: outside. */
import { mkdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { docker, mustDocker } from "./engine";
import { must, run, until } from "./process";

/**
 * The host's address on the engine's default bridge: one that the edge reaches through its way out, beyond the
 * stack's own networks.
 */
export async function bridgeAddress(): Promise<string> {
  const format = '{{index .Options "com.docker.network.bridge.name"}}';
  const bridge = (await mustDocker(["network", "inspect", "bridge", "--format", format])).trim();
  // Not the network's gateway: the engine leaves it empty where it made the bridge with its defaults (seen on 20.10).
  const found = /inet (\d+\.\d+\.\d+\.\d+)\//.exec(
    await must("ip", ["-4", "-o", "address", "show", "dev", bridge]),
  )?.[1];
  if (found === undefined) throw new Error(`the engine's default bridge ${bridge} has no address`);
  return found;
}

export interface PebbleOptions {
  /** Of the containers. */
  readonly name: string;
  /** A directory of the test's own. */
  readonly directory: string;
  readonly address: string;
  readonly ports: {
    readonly directory: number;
    readonly management: number;
    readonly dns: number;
    readonly dnsManagement: number;
  };
  /** Where it proves control: through the ports that the stack publishes. */
  readonly stackPorts: { readonly http: number; readonly https: number };
  readonly validitySeconds: number;
  /** The accounts that it takes orders of, by key identifier. @default anybody's */
  readonly accounts?: Readonly<Record<string, string>>;
}

const LABEL = "io.rampart.e2e=1";
const EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** A CA of the test's own for the directory's https, since its address is one that no ready certificate names. */
async function makeCertificate({ directory, address }: PebbleOptions): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const openssl = (...args: string[]): Promise<string> => must("openssl", args, { cwd: directory });
  await openssl("req", "-x509", ...EC_KEY, "-days", "2", "-subj", "/CN=e2e CA", "-keyout", "ca.key", "-out", "ca.pem");
  await openssl("req", ...EC_KEY, "-subj", "/CN=pebble", "-keyout", "key.pem", "-out", "pebble.csr");
  writeFileSync(join(directory, "extensions"), `subjectAltName=IP:${address}\n`);
  const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "extensions"];
  await openssl("x509", "-req", "-in", "pebble.csr", ...signed, "-out", "cert.pem");
}

/** Starts both, and waits until the directory answers. */
export async function startPebble(image: string, options: PebbleOptions): Promise<void> {
  const { name, directory, address, ports, stackPorts, accounts } = options;
  await makeCertificate(options);
  writeFileSync(
    join(directory, "pebble.json"),
    JSON.stringify({
      pebble: {
        listenAddress: `${address}:${ports.directory}`,
        managementListenAddress: `${address}:${ports.management}`,
        certificate: "/e2e/cert.pem",
        privateKey: "/e2e/key.pem",
        httpPort: stackPorts.http,
        tlsPort: stackPorts.https,
        ocspResponderURL: "",
        externalAccountBindingRequired: accounts !== undefined,
        ...(accounts === undefined ? {} : { externalAccountMACKeys: accounts }),
        retryAfter: { authz: 1, order: 1 },
        keyAlgorithm: "ecdsa",
        profiles: { default: { description: "e2e", validityPeriod: options.validitySeconds } },
      },
    }),
  );
  const common = ["--network", "host", "--label", LABEL];
  const program = ["--entrypoint", "/usr/bin/pebble-challtestsrv", image];
  const off = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""];
  const answers = ["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dnsserver", `${address}:${ports.dns}`];
  const management = ["-management", `127.0.0.1:${ports.dnsManagement}`];
  await mustDocker([
    "run",
    "--detach",
    "--name",
    `${name}-dns`,
    ...common,
    ...program,
    ...answers,
    ...off,
    ...management,
  ]);
  // Without its random delays and refusals, which test a client's patience and not Rampart.
  const patient = ["--env", "PEBBLE_VA_NOSLEEP=1", "--env", "PEBBLE_WFE_NONCEREJECT=0"];
  const dns = ["-dnsserver", `${address}:${ports.dns}`];
  await mustDocker(["create", "--name", name, ...common, ...patient, image, "-config", "/e2e/pebble.json", ...dns]);
  await mustDocker(["cp", `${directory}/.`, `${name}:/e2e`]);
  await mustDocker(["start", name]);
  await until("Pebble answers", 20, async () => (await ask(options, `${ports.directory}/dir`)).code === 0);
}

const ask = ({ directory, address }: PebbleOptions, path: string) =>
  run("curl", [
    "--noproxy",
    "*",
    "-sf",
    "-m",
    "5",
    "--cacert",
    join(directory, "ca.pem"),
    `https://${address}:${path}`,
  ]);

/** The root of what it issues, new at every start. */
export async function issuingRoot(options: PebbleOptions): Promise<string> {
  const { code, stdout } = await ask(options, `${options.ports.management}/roots/0`);
  if (code !== 0) throw new Error(`Pebble has no root: curl ended with ${code}`);
  return stdout;
}

export const removePebble = async (name: string): Promise<unknown> =>
  docker(["rm", "--force", "--volumes", name, `${name}-dns`]);

export interface DnsProvider {
  /** Names of the records that were set. */
  readonly records: readonly string[];
  /** Requests without the right user and password. */
  readonly refused: () => number;
  readonly close: () => void;
}

/** What lego's provider `httpreq` asks: it sets records of the name server, for who has the password. */
export async function dnsProvider(
  { address, ports }: PebbleOptions,
  { port, user, password }: { readonly port: number; readonly user: string; readonly password: string },
): Promise<DnsProvider> {
  const records: string[] = [];
  let refused = 0;
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const end = (status: number): void => void response.writeHead(status).end();
      if (request.headers.authorization !== expected) {
        refused += 1;
        return end(401);
      }
      const { fqdn, value } = JSON.parse(body) as { readonly fqdn: string; readonly value: string };
      const present = request.url === "/present";
      if (present) records.push(fqdn);
      const set = JSON.stringify(present ? { host: fqdn, value } : { host: fqdn });
      const url = `http://127.0.0.1:${ports.dnsManagement}/${present ? "set-txt" : "clear-txt"}`;
      fetch(url, { method: "POST", body: set }).then(
        ({ ok }) => end(ok ? 200 : 502),
        () => end(502),
      );
    });
  });
  await new Promise<void>((done) => server.listen(port, address, done));
  return { records, refused: () => refused, close: () => void server.close() };
}
