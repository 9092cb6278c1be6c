/** Private keys out of a seed, and signatures that are the same in every run. */
import { createECDH, createPrivateKey, createPublicKey, hkdfSync } from "node:crypto";
import { mapHashToField } from "@noble/curves/abstract/modular";
import { p256 } from "@noble/curves/p256";

/** P-256: the one curve that every TLS library of the last ten years takes for certificates. */
export interface KeyPair {
  /** The scalar, 32 bytes. */
  readonly secret: Uint8Array;
  /** PKCS #8 in PEM. */
  readonly privateKeyPem: string;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKeyDer: Buffer;
}

export const SEED_BYTES = 32;
/** Less is no seed; it is less than `SEED_BYTES` where a team's own tests mock one. */
const MINIMUM_SEED_BYTES = 16;
/** FIPS 186-5 A.2.1: 128 bits more than the order, so that the reduction leaves no bias. */
const SCALAR_BYTES = 48;
/** Node's name of P-256. */
const CURVE = "prime256v1";

// The library's default table serves hundreds of signatures and takes a tenth of a second. A run makes three to eight.
const WINDOW_BITS = 4;
p256.Point.BASE.precompute(WINDOW_BITS);

/**
 * A key for a purpose out of the stack's seed. Another purpose is another, unrelated key (HKDF, RFC 5869).
 * @throws Error when the seed is not base64 of 16 bytes or more
 */
export function deriveKeyPair(seedBase64: string, purpose: string): KeyPair {
  const seed = Buffer.from(seedBase64, "base64");
  if (seed.length < MINIMUM_SEED_BYTES) throw new Error(`seed: has to be ${SEED_BYTES} bytes in base64`);
  const material = new Uint8Array(hkdfSync("sha256", seed, "rampart", `pki/${purpose}`, SCALAR_BYTES));
  const secret = mapHashToField(material, p256.CURVE.n);
  const point = publicPoint(secret);
  const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
  const jwk = {
    kty: "EC",
    crv: "P-256",
    d: base64url(secret),
    x: base64url(point.slice(1, 33)),
    y: base64url(point.slice(33)),
  };
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  return {
    secret,
    privateKeyPem: key.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKeyDer: createPublicKey(key).export({ type: "spki", format: "der" }),
  };
}

/** The public key of a scalar, uncompressed. By Node itself, which is a hundred times faster than JavaScript. */
function publicPoint(secret: Uint8Array): Uint8Array {
  const pair = createECDH(CURVE);
  pair.setPrivateKey(secret);
  return pair.getPublicKey();
}

/**
 * An ECDSA signature over SHA-256, in DER. Node's own takes a random number each time; this one derives it from the
 * message (RFC 6979), so that a certificate is the same in every run and a preview of an unchanged stack is empty.
 */
export function sign(secret: Uint8Array, message: Uint8Array): Uint8Array {
  return p256.sign(message, secret, { prehash: true, lowS: false }).toDERRawBytes();
}
