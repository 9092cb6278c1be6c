/** Alerts about certificates of an ACME server, from what Traefik's metrics tell: nothing of the server itself. */
import { stringify } from "yaml";

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Traefik renews so long before the end, and looks once a day (`getCertificateRenewDurations`, for 90 days). */
const RENEWED_BEFORE = 30 * DAY;
/** Two tries at least have failed by then. */
const PATIENCE = 60 * HOUR;

const escaped = (text: string): string => text.replace(/[.*]/g, String.raw`\$&`);

/**
 * No CA's certificate: a name with a blank is the one of the stack's own authority, which Traefik goes on showing after
 * the change to an ACME server until it restarts, or Traefik's default.
 */
const NOT_OF_A_CA = ".+ .+";

/** Certificates, by Traefik's label `sans`, that a host is served with: its own, or a wildcard of its zone. */
function servedWith(host: string): string {
  const names = [host, `*${host.slice(host.indexOf("."))}`].map(escaped);
  return `(.+,)?(${names.join("|")})(,.+)?`;
}

/**
 * One rule finds a certificate that is overdue: the time that is left fell below what it has when Traefik renews it.
 * A CA that issues for less than thirty days has its certificates renewed every day, so they are overdue by their age.
 * One rule for each host finds that the host has none.
 */
export function acmeRules(hosts: readonly string[]): string {
  const overdue = {
    alert: "EdgeCertificateNotRenewed",
    expr:
      "rampart_edge_certificate_left_seconds < " +
      `clamp_max(rampart_edge_certificate_longest_seconds, ${RENEWED_BEFORE}) - ${PATIENCE}`,
    for: "10m",
    labels: { severity: "warning" },
    annotations: {
      summary:
        "The certificate of {{ $labels.sans }} should have been renewed: the CA does not answer, or refuses. It is " +
        "served for another {{ $value | humanizeDuration }}. The edge's log has the reason.",
    },
  };
  const missing = [...new Set(hosts)].sort().map((host) => ({
    alert: "EdgeCertificateMissing",
    expr:
      `absent(traefik_tls_certs_not_after{cn!~"${NOT_OF_A_CA}",sans=~${JSON.stringify(servedWith(host))}}) ` +
      'and on () up{job="edge"} == 1',
    for: "15m",
    labels: { host, severity: "critical" },
    annotations: {
      summary:
        `${host} has no certificate, and gets no TLS handshake: the CA has issued none. The edge's log has the ` +
        "reason; the edge asks again when it starts.",
    },
  }));
  return stringify({ groups: [{ name: "acme", rules: [overdue, ...missing] }] }, { lineWidth: 0 });
}
