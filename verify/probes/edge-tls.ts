/** Which protocols and certificates the edge shows. */
import { X509Certificate } from "node:crypto";
import tls, { type ConnectionOptions, type PeerCertificate } from "node:tls";
import { guardedHosts, issuerOf, ownCertificatesOf, routeHosts, type LoadedConfig } from "../../config";
import type { Finding } from "../check";
import { few, handshake, type Handshake } from "../edge/client";
import { edgeProbe, summed } from "./edge";

const OLD = { ciphers: "DEFAULT:@SECLEVEL=0", minVersion: "TLSv1" } as const;
/** Of TLS 1.2: without forward secrecy, or with CBC. */
const WEAK = "AES128-SHA:AES256-SHA:AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0";

export const HELLOS = {
  "TLS 1.0": { ...OLD, maxVersion: "TLSv1" },
  "TLS 1.1": { ...OLD, maxVersion: "TLSv1.1" },
  "TLS 1.2": { ...OLD, maxVersion: "TLSv1.2" },
  "TLS 1.2 with weak ciphers": { ...OLD, ciphers: WEAK, maxVersion: "TLSv1.2" },
  "TLS 1.3": { ...OLD, maxVersion: "TLSv1.3" },
} as const satisfies Record<string, ConnectionOptions>;
export type Hello = keyof typeof HELLOS;

export interface TlsExpectation {
  readonly host: string;
  readonly profile: LoadedConfig["edge"]["tls"];
  /** Whether the host asks for a client's certificate: TLS 1.2 then ends without one. */
  readonly guarded: boolean;
  /** Whether this machine has to trust the certificate. */
  readonly trusted: boolean;
  /** SHA-256 of the certificates of one's own; empty where the edge orders or signs them. */
  readonly fingerprints: readonly string[];
  readonly now: Date;
}

/** What is wrong with a certificate. */
export function certificateFaults(certificate: PeerCertificate, expected: TlsExpectation): string[] {
  const { host, fingerprints, now } = expected;
  const [from, to] = [new Date(certificate.valid_from), new Date(certificate.valid_to)];
  return [
    ...(tls.checkServerIdentity(host, certificate) === undefined ? [] : ["its certificate is for another name"]),
    ...(now < from ? [`its certificate is good only from ${certificate.valid_from}`] : []),
    ...(now > to ? [`its certificate expired on ${certificate.valid_to}`] : []),
    ...(fingerprints.length === 0 || fingerprints.includes(certificate.fingerprint256)
      ? []
      : ["its certificate is none of those in the stack's file"]),
  ];
}

/** Handshakes of one host, by what was offered. */
export function judgeTls(expected: TlsExpectation, found: Readonly<Record<Hello, Handshake>>): Finding {
  const { profile, guarded, trusted } = expected;
  const wanted: readonly Hello[] = profile === "modern" || guarded ? ["TLS 1.3"] : ["TLS 1.2", "TLS 1.3"];
  const unwanted = (Object.keys(HELLOS) as Hello[]).filter(
    (hello) => !wanted.includes(hello) && !(guarded && hello === "TLS 1.2"),
  );
  const lacking = wanted.filter((hello) => found[hello].kind !== "agreed");
  const taken = unwanted.filter((hello) => found[hello].kind === "agreed");
  const untold = unwanted.flatMap((hello) => {
    const one = found[hello];
    return one.kind === "failed" ? [`${hello}: ${one.why}`] : [];
  });
  const newest = found["TLS 1.3"];
  const certificate =
    newest.kind === "agreed"
      ? [
          ...certificateFaults(newest.certificate, expected),
          ...(trusted && newest.distrust !== undefined ? [`its certificate is not trusted: ${newest.distrust}`] : []),
        ]
      : [];
  return summed(expected.host, {
    faults: [
      ...taken.map((hello) => `takes ${hello}`),
      ...lacking.flatMap((hello) => (found[hello].kind === "refused" ? [`refuses ${hello}`] : [])),
      ...certificate,
    ],
    untold: [...untold, ...lacking.map((hello) => `no handshake of ${hello}`)],
    seen: [
      `takes ${wanted.join(" and ")}, refuses ${unwanted.join(", ")}`,
      ...(newest.kind === "agreed" ? [`its certificate is good until ${newest.certificate.valid_to}`] : []),
    ],
  });
}

export const edgeTls = edgeProbe({
  id: "probe-edge-tls",
  title: "the edge takes only the declared TLS, and shows a certificate of the host",
  severity: "high",
  why: "older protocols are broken, and visitors learn to click a warning away",
  run: ({ config }, place) => {
    const fingerprints = ownCertificatesOf(config.certificates).map(
      ({ certificate }) => new X509Certificate(certificate).fingerprint256,
    );
    return few(routeHosts(config), async (host) => {
      const found: Partial<Record<Hello, Handshake>> = {};
      for (const hello of Object.keys(HELLOS) as Hello[]) found[hello] = await handshake(place, host, HELLOS[hello]);
      return judgeTls(
        {
          host,
          fingerprints,
          profile: config.edge.tls,
          guarded: guardedHosts(config).includes(host),
          trusted: issuerOf(config.certificates) === "letsencrypt",
          now: new Date(),
        },
        found as Record<Hello, Handshake>,
      );
    });
  },
});
