import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PeerCertificate } from "node:tls";
import { container, docker, mustDocker } from "../lib/engine";
import { ask, handshake } from "../lib/http";
import { must, run, tail, until } from "../lib/process";
import { expect, type Suite } from "../lib/runner";
import { ACME, acmeSettings, type Context } from "../lib/stacks";

const PEBBLE = { directory: 31_400, management: 31_500, dns: 31_053, label: "io.rampart.e2e=1" } as const;
let address = "";

/**
 * The host's address on the engine's default bridge: one that the edge reaches through its way out,
 * beyond the stack's own networks.
 */
async function bridgeAddress(): Promise<string> {
  const bridge = (
    await mustDocker([
      "network",
      "inspect",
      "bridge",
      "--format",
      '{{index .Options "com.docker.network.bridge.name"}}',
    ])
  ).trim();
  // Not the network's gateway: the engine leaves it empty where it made the bridge with its defaults (seen on 20.10).
  const found = /inet (\d+\.\d+\.\d+\.\d+)\//.exec(
    await must("ip", ["-4", "-o", "address", "show", "dev", bridge]),
  )?.[1];
  if (found === undefined) throw new Error(`the engine's default bridge ${bridge} has no address`);
  return found;
}

const authority = (context: Context): string => join(context.work, "pebble");

/** A CA of the test's own for the directory's https, since its address is one that no ready certificate names. */
async function makeCertificate(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const openssl = (...args: string[]): Promise<string> => must("openssl", args, { cwd: directory });
  await openssl(
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=e2e CA",
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
  );
  await openssl(
    "req",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-subj",
    "/CN=pebble",
    "-keyout",
    "key.pem",
    "-out",
    "pebble.csr",
  );
  writeFileSync(join(directory, "extensions"), `subjectAltName=IP:${address}\n`);
  await openssl(
    "x509",
    "-req",
    "-in",
    "pebble.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    "extensions",
    "-out",
    "cert.pem",
  );
  writeFileSync(
    join(directory, "pebble.json"),
    JSON.stringify({
      pebble: {
        listenAddress: `${address}:${PEBBLE.directory}`,
        managementListenAddress: `${address}:${PEBBLE.management}`,
        certificate: "/e2e/cert.pem",
        privateKey: "/e2e/key.pem",
        // Where it proves control: through the ports that the stack publishes.
        httpPort: ACME.httpPort,
        tlsPort: ACME.httpsPort,
        ocspResponderURL: "",
        externalAccountBindingRequired: false,
        retryAfter: { authz: 1, order: 1 },
        keyAlgorithm: "ecdsa",
        profiles: { default: { description: "Ninety days", validityPeriod: 7_776_000 } },
      },
    }),
  );
}

/** Pebble and its name server on the host's network, where a CA is: outside. */
async function startPebble(context: Context): Promise<void> {
  const directory = authority(context);
  const common = ["--network", "host", "--label", PEBBLE.label];
  await mustDocker([
    "run",
    "--detach",
    "--name",
    "rampart-e2e-dns",
    ...common,
    "--entrypoint",
    "/usr/bin/pebble-challtestsrv",
    context.images.pebble,
    "-defaultIPv4",
    "127.0.0.1",
    "-defaultIPv6",
    "",
    "-dnsserver",
    `127.0.0.1:${PEBBLE.dns}`,
    "-http01",
    "",
    "-https01",
    "",
    "-tlsalpn01",
    "",
    "-doh",
    "",
    "-management",
    "127.0.0.1:31055",
  ]);
  // Without its random delays and refusals, which test a client's patience and not Rampart.
  await mustDocker([
    "create",
    "--name",
    "rampart-e2e-pebble",
    ...common,
    "--env",
    "PEBBLE_VA_NOSLEEP=1",
    "--env",
    "PEBBLE_WFE_NONCEREJECT=0",
    context.images.pebble,
    "-config",
    "/e2e/pebble.json",
    "-dnsserver",
    `127.0.0.1:${PEBBLE.dns}`,
  ]);
  await mustDocker(["cp", `${directory}/.`, "rampart-e2e-pebble:/e2e"]);
  await mustDocker(["start", "rampart-e2e-pebble"]);
  await until(
    "Pebble answers",
    20,
    async () =>
      (
        await run("curl", [
          "--noproxy",
          "*",
          "-sf",
          "-m",
          "2",
          "--cacert",
          join(directory, "ca.pem"),
          `https://${address}:${PEBBLE.directory}/dir`,
        ])
      ).code === 0,
  );
}

const issuingRoot = (context: Context): Promise<string> =>
  must("curl", [
    "--noproxy",
    "*",
    "-sf",
    "-m",
    "5",
    "--cacert",
    join(authority(context), "ca.pem"),
    `https://${address}:${PEBBLE.management}/roots/0`,
  ]);

export async function stopPebble(): Promise<void> {
  await docker(["rm", "--force", "--volumes", "rampart-e2e-pebble", "rampart-e2e-dns"]);
}

const names = (certificate: PeerCertificate | undefined): string =>
  `${certificate?.subjectaltname ?? ""} from ${String(certificate?.issuer.CN ?? "nobody")}`;

export const acme: Suite<Context> = {
  name: "acme",
  stack: "acme",
  once: true,
  checks: [
    {
      name: "a stack with an ACME server of its own deploys",
      critical: true,
      run: async (context) => {
        address = await bridgeAddress();
        await makeCertificate(authority(context));
        await startPebble(context);
        await context.acme.init();
        const ca = readFileSync(join(authority(context), "ca.pem"), "utf8");
        const result = await context.acme.mustUp(
          acmeSettings(context.images, `https://${address}:${PEBBLE.directory}/dir`, ca),
        );
        return `${result.seconds.toFixed(1)} s`;
      },
    },
    {
      name: "the certificate that it serves chains to the root of the ACME server",
      repeatable: true,
      run: async (context) => {
        const root = await issuingRoot(context);
        const started = Date.now();
        let last = "";
        try {
          await until("a certificate is served", 60, async () => {
            const result = await handshake(ACME.httpsPort, ACME.host, { ca: root });
            last = `${result.error ?? ""} ${names(result.certificate)}`;
            return result.authorized === true;
          });
        } catch (error) {
          const log = (await docker(["logs", "--tail", "15", (await container(context.acme.name, "edge")).Id])).output;
          throw new Error(
            `${String(error)}; ${last}\nthe edge:\n${log}\nPebble:\n` +
              `${tail((await docker(["logs", "rampart-e2e-pebble"])).output, 15)}`,
          );
        }
        expect(last.includes(`DNS:${ACME.host}`) && /Pebble/.test(last), last);
        const answer = await ask({ host: ACME.host, port: ACME.httpsPort });
        expect(answer.status === 200, `${answer.status}`);
        return `${last.trim()}, ${((Date.now() - started) / 1000).toFixed(1)} s after the update`;
      },
    },
    {
      name: "a name that it has no certificate for gets no handshake",
      run: async () => {
        const result = await handshake(ACME.httpsPort, "other.e2e.example.org", {});
        expect(result.error !== undefined && result.certificate === undefined, names(result.certificate));
      },
    },
    {
      name: "account key and certificates are in a volume of their own, mode 0600",
      repeatable: true,
      run: async (context) => {
        const edge = await container(context.acme.name, "edge");
        const mount = edge.Mounts.find(({ Destination }) => Destination === "/acme");
        expect(mount?.Type === "volume", JSON.stringify(edge.Mounts));
        const listing = await must("bash", ["-c", 'docker cp "$1:/acme" - | tar -tv', "-", edge.Id]);
        const files = listing.split("\n").filter((line) => line.startsWith("-"));
        expect(files.length === 1 && files.every((line) => line.startsWith("-rw-------")), listing);
        return mount.Name;
      },
    },
    {
      name: "the certificate is still there after the edge was replaced, without a new order",
      run: async (context) => {
        const serial = async (): Promise<string> =>
          (await handshake(ACME.httpsPort, ACME.host, {})).certificate?.serialNumber ?? "";
        const before = await serial();
        const ca = readFileSync(join(authority(context), "ca.pem"), "utf8");
        const changed = acmeSettings(context.images, `https://${address}:${PEBBLE.directory}/dir`, ca);
        await context.acme.mustUp({
          ...changed,
          edge: { ...(changed["edge"] as object), resources: { memoryMiB: 300 } },
        });
        expect(before !== "", "no certificate is served before");
        // Traefik answers with one of its own until it has read what it keeps.
        await until("the same certificate is served", 20, async () => ((await serial()) === before ? true : undefined));
        const preview = await context.acme.preview(["--expect-no-changes"]);
        expect(preview.code === 0, tail(preview.output, 40));
      },
    },
    {
      name: "destroy succeeds",
      run: async ({ acme: stack }) => {
        const result = await stack.destroy();
        expect(result.code === 0, tail(result.output, 40));
        await stopPebble();
      },
    },
  ],
};
