import * as pulumi from "@pulumi/pulumi";
import { Edge } from "../../components";
import { serverCertificate } from "../../hardening/pki/certificates";
import { certificatePeriod } from "../../hardening/pki/period";
import {
  authority,
  configOf,
  labelsOf,
  PROD,
  record,
  SERVICE,
  surroundings,
  withLocalEngine,
  type Recording,
} from "./support";

withLocalEngine();

const SECRETS = {
  dnsToken: "dns-token-0123456789abcdef",
  gceAccount: '{"type":"service_account"}',
  hmac: "aG1hYy1rZXktb2YtdGhlLWFjY291bnQ",
};
const ROUTED = { services: { api: { ...SERVICE, routes: [{ host: "app.acme-shop.com" }] } } };

const KEYS: Readonly<Record<string, string>> = SECRETS;

function edge(
  certificates: unknown,
  used: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Recording> {
  const held = { ...KEYS, ...more };
  pulumi.runtime.setAllConfig(
    Object.fromEntries(used.map((key) => [`rampart:${key}`, held[key] ?? ""])),
    used.map((key) => `rampart:${key}`),
  );
  return record(() => {
    const secrets = Object.fromEntries(used.map((key) => [key, held[key] ?? ""]));
    const config = configOf({ ...PROD, ...ROUTED, acmeEmail: "ops@acme-shop.com", certificates }, "prod", secrets);
    const { context, networks } = surroundings(config);
    return new Edge("rampart-prod-edge", context, { networks });
  }, "prod");
}

const uploads = (
  recording: Recording,
  carrier: string,
): readonly { readonly file: string; readonly content: string }[] =>
  recording.inputs(`Container ${carrier}-carrier`)["uploads"] as { file: string; content: string }[];

describe("what the edge is told of certificates", () => {
  test("a DNS provider reads its secrets from files, and nothing secret is in the environment", async () => {
    const recording = await edge(
      {
        acme: "letsencrypt",
        dns: {
          provider: "cloudflare",
          credentials: { CF_DNS_API_TOKEN: { config: "dnsToken" }, GCE_SERVICE_ACCOUNT_FILE: { config: "gceAccount" } },
          settings: { CF_TTL: 120 },
        },
        domains: [{ main: "acme-shop.com", sans: ["*.acme-shop.com"] }],
      },
      ["dnsToken", "gceAccount"],
    );
    const { inputs, dependsOn } = recording.get("Container rampart-prod-edge");
    expect(inputs["envs"]).toEqual([
      "CF_DNS_API_TOKEN_FILE=/run/secrets/cf_dns_api_token",
      "CF_TTL=120",
      "GCE_SERVICE_ACCOUNT_FILE=/run/secrets/gce_service_account_file",
      "GOMEMLIMIT=230MiB",
    ]);
    expect(inputs["volumes"]).toContainEqual(
      expect.objectContaining({ containerPath: "/run/secrets", readOnly: true }) as unknown,
    );
    expect(dependsOn).toContain("Container rampart-prod-edge-dns-carrier");
    expect(uploads(recording, "rampart-prod-edge-dns").map(({ file, content }) => [file, content])).toEqual([
      ["/files/cf_dns_api_token", "[secret]"],
      ["/files/gce_service_account_file", "[secret]"],
    ]);
    const routes = uploads(recording, "rampart-prod-edge-routes")[1]?.content ?? "";
    expect(routes).toContain('"*.acme-shop.com"');
    for (const value of Object.values(SECRETS)) expect(JSON.stringify(recording.resources)).not.toContain(value);
  });

  test("the key of an external account makes the whole static file a secret", async () => {
    const recording = await edge(
      { directory: "https://ca.acme-shop.com/dir", eab: { kid: "kid-1", hmac: { config: "hmac" } } },
      ["hmac"],
    );
    expect(uploads(recording, "rampart-prod-edge-config")).toMatchObject([
      { file: "/files/traefik.yml", content: "[secret]" },
    ]);
    const [acme] = recording.ofType("Volume").filter(({ name }) => name.includes("-acme-"));
    expect(acme?.name).toMatch(/^rampart-prod-edge-acme-custom-[0-9a-f]{8}$/);
    expect(labelsOf(recording.get("Container rampart-prod-edge"))["io.rampart.component"]).toBe("edge");
    expect(JSON.stringify(recording.resources)).not.toContain(SECRETS.hmac);
  });
});

describe("certificates that the edge is given", () => {
  const CA = { seed: Buffer.alloc(32, "ca").toString("base64"), stackName: "company" };
  const issue = (now: Date) =>
    serverCertificate({ ...CA, server: "edge", names: ["app.acme-shop.com"], period: certificatePeriod(now) });
  const leaf = issue(new Date());
  const given = (certificate: string, key: string): Promise<Recording> =>
    edge({ own: [{ certificate, key: { config: "tlsKey" } }] }, ["tlsKey"], { tlsKey: key });

  test("are a secret file beside the routes, and a renewal does not touch the container", async () => {
    const recording = await given(leaf.certificate, leaf.privateKey);
    expect(
      uploads(recording, "rampart-prod-edge-routes").map(({ file, content }) => [file, content.slice(0, 8)]),
    ).toEqual([
      ["/files/routes/certificates.yml", "[secret]"],
      ["/files/routes/rampart.yml", expect.stringMatching(/^\{/) as unknown],
    ]);
    const routes = uploads(recording, "rampart-prod-edge-routes")[1]?.content ?? "";
    expect(JSON.parse(routes)).toMatchObject({ tls: { options: { default: { sniStrict: true } } } });
    expect(routes).not.toContain("https-others");
    expect(JSON.stringify(recording.resources)).not.toContain(leaf.privateKey.split("\n")[1] ?? "?");
    // Issued a quarter earlier: another certificate with another key, and good today.
    const other = issue(new Date(Date.now() - 90 * 86_400_000));
    const renewed = await given(other.certificate, other.privateKey);
    expect(renewed.inputs("Container rampart-prod-edge")).toEqual(recording.inputs("Container rampart-prod-edge"));
    const probe = (one: Recording): unknown =>
      labelsOf(one.get("Container rampart-prod-edge-routes-carrier"))["io.rampart.routes-probe"];
    expect(probe(renewed)).not.toBe(probe(recording));
  });

  test("are none with ACME: the file is empty, so that earlier ones go", async () => {
    const recording = await edge("letsencrypt", []);
    expect(uploads(recording, "rampart-prod-edge-routes")[0]).toMatchObject({
      file: "/files/routes/certificates.yml",
      content: "{}\n",
    });
  });

  test("are the stack's authority's in a self-signed stack, for all of its hosts", async () => {
    const selfSigned = (hosts: readonly string[]): Promise<Recording> =>
      record(() => {
        const routes = hosts.map((host) => ({ host }));
        const { context, networks } = surroundings(configOf({ services: { api: { ...SERVICE, routes } } }));
        return new Edge("rampart-dev-edge", context, { networks, authority: authority() });
      });
    const one = await selfSigned(["app.localhost"]);
    const carrier = (recording: Recording): readonly { readonly content: string }[] =>
      uploads(recording, "rampart-dev-edge-routes");
    expect(carrier(one)[0]).toMatchObject({ file: "/files/routes/certificates.yml", content: "[secret]" });
    expect(carrier(one)[1]?.content).toContain("https-others");
    const two = await selfSigned(["app.localhost", "api.localhost"]);
    expect(two.inputs("Container rampart-dev-edge")).toEqual(one.inputs("Container rampart-dev-edge"));
    expect(carrier(await selfSigned([]))[0]?.content).toBe("{}\n");
  });
});
