/** The stack's own certificate authority and the certificates of its servers. */
import { createHash, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";
import { deriveKeyPair, sign, type KeyPair } from "./keys";
import type { CertificatePeriod } from "./period";

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
/** The authority outlives its servers' certificates by far; its end is a matter of a new seed (docs/connections.md). */
const CA_NOT_BEFORE = new Date("2026-01-01T00:00:00Z");
export const CA_NOT_AFTER = new Date("2046-01-01T00:00:00Z");

/** A certificate and its private key, both in PEM. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface CertificateAuthorityArgs {
  /** 32 random bytes in base64, kept in the state, encrypted. */
  readonly seed: string;
  /** The stack's name, which the certificates show. */
  readonly stackName: string;
}

export interface ServerCertificateArgs extends CertificateAuthorityArgs {
  /** Whose it is, for example "postgres". */
  readonly server: string;
  /** DNS names and IP addresses by which clients reach it. */
  readonly names: readonly string[];
  readonly period: CertificatePeriod;
  /** Another text is another key. @default "" */
  readonly rotation?: string;
}

/** The certificate of the stack's authority in PEM: what a client's `sslrootcert` holds. */
export function authorityCertificate(args: CertificateAuthorityArgs): string {
  const key = authorityKey(args);
  return build({
    subject: authorityName(args),
    issuer: authorityName(args),
    key,
    signer: key,
    notBefore: CA_NOT_BEFORE,
    notAfter: CA_NOT_AFTER,
    extensions: [
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
    ],
  });
}

/** A server's certificate, signed by the stack's authority. */
export function serverCertificate(args: ServerCertificateArgs): IssuedCertificate {
  if (args.names.length === 0) throw new Error("names: none given; give the names by which clients reach the server");
  const key = deriveKeyPair(args.seed, `server/${args.server}/${args.period.index}/${args.rotation ?? ""}`);
  return {
    certificate: leaf(args, {
      subject: args.server,
      key,
      notBefore: args.period.notBefore,
      notAfter: args.period.notAfter,
      usage: id_kp_serverAuth,
      names: args.names,
    }),
    privateKey: key.privateKeyPem,
  };
}

/**
 * A client's certificate. No server of the stack asks for one; the database provider takes the authority's certificate
 * inline only together with a client's (lib/pq, sslinline), and a file would have to exist on every machine that runs
 * it.
 */
export function clientCertificate(args: CertificateAuthorityArgs & { readonly client: string }): IssuedCertificate {
  const key = deriveKeyPair(args.seed, `client/${args.client}`);
  return {
    certificate: leaf(args, {
      subject: args.client,
      key,
      notBefore: CA_NOT_BEFORE,
      notAfter: CA_NOT_AFTER,
      usage: id_kp_clientAuth,
      names: [],
    }),
    privateKey: key.privateKeyPem,
  };
}

/** When a certificate in PEM ends. */
export const certificateEnd = (pem: string): Date => new Date(new X509Certificate(pem).validTo);

interface LeafArgs {
  readonly subject: string;
  readonly key: KeyPair;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly usage: string;
  readonly names: readonly string[];
}

function leaf(ca: CertificateAuthorityArgs, args: LeafArgs): string {
  const signer = authorityKey(ca);
  return build({
    subject: `${ca.stackName} ${args.subject}`,
    issuer: authorityName(ca),
    key: args.key,
    signer,
    notBefore: args.notBefore,
    notAfter: args.notAfter,
    extensions: [
      extension(id_ce_basicConstraints, new BasicConstraints({}), true),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
      extension(id_ce_extKeyUsage, new ExtendedKeyUsage([args.usage])),
      extension(
        id_ce_authorityKeyIdentifier,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyId(signer)) }),
      ),
      ...(args.names.length === 0
        ? []
        : [extension(id_ce_subjectAltName, new SubjectAlternativeName(args.names.map(generalName)))]),
    ],
  });
}

interface BuildArgs {
  readonly subject: string;
  readonly issuer: string;
  readonly key: KeyPair;
  readonly signer: KeyPair;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: Extension[];
}

function build(args: BuildArgs): string {
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const tbs = new TBSCertificate({
    version: Version.v3,
    serialNumber: serial(args),
    signature: algorithm,
    issuer: commonName(args.issuer),
    validity: new Validity({ notBefore: args.notBefore, notAfter: args.notAfter }),
    subject: commonName(args.subject),
    subjectPublicKeyInfo: AsnConvert.parse(args.key.publicKeyDer, SubjectPublicKeyInfo),
    extensions: new Extensions([
      ...args.extensions,
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyId(args.key))),
    ]),
  });
  const signature = sign(args.signer.secret, new Uint8Array(AsnConvert.serialize(tbs)));
  const certificate = new Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: algorithm,
    signatureValue: arrayBuffer(signature),
  });
  const base64 = Buffer.from(AsnConvert.serialize(certificate))
    .toString("base64")
    .replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

/** 159 bits of a digest: positive, and another for another key, name or date (RFC 5280 section 4.1.2.2). */
function serial(args: BuildArgs): ArrayBuffer {
  const digest = createHash("sha256")
    .update(JSON.stringify([args.issuer, args.subject, args.notBefore, args.notAfter]))
    .update(args.key.publicKeyDer)
    .digest()
    .subarray(0, 20);
  digest[0] = ((digest[0] ?? 0) & 0x7f) | 0x40;
  return arrayBuffer(digest);
}

const authorityKey = ({ seed }: CertificateAuthorityArgs): KeyPair => deriveKeyPair(seed, "authority");
const authorityName = ({ stackName }: CertificateAuthorityArgs): string => `${stackName} certificate authority`;
const keyId = (key: KeyPair): ArrayBuffer =>
  arrayBuffer(
    createHash("sha1")
      .update(new Uint8Array(AsnConvert.parse(key.publicKeyDer, SubjectPublicKeyInfo).subjectPublicKey))
      .digest(),
  );
const arrayBuffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

function commonName(text: string): Name {
  return new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type: COMMON_NAME, value: new AttributeValue({ utf8String: text }) }),
    ]),
  ]);
}

function extension(id: string, value: object, critical = false): Extension {
  return new Extension({ extnID: id, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function generalName(name: string): GeneralName {
  return isIP(name) === 0 ? new GeneralName({ dNSName: name }) : new GeneralName({ iPAddress: name });
}
