/** Mozilla's server side TLS guideline 6.0 as Traefik TLS options. https://wiki.mozilla.org/Security/Server_Side_TLS */

export type TlsProfile = "modern" | "intermediate";

export interface TraefikTlsOptions {
  readonly minVersion: "VersionTLS12" | "VersionTLS13";
  /** Names of Go's crypto/tls. For TLS 1.2 only: Go does not let anyone choose the suites of TLS 1.3. */
  readonly cipherSuites?: readonly string[];
  readonly curvePreferences: readonly string[];
}

/**
 * X25519MLKEM768 first: a recorded session stays closed to a later quantum computer. Traefik knows the name from 3.6 on
 * (it is in the `CurveIDs` table of 3.6.7, tried), which is also the oldest version that Rampart renders for.
 */
const CURVES = ["X25519MLKEM768", "X25519", "CurveP256", "CurveP384"] as const;

export const TLS_OPTIONS: Readonly<Record<TlsProfile, TraefikTlsOptions>> = {
  /** TLS 1.3 only: every browser since 2020. */
  modern: { minVersion: "VersionTLS13", curvePreferences: CURVES },
  /** TLS 1.2 as well, with forward secrecy and authenticated encryption only. */
  intermediate: {
    minVersion: "VersionTLS12",
    cipherSuites: [
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
      "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
      "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
      "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
      "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
      "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ],
    curvePreferences: CURVES,
  },
};
