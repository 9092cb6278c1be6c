import { generateKeyPairSync } from "node:crypto";
import { authorityCertificate, serverCertificate } from "../../../hardening/pki/certificates";
import { certificatePeriod } from "../../../hardening/pki/period";
import { certificateNames, chainEnd } from "../../../config";
import { UNREADABLE } from "../../../config/raw";
import { judge as judgeRules, RULES } from "../../../hardening/rules";
import { ownCertificateCheck, privateKeyFault } from "../../../config/values/own-certificate";
import { faultsOf, load, type Tree } from "../support";

const CA = { seed: Buffer.alloc(32, "ca").toString("base64"), stackName: "company" };
const OTHER = { seed: Buffer.alloc(32, "other").toString("base64"), stackName: "other" };
const issue = (server: string, names: readonly string[], now = new Date()) =>
  serverCertificate({ ...CA, server, names, period: certificatePeriod(now) });
const leaf = issue("edge", ["app.acme-shop.com", "*.acme-shop.com"]);
const chain = `${leaf.certificate}${authorityCertificate(CA)}`;

const own = (certificate: string, key: string, more: Tree = {}): Tree => ({
  certificates: { own: [{ certificate, key: { config: "tlsKey" } }] },
  acmeEmail: undefined,
  tlsKey: key,
  ...more,
});
const KEYS = { secretKeys: ["jwtSecret", "tlsKey"] };
const faults = (certificate: string, key = leaf.privateKey, more: Tree = {}): unknown =>
  faultsOf(own(certificate, key, more), KEYS);

describe("certificates of one's own", () => {
  test("a chain with its key, for every host", () => {
    expect(faults(chain)).toEqual([]);
    expect(faults(leaf.certificate)).toEqual([]);
    expect(load(own(chain, leaf.privateKey), KEYS).certificates).toMatchObject({
      own: [{ key: { config: "tlsKey" } }],
    });
    expect(certificateNames(chain)).toEqual(["app.acme-shop.com", "*.acme-shop.com"]);
    expect(Date.parse(chainEnd(chain) ?? "")).toBe(certificatePeriod(new Date()).notAfter.getTime());
  });

  test("a plan that cannot read the key judges the rest", () => {
    expect(faults(chain, UNREADABLE)).toEqual([]);
    expect(faults(chain, UNREADABLE, { "services.api.routes.0.host": "api.acme-shop.org" })).toMatchObject([
      {
        path: "rampart:services.api.routes[0].host",
        given: '"api.acme-shop.org"',
        allowed: "a host that a certificate under certificates.own is good for: app.acme-shop.com, *.acme-shop.com",
      },
    ]);
  });

  test.each<[string, string, RegExp]>([
    ["the CA's before the leaf's", `${authorityCertificate(CA)}${leaf.certificate}`, /first the certificate of a CA/],
    ["another CA's behind it", `${leaf.certificate}${authorityCertificate(OTHER)}`, /which has not signed it/],
    ["one that has ended", issue("edge", ["app.acme-shop.com"], new Date("2024-01-01")).certificate, /which ended on/],
    [
      "one that begins later",
      issue("edge", ["app.acme-shop.com"], new Date("2036-01-01")).certificate,
      /which begins on/,
    ],
    ["half a certificate", leaf.certificate.slice(0, 200), /a text of 200 characters/],
    ["a key beside it", `${leaf.certificate}${leaf.privateKey}`, /with a private key in it \(hidden\)/],
  ])("refuses %s", (_what, certificate, given) => {
    expect(ownCertificateCheck()(certificate)?.given).toMatch(given);
    const found = faultsOf(own(certificate, leaf.privateKey), KEYS);
    expect(found.map(({ path }) => path)).toEqual(["rampart:certificates.own[0].certificate"]);
    expect(JSON.stringify(found)).not.toContain(leaf.privateKey.split("\n")[1]);
  });

  test("the key has to be this certificate's, in PEM and without a passphrase", () => {
    const stranger = issue("other", ["app.acme-shop.com"]).privateKey;
    expect(privateKeyFault(chain, leaf.privateKey)).toBeUndefined();
    expect(privateKeyFault(chain, stranger)?.given).toMatch(/which is another certificate's key/);
    expect(privateKeyFault(chain, "no key")?.given).toMatch(/which is no private key/);
    const locked = generateKeyPairSync("ec", {
      namedCurve: "P-256",
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
    }).privateKey;
    expect(privateKeyFault(chain, locked)?.fix).toMatch(/openssl pkey/);
    expect(faults(chain, stranger)).toMatchObject([{ path: "rampart:certificates.own[0].key" }]);
    expect(faultsOf(own(chain, leaf.privateKey))).toMatchObject([
      { path: "rampart:certificates.own[0].key", given: "rampart:tlsKey in clear text" },
    ]);
  });

  test("the posture names the end, and asks for a new one in the last weeks", () => {
    const verdict = (daysLeft: number): unknown =>
      judgeRules(RULES, {
        stack: "prod",
        environment: "prod",
        certificates: "own",
        ownCertificates: [{ names: ["app.acme-shop.com"], end: "2027-06-01T00:00:00.000Z", daysLeft }],
        containers: [],
        networks: [],
        volumes: [],
        images: [],
      }).filter(({ id }) => id === "rampart-certificates");
    expect(verdict(180)).toMatchObject([
      {
        status: "skip",
        message:
          "the stack's own, for app.acme-shop.com, ends on 2027-06-01; whether browsers trust its CA, only a " +
          "browser can tell",
      },
    ]);
    expect(verdict(20)).toMatchObject([
      { status: "open", message: expect.stringMatching(/in 20 days: renew it$/) as unknown },
    ]);
  });
});
