import https from "node:https";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import type { ConnectionOptions, PeerCertificate } from "node:tls";
import { authorityCertificate, clientCertificate, serverCertificate } from "../../../hardening/pki/certificates";
import { certificatePeriod } from "../../../hardening/pki/period";
import { container, docker, mustDocker } from "../lib/engine";
import { ask, handshake } from "../lib/http";
import { bridgeAddress, dnsProvider, issuingRoot, removePebble, startPebble, type PebbleOptions } from "../lib/pebble";
import { run, tail, until } from "../lib/process";
import { REPOSITORY, Stack, type StackSettings } from "../lib/pulumi";
import { expect, expectMatch, type Suite } from "../lib/runner";
import { CERTIFICATES, certificatesSettings, type Context } from "../lib/stacks";

const NAME = "rampart-e2e-pebble-dns";
const PORTS = { directory: 31_401, management: 31_501, dns: 31_054, dnsManagement: 31_056 } as const;
const PROVIDER = { port: 31_057, user: "rampart", password: "a-password-of-the-dns-provider" } as const;
/** As the CA gives it: base64 for URLs. */
const HMAC = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
/** Less than the thirty days from which Traefik renews: every start of the edge wants a new one. */
const SIX_DAYS = 518_400;
const { app, admin, httpsPort, httpPort, zone } = CERTIFICATES;

/** What this suite's checks hand on to the next ones. */
const state: {
  stack?: Stack;
  pebble?: PebbleOptions;
  provider?: Awaited<ReturnType<typeof dnsProvider>>;
  serial?: string;
} = {};

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a check before this one did not get so far");
  return value;
}

const names = (certificate: PeerCertificate | undefined): string => certificate?.subjectaltname ?? "none";
const serialOf = async (host: string): Promise<string> =>
  (await handshake(httpsPort, host, {})).certificate?.serialNumber ?? "";
const edgeOf = (stack: Stack) => container(stack.name, "edge");
const log = async (stack: Stack): Promise<string> => (await docker(["logs", (await edgeOf(stack)).Id])).output;

const CA = { seed: Buffer.alloc(32, "e2e company").toString("base64"), stackName: "e2e company" };
const STAFF = { seed: Buffer.alloc(32, "e2e staff").toString("base64"), stackName: "e2e staff" };
const DAY = 86_400_000;

const issue = (daysAgo: number) =>
  serverCertificate({
    ...CA,
    server: "edge",
    names: [app, admin],
    period: certificatePeriod(new Date(Date.now() - daysAgo * DAY)),
  });

function dnsSettings(context: Context, { address, directory }: PebbleOptions): StackSettings {
  return certificatesSettings(context.images, {
    directory: `https://${address}:${PORTS.directory}/dir`,
    ca: readFileSync(join(directory, "ca.pem"), "utf8"),
    eab: { kid: "kid-1", hmac: { config: "eabHmac" } },
    dns: {
      provider: "httpreq",
      credentials: { HTTPREQ_PASSWORD: { config: "dnsPassword" } },
      settings: { HTTPREQ_ENDPOINT: `http://${address}:${PROVIDER.port}`, HTTPREQ_USERNAME: PROVIDER.user },
      resolvers: [`${address}:${PORTS.dns}`],
      propagation: { checks: "none" },
    },
    domains: [{ main: zone, sans: [`*.${zone}`] }],
  });
}

async function ownSettings(context: Context, stack: Stack, daysAgo: number): Promise<StackSettings> {
  const { certificate, privateKey } = issue(daysAgo);
  await stack.setSecret("rampart:tlsKey", privateKey);
  const settings = certificatesSettings(context.images, { own: [{ certificate, key: { config: "tlsKey" } }] });
  const clientCertificates = { [admin]: { ca: authorityCertificate(STAFF) } };
  return { ...settings, edge: { ...(settings["edge"] as object), clientCertificates } };
}

export const certificates: Suite<Context> = {
  name: "certificates",
  stack: "certificates",
  once: true,
  sequence: true,
  checks: [
    {
      name: "a stack deploys whose CA wants an account, and a record of the zone",
      critical: true,
      run: async (context) => {
        const address = await bridgeAddress();
        const pebble: PebbleOptions = {
          name: NAME,
          directory: join(context.work, "pebble-dns"),
          address,
          ports: PORTS,
          stackPorts: { http: httpPort, https: httpsPort },
          validitySeconds: SIX_DAYS,
          accounts: { "kid-1": HMAC },
        };
        await startPebble(context.images.pebble, pebble);
        const stack = new Stack("e2e-certificates", context.work);
        Object.assign(state, { pebble, stack, provider: await dnsProvider(pebble, PROVIDER) });
        await stack.init();
        stack.configure({});
        await stack.setSecret("rampart:eabHmac", HMAC);
        await stack.setSecret("rampart:dnsPassword", PROVIDER.password);
        return `${(await stack.mustUp(dnsSettings(context, pebble))).seconds.toFixed(1)} s`;
      },
    },
    {
      name: "one certificate with a wildcard is served for all hosts that it covers",
      critical: true,
      run: async () => {
        const [stack, pebble, provider] = [known(state.stack), known(state.pebble), known(state.provider)];
        const ca = await issuingRoot(pebble);
        let last = "";
        try {
          await until("the certificate is served", 60, async () => {
            const result = await handshake(httpsPort, app, { ca });
            last = `${result.error ?? ""} ${names(result.certificate)}`;
            return result.authorized === true;
          });
        } catch (error) {
          const pebbles = tail((await docker(["logs", NAME])).output, 15);
          throw new Error(`${String(error)}; ${last}\n${tail(await log(stack), 15)}\nPebble:\n${pebbles}`);
        }
        expect(last.includes(`DNS:*.${zone}`) && last.includes(`DNS:${zone}`), last);
        const serial = await serialOf(app);
        expect(serial !== "" && serial === (await serialOf(admin)), "the second host is served with another one");
        expect((await ask({ host: app, port: httpsPort })).status === 200, "the application does not answer");
        expect(provider.records.length >= 2, provider.records.join());
        expect(provider.refused() === 0, `${provider.refused()} requests had another password`);
        state.serial = serial;
        return provider.records.join(", ");
      },
    },
    {
      name: "neither the password of the DNS provider nor the account's key shows in docker inspect or the log",
      run: async () => {
        const stack = known(state.stack);
        const shown = `${JSON.stringify(await edgeOf(stack))}${await log(stack)}`;
        expect(!shown.includes(PROVIDER.password) && !shown.includes(HMAC), "a secret is shown");
        expect(shown.includes("HTTPREQ_PASSWORD_FILE=/run/secrets/httpreq_password"), "there is no file variable");
        expect(!(await stack.written()).includes(PROVIDER.password), "the password is in the state in clear");
      },
    },
    {
      name: "with the CA gone and a renewal due, the edge starts and serves the certificate that it has",
      run: async () => {
        const stack = known(state.stack);
        await removePebble(NAME);
        const { Id } = await edgeOf(stack);
        await mustDocker(["restart", "--time", "10", Id]);
        await until("the renewal has failed", 60, async () => /Error renewing ACME certificate/.test(await log(stack)));
        const result = await until("the edge serves", 30, async () => {
          const one = await handshake(httpsPort, app, {});
          return one.certificate === undefined ? undefined : one;
        });
        expect(result.certificate?.serialNumber === state.serial, names(result.certificate));
        const answer = await ask({ host: app, port: httpsPort });
        expect(answer.status === 200, `${answer.status}`);
        const status = ["bin/rampart.cjs", "status", stack.name, "--config-file", stack.file];
        const { stdout } = await run("node", status, { cwd: REPOSITORY, env: stack.env });
        expectMatch(stdout, new RegExp(`  ${zone}: the CA issued no certificate at 20`), "status");
        return /"error":"([^"]{0,160})[^\n]*Error renewing ACME/.exec(await log(stack))?.[1];
      },
    },
    {
      name: "certificates of one's own take the place of the CA's",
      critical: true,
      run: async (context) => {
        const stack = known(state.stack);
        stack.forgetSecrets();
        const result = await stack.mustUp(await ownSettings(context, stack, 90));
        const shake = await until("the certificate is served", 20, async () => {
          const one = await handshake(httpsPort, app, { ca: authorityCertificate(CA) });
          return one.authorized === true ? one : undefined;
        });
        expect(names(shake.certificate).includes(`DNS:${app}`), names(shake.certificate));
        const other = await handshake(httpsPort, `other.${zone}`, {});
        expect(other.certificate === undefined && other.error !== undefined, names(other.certificate));
        const { networks } = await stack.outputs();
        expect(networks["acme"] === undefined, "the edge still has a way out");
        return `${result.seconds.toFixed(1)} s`;
      },
    },
    {
      name: "a host that asks for a client's certificate is closed without one, and over every other connection",
      run: async () => {
        const get = (sni: string, host: string, more: ConnectionOptions = {}): Promise<number | string> =>
          new Promise((resolve) => {
            const target = {
              host: "127.0.0.1",
              port: httpsPort,
              servername: sni,
              rejectUnauthorized: false,
              agent: false,
            };
            https
              .get(
                { ...target, ...more, headers: { host: `${host}:${httpsPort}` } } as https.RequestOptions,
                (response) => {
                  response.resume();
                  resolve(response.statusCode ?? 0);
                },
              )
              .on("error", (error) => resolve(error.message));
          });
        const { certificate: cert, privateKey: key } = clientCertificate({ ...STAFF, client: "anna" });
        const stranger = clientCertificate({ ...CA, client: "bert" });
        expect((await get(admin, admin, { cert, key })) === 200, "a client of the CA is refused");
        expect(typeof (await get(admin, admin)) === "string", "nobody is asked for a certificate");
        const strange = await get(admin, admin, { cert: stranger.certificate, key: stranger.privateKey });
        expect(typeof strange === "string", `another CA's client gets ${strange}`);
        expect((await get(app, admin)) === 421, "the host is served over another's connection");
        expect((await get(admin, app, { cert, key })) === 421, "another host is served over this connection");
        expect((await get(app, app)) === 200, "the open host asks for one");
      },
    },
    {
      name: "a new certificate of one's own is served by the same edge, and an open connection goes on",
      run: async (context) => {
        const stack = known(state.stack);
        const before = { id: (await edgeOf(stack)).Id, serial: await serialOf(app) };
        const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
        const asking = () => ask({ host: app, port: httpsPort, agent });
        const first = await asking();
        await stack.mustUp(await ownSettings(context, stack, 0));
        const second = await asking();
        agent.destroy();
        expect(first.status === 200 && second.status === 200, `${first.status}, ${second.status}`);
        expect(
          second.certificate === undefined || second.certificate.serialNumber === before.serial,
          "the open connection was closed",
        );
        expect((await serialOf(app)) !== before.serial, "the old certificate is still served");
        expect((await edgeOf(stack)).Id === before.id, "the edge was replaced");
        const preview = await stack.preview(["--expect-no-changes"]);
        expect(preview.code === 0, tail(preview.output, 40));
      },
    },
    {
      name: "destroy succeeds",
      run: async () => {
        state.provider?.close();
        const result = await known(state.stack).destroy();
        expect(result.code === 0, tail(result.output, 40));
      },
    },
  ],
};

export const stopCertificates = async (): Promise<void> => {
  state.provider?.close();
  await removePebble(NAME);
};
