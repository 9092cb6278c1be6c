import { createHash, X509Certificate } from "node:crypto";
import tls from "node:tls";
import type { AddressInfo } from "node:net";
import {
  authorityCertificate,
  certificateEnd,
  clientCertificate,
  serverCertificate,
  type IssuedCertificate,
} from "../../../hardening/pki/certificates";
import { deriveKeyPair } from "../../../hardening/pki/keys";
import { certificatePeriod, RENEWAL_DAYS, VALIDITY_DAYS } from "../../../hardening/pki/period";

const DAY = 86_400_000;
const CA = { seed: Buffer.alloc(32, 7).toString("base64"), stackName: "rampart-prod" };
const OTHER = { ...CA, seed: Buffer.alloc(32, 8).toString("base64") };
const NOW = new Date("2026-11-24T12:00:00Z");
const server = (
  changes: { readonly period?: ReturnType<typeof certificatePeriod>; readonly rotation?: string } = {},
  ca = CA,
): IssuedCertificate =>
  serverCertificate({
    ...ca,
    server: "postgres",
    names: ["postgres", "10.1.12.10", "127.0.0.1"],
    period: certificatePeriod(new Date()),
    ...changes,
  });

describe("the period", () => {
  test("is the same all quarter long, and ends long after the next one begins", () => {
    const period = certificatePeriod(NOW);
    expect(certificatePeriod(new Date(period.renewFrom.getTime() - 1))).toEqual(period);
    expect(certificatePeriod(period.renewFrom).index).toBe(period.index + 1);
    expect(period.renewFrom.getTime() - period.notBefore.getTime()).toBe((RENEWAL_DAYS + 1) * DAY);
    expect(period.notAfter.getTime() - period.notBefore.getTime()).toBe((VALIDITY_DAYS + 1) * DAY);
    expect(period.notBefore.getTime()).toBeLessThan(NOW.getTime());
  });
});

describe("certificates", () => {
  test("are the same in every run, and others with another seed, period or rotation", () => {
    expect(server()).toEqual(server());
    const period = certificatePeriod(new Date(Date.now() + RENEWAL_DAYS * DAY));
    const all = [server(), server({}, OTHER), server({ period }), server({ rotation: "2" })];
    expect(new Set(all.map(({ privateKey }) => privateKey)).size).toBe(4);
    expect(new Set(all.map(({ certificate }) => new X509Certificate(certificate).serialNumber)).size).toBe(4);
    expect(authorityCertificate(CA)).toBe(authorityCertificate(CA));
  });

  test("are to the byte those that deployed stacks have", () => {
    const { certificate, privateKey } = server({ period: certificatePeriod(NOW) });
    const all = [authorityCertificate(CA), certificate, privateKey];
    expect(all.map((text) => createHash("sha256").update(text).digest("hex").slice(0, 16))).toEqual([
      "8780057dcf05fea7",
      "d49ff1a3b6f9928a",
      "391b5862053a8de5",
    ]);
  });

  test("say whose they are, by whom, for what and how long", () => {
    const authority = new X509Certificate(authorityCertificate(CA));
    const one = new X509Certificate(server({ period: certificatePeriod(NOW) }).certificate);
    expect(authority.ca).toBe(true);
    expect(authority.verify(authority.publicKey)).toBe(true);
    expect(one.verify(authority.publicKey)).toBe(true);
    expect(one.checkIssued(authority)).toBe(true);
    expect(one.ca).toBe(false);
    expect([one.subject, one.issuer, one.subjectAltName, one.keyUsage]).toEqual([
      "CN=rampart-prod postgres",
      "CN=rampart-prod certificate authority",
      "DNS:postgres, IP Address:10.1.12.10, IP Address:127.0.0.1",
      ["1.3.6.1.5.5.7.3.1"],
    ]);
    expect(certificateEnd(one.toString())).toEqual(certificatePeriod(NOW).notAfter);
    expect(new X509Certificate(clientCertificate({ ...CA, client: "provider" }).certificate).keyUsage).toEqual([
      "1.3.6.1.5.5.7.3.2",
    ]);
  });

  test("are judged: a seed that is none, a server without names", () => {
    expect(() => deriveKeyPair("c2hvcnQ=", "authority")).toThrow("seed: has to be 32 bytes in base64");
    expect(() => serverCertificate({ ...CA, server: "x", names: [], period: certificatePeriod(NOW) })).toThrow(
      "names: none given; give the names by which clients reach the server",
    );
  });
});

/** A handshake with a server that shows `shown`: "ok", or the client's own error. */
async function handshake(shown: IssuedCertificate, options: tls.ConnectionOptions): Promise<string> {
  const listener = tls.createServer(
    { cert: shown.certificate, key: shown.privateKey, minVersion: "TLSv1.3" },
    (socket) => socket.end(),
  );
  listener.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  try {
    return await new Promise<string>((resolve) => {
      const socket = tls.connect(
        { host: "127.0.0.1", port: (listener.address() as AddressInfo).port, ...options },
        () => {
          socket.destroy();
          resolve("ok");
        },
      );
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  } finally {
    await new Promise((resolve) => listener.close(resolve));
  }
}

test.each<[string, IssuedCertificate, tls.ConnectionOptions, string]>([
  ["by name", server(), { ca: authorityCertificate(CA), servername: "postgres" }, "ok"],
  ["by address", server(), { ca: authorityCertificate(CA) }, "ok"],
  [
    "under another name",
    server(),
    { ca: authorityCertificate(CA), servername: "redis" },
    "ERR_TLS_CERT_ALTNAME_INVALID",
  ],
  [
    "with another authority",
    server(),
    { ca: authorityCertificate(OTHER), servername: "postgres" },
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  ],
  ["without one", server(), { servername: "postgres" }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  [
    "after its end",
    server({ period: certificatePeriod(new Date("2020-01-01T00:00:00Z")) }),
    { ca: authorityCertificate(CA), servername: "postgres" },
    "CERT_HAS_EXPIRED",
  ],
  [
    "as a client's",
    clientCertificate({ ...CA, client: "provider" }),
    { ca: authorityCertificate(CA), servername: "postgres" },
    "INVALID_PURPOSE",
  ],
])("a TLS handshake with the stack's certificates %s", async (_case, shown, options, wanted) => {
  expect(await handshake(shown, options)).toBe(wanted);
});
